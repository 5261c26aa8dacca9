"""Word accuracy: alignment of what was said with what was heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.speech.accuracy import NOTHING_SAID, Accuracy, align, compare


@pytest.mark.parametrize(
    ("said", "heard", "expected"),
    [
        ("one two three", "one two three", Accuracy(3, 3, 0, 0, 0)),
        ("one two three", "one three", Accuracy(3, 2, 0, 1, 0)),
        ("one three", "one two three", Accuracy(2, 2, 0, 0, 1)),
        ("one two three", "one four three", Accuracy(3, 2, 1, 0, 0)),
        ("one two", "", Accuracy(2, 0, 0, 2, 0)),
        ("", "one", Accuracy(0, 0, 0, 0, 1)),
        ("You owe $5.", "you owe five dollars", Accuracy(4, 4, 0, 0, 0)),
    ],
)
def test_counts(said: str, heard: str, expected: Accuracy) -> None:
    assert compare(said, heard) == expected


def test_rates_of_several_sentences_weigh_by_words() -> None:
    total = compare("a b c d", "a b c d") + compare("e", "f g")
    assert total.fraction_right == pytest.approx(4 / 5)
    assert total.word_error_rate == pytest.approx(2 / 5)


def test_nothing_said_and_nothing_heard_is_perfect_but_invented_words_are_errors() -> None:
    assert NOTHING_SAID.fraction_right == 1.0
    assert NOTHING_SAID.word_error_rate == 0.0
    assert compare("", "ghost").word_error_rate == 1.0


sentences = st.lists(st.sampled_from("abcd"), max_size=8)


@given(sentences, sentences)
def test_every_word_is_accounted_for_once(said: list[str], heard: list[str]) -> None:
    found = align(said, heard)
    assert found.right + found.substituted + found.deleted == len(said) == found.said
    assert found.right + found.substituted + found.inserted == len(heard)
    assert (found.right == len(said) and not found.inserted) == (said == heard)
