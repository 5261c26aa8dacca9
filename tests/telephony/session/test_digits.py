"""Keys signalled twice count once."""

from telephony.session.digits import DigitMerger


def test_info_counts_where_no_event_was_ever_seen() -> None:
    merger = DigitMerger()
    assert merger.by_info("1", 0.0)
    assert merger.by_info("1", 0.1)


def test_after_the_first_event_info_counts_no_more() -> None:
    merger = DigitMerger()
    assert merger.by_media("1", 0.0)
    assert not merger.by_info("1", 0.05)
    assert not merger.by_info("2", 60.0)


def test_the_very_first_press_counts_once_even_when_info_is_faster() -> None:
    merger = DigitMerger()
    assert merger.by_info("1", 0.0)
    assert not merger.by_media("1", 0.1)
    assert merger.by_media("1", 0.9)


def test_another_key_right_after_an_info_counts() -> None:
    merger = DigitMerger()
    assert merger.by_info("1", 0.0)
    assert merger.by_media("2", 0.1)
