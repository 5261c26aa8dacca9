"""Tables and times as people read them in the terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from server.commands.moments import clock, instant, seconds
from server.commands.tables import print_table, span
from server.errors import StartError

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lasted_s", "shown"),
    [(None, ""), (0, "0 s"), (59.9, "59 s"), (60, "1:00"), (125, "2:05"), (3725, "1:02:05")],
)
def test_a_span_is_shown_as_a_clock_shows_it(lasted_s: float | None, shown: str) -> None:
    assert span(lasted_s) == shown


def test_a_table_without_rows_says_so_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("queue",), [], "No queues.")
    assert capsys.readouterr().out == "No queues.\n"


def test_names_in_a_table_are_text_and_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("queue",), [("[bold]x[/bold]",), ("y",)], "No queues.")
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["queue", "[bold]x[/bold]", "y"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("today", MIDNIGHT),
        ("Yesterday", MIDNIGHT - timedelta(days=1)),
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        ("7 d", NOW - timedelta(days=7)),
        ("1w", NOW - timedelta(weeks=1)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        (" 2026-03-01T10:15 ", datetime(2026, 3, 1, 10, 15, tzinfo=UTC)),
        ("2026-03-01T10:15+02:00", datetime(2026, 3, 1, 8, 15, tzinfo=UTC)),
    ],
)
def test_a_time_is_understood_as_people_write_it(text: str, meant: datetime) -> None:
    assert instant(text, NOW) == meant


@pytest.mark.parametrize("text", ["", "soon", "2y", "h", "2026-13-01", "-2h"])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(StartError, match="is no time; write yesterday"):
        instant(text, NOW)


@pytest.mark.parametrize(
    ("text", "place_s"), [("18", 18), ("0:18", 18), ("2:05", 125), ("1:02:03", 3723), ("1:02:03.5", 3723.5)]
)
def test_a_place_in_a_recording_is_seconds_minutes_or_hours(text: str, place_s: float) -> None:
    assert seconds(text) == place_s


@pytest.mark.parametrize("text", ["", "x", "-3", "1:2:3:4", "1:"])
def test_what_is_no_place_in_a_recording_is_refused(text: str) -> None:
    with pytest.raises(StartError, match="is no place in a recording"):
        seconds(text)


@pytest.mark.parametrize("place_s", [0, 9, 59, 60, 754, 3599, 3600, 7384])
def test_a_place_that_is_shown_can_be_given_back(place_s: int) -> None:
    assert seconds(clock(place_s)) == place_s
