"""Which stretches of the right channel are an agent's voice."""

from datetime import UTC, datetime, timedelta

from server.journal.records import JournalEvent
from server.transcripts.agent_speech import agent_spans
from server.transcripts.windows import Span

START = datetime(2026, 1, 1, tzinfo=UTC)


def story(*facts: tuple[float, str, dict[str, str]]) -> list[JournalEvent]:
    return [
        JournalEvent(number, "c", START + timedelta(seconds=at_s), kind, fields)
        for number, (at_s, kind, fields) in enumerate(facts)
    ]


def test_an_agents_hold_splits_the_voice_and_the_end_of_the_call_ends_it() -> None:
    events = story(
        (1.0, "recording.started", {}),
        (5.0, "contact.bridged", {"agent": "alice"}),
        (9.0, "contact.held", {"by": "alice"}),
        (12.0, "contact.resumed", {"by": "alice"}),
        (20.0, "call.ended", {"by": "peer"}),
    )
    assert agent_spans(events) == (Span(4.0, 8.0), Span(11.0, 19.0))


def test_a_hold_by_the_caller_silences_nobody() -> None:
    events = story(
        (0.0, "recording.started", {}),
        (1.0, "contact.bridged", {"agent": "alice"}),
        (2.0, "contact.held", {"by": "caller"}),
        (3.0, "contact.resumed", {"by": "caller"}),
        (4.0, "agent.left", {"agent": "alice"}),
    )
    assert agent_spans(events) == (Span(1.0, 4.0),)


def test_a_caller_who_hangs_up_ends_the_voice_too() -> None:
    events = story(
        (0.0, "recording.started", {}),
        (1.0, "contact.bridged", {"agent": "alice"}),
        (4.0, "call.ended", {"by": "caller"}),
    )
    assert agent_spans(events) == (Span(1.0, 4.0),)


def test_a_journal_that_breaks_off_leaves_the_last_stretch_open() -> None:
    events = story((0.0, "recording.started", {}), (1.0, "contact.bridged", {"agent": "alice"}))
    assert agent_spans(events) == (Span(1.0, None),)


def test_a_contact_that_nobody_served_has_none() -> None:
    assert agent_spans(story((0.0, "recording.started", {}), (3.0, "call.ended", {"by": "peer"}))) == ()
