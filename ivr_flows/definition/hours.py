"""Opening hours: a weekly calendar in one time zone, with dates on which it is closed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

MINUTES_PER_DAY = 24 * 60
DAYS_AHEAD = 366


class Weekday(IntEnum):
    """A day of the week, numbered as `datetime.weekday()` does."""

    MON = 0
    TUE = 1
    WED = 2
    THU = 3
    FRI = 4
    SAT = 5
    SUN = 6


@dataclass(frozen=True, slots=True)
class Span:
    """Open from one minute of a day to another; when it ends before it starts, it ends on the next day."""

    from_minute: int
    to_minute: int

    @property
    def crosses_midnight(self) -> bool:
        return self.to_minute <= self.from_minute

    def covers_own_day(self, minute: int) -> bool:
        """Tell whether a minute of the day on which the span starts lies in it, its last one excluded."""
        return minute >= self.from_minute and (self.crosses_midnight or minute < self.to_minute)

    def covers_next_day(self, minute: int) -> bool:
        return self.crosses_midnight and minute < self.to_minute


@dataclass(frozen=True, slots=True)
class ClosedDates:
    """Days on which the calendar is closed, both ends included."""

    first: date
    last: date


@dataclass(frozen=True)
class Calendar:
    """When a business is open.

    A span belongs to the day on which it starts: a night shift that starts before a closed date ends at
    midnight, and one that would start on a closed date does not take place.
    """

    name: str
    zone: ZoneInfo
    week: Mapping[Weekday, tuple[Span, ...]]
    closed: tuple[ClosedDates, ...] = ()

    def is_open(self, at: datetime) -> bool:
        """Judge an instant by the wall clock of the calendar's own zone."""
        local = at.astimezone(self.zone)
        today, minute = local.date(), local.hour * 60 + local.minute
        if self.is_closed_date(today):
            return False
        if any(span.covers_own_day(minute) for span in self._spans(today)):
            return True
        if today == date.min:
            return False
        yesterday = today - timedelta(days=1)
        return not self.is_closed_date(yesterday) and any(
            span.covers_next_day(minute) for span in self._spans(yesterday)
        )

    def next_opening(self, after: datetime) -> datetime | None:
        """Return when it opens next, in its own zone; None when it does not within a year."""
        local = after.astimezone(self.zone)
        for days in range(DAYS_AHEAD):
            day = local.date() + timedelta(days=days)
            if self.is_closed_date(day):
                continue
            for span in sorted(self._spans(day), key=lambda span: span.from_minute):
                hour, minute = divmod(span.from_minute, 60)
                opens = datetime.combine(day, time(hour, minute), self.zone)
                if opens > local:
                    return opens
        return None

    def opened_before(self, moment: datetime) -> bool:
        """Tell whether it was open earlier on the same day."""
        local = moment.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return any(span.from_minute <= minute for span in self._spans(local.date()))

    def is_closed_date(self, day: date) -> bool:
        return any(closed.first <= day <= closed.last for closed in self.closed)

    def _spans(self, day: date) -> tuple[Span, ...]:
        return self.week.get(Weekday(day.weekday()), ())
