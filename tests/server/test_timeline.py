"""The timeline that people read."""

from datetime import UTC, datetime, timedelta

from server.journal.timeline import line, sentence


def test_a_known_fact_becomes_a_sentence_with_the_seconds_since_the_beginning() -> None:
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    text = line(start + timedelta(seconds=2.5), start, "queue.position", {"position": 3})
    assert text.endswith("+2.50 s  told: position 3 in the queue")


def test_an_unknown_fact_and_one_with_missing_fields_are_shown_as_they_are() -> None:
    assert sentence("weather.rain", {"mm": 3}) == "weather.rain mm=3"
    assert sentence("agent.ringing", {}) == "agent.ringing"
