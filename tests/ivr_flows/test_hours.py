"""Opening hours around midnight, closed dates and the change of the clocks."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows.definition.hours import Calendar, ClosedDates, Span, Weekday
from ivr_flows.reading.hours import parse_closed, parse_days, parse_span

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Calendar(
    "night",
    BERLIN,
    {Weekday.FRI: (Span(22 * 60, 6 * 60),)},
    (ClosedDates(date(2026, 12, 25), date(2026, 12, 25)),),
)


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=BERLIN)


def test_a_span_over_midnight_belongs_to_the_day_on_which_it_starts() -> None:
    assert not NIGHT.is_open(local(4, 21, 59))
    assert NIGHT.is_open(local(4, 22))
    assert NIGHT.is_open(local(5, 5, 59))
    assert not NIGHT.is_open(local(5, 6))
    assert not NIGHT.is_open(local(5, 22))


def test_a_span_that_would_start_on_a_closed_date_does_not_take_place() -> None:
    assert not NIGHT.is_open(local(25, 23))
    assert not NIGHT.is_open(local(26, 3))


def test_a_span_that_reaches_into_a_closed_date_ends_at_midnight() -> None:
    calendar = Calendar("x", BERLIN, {Weekday.THU: (Span(22 * 60, 6 * 60),)}, NIGHT.closed)
    assert calendar.is_open(local(24, 23, 59))
    assert not calendar.is_open(local(25, 0))


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)))
def test_always_open_is_always_open_also_when_the_clocks_change(naive: datetime) -> None:
    always = Calendar("always", BERLIN, {day: (Span(0, 24 * 60),) for day in Weekday})
    assert always.is_open(naive.replace(tzinfo=UTC))


def test_the_hour_that_comes_twice_is_open_twice() -> None:
    calendar = Calendar("x", BERLIN, {Weekday.SUN: (Span(2 * 60, 3 * 60),)})
    first = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    opened = [calendar.is_open(first + timedelta(minutes=minute)) for minute in range(-1, 121)]
    assert opened == [False] + [True] * 120 + [False]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("09:00-17:30", Span(540, 1050)),
        ("9:00 to 17:30", Span(540, 1050)),
        ("00:00-24:00", Span(0, 1440)),
        ("22:00-06:00", Span(1320, 360)),
        ("09:00-09:00", None),
        ("24:00-06:00", None),
        ("09:60-10:00", None),
        ("09:00", None),
        ("9-17", None),
    ],
)
def test_spans_are_read_strictly(text: str, span: Span | None) -> None:
    assert parse_span(text) == span


def test_days_and_dates_are_read_with_their_ranges() -> None:
    assert parse_days("mon-wed") == (Weekday.MON, Weekday.TUE, Weekday.WED)
    assert parse_days("sat-mon") == (Weekday.SAT, Weekday.SUN, Weekday.MON)
    assert parse_days("daily") == tuple(Weekday)
    assert parse_days("someday") is None
    assert parse_closed("2026-12-24 to 2026-12-26") == ClosedDates(date(2026, 12, 24), date(2026, 12, 26))
    assert parse_closed("2026-12-26 to 2026-12-24") is None
    assert parse_closed("24.12.2026") is None
