"""The closed dates of an iCalendar file (RFC 5545): whole days of its events, yearly ones for a century."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from ivr_flows.definition.hours import ClosedDates

MAX_LETTERS = 1024 * 1024
MAX_EVENTS = 2000
YEARS = range(2000, 2101)
LONGEST_YEARLY = timedelta(days=365)
_LINE = re.compile(r"(?P<name>[A-Z-]+)(?:;[^:]*)?:(?P<value>.*)")
_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T.*)?")


class CalendarFileError(Exception):
    """The file is no calendar that can be read."""


@dataclass(frozen=True, slots=True)
class _Event:
    first: date
    last: date
    yearly: bool


def closed_dates(text: str) -> tuple[ClosedDates, ...]:
    """Raises CalendarFileError for a file that is none, or whose events cannot be understood."""
    if len(text) > MAX_LETTERS:
        raise CalendarFileError(f"more than {MAX_LETTERS} letters")
    unfolded = re.sub(r"\r?\n[ \t]", "", text)
    if "BEGIN:VCALENDAR" not in unfolded:
        raise CalendarFileError("this is no iCalendar file")
    found: list[ClosedDates] = []
    for event in _events(unfolded):
        found += [ClosedDates(first, last) for first, last in _repeated(event)]
    return tuple(found)


def _events(text: str) -> Iterator[_Event]:
    values: dict[str, str] | None = None
    events = 0
    for line in text.splitlines():
        if line == "BEGIN:VEVENT":
            values = {}
        elif values is not None and line == "END:VEVENT":
            events += 1
            if events > MAX_EVENTS:
                raise CalendarFileError(f"more than {MAX_EVENTS} events")
            yield _event(values)
            values = None
        elif values is not None and (match := _LINE.fullmatch(line)):
            values[match["name"]] = match["value"]


def _event(values: dict[str, str]) -> _Event:
    first = _date(values.get("DTSTART", ""))
    rule = values.get("RRULE", "")
    if rule and not re.fullmatch(r"FREQ=YEARLY(;(INTERVAL=1|BYMONTH=\d+|BYMONTHDAY=\d+))*", rule):
        raise CalendarFileError(f'a holiday on {first} repeats by "{rule[:60]}", only FREQ=YEARLY is read')
    if "DTEND" not in values:
        return _Event(first, first, bool(rule))
    last = _date(values["DTEND"])
    if last > first and "T" not in values["DTEND"]:
        # RFC 5545 3.6.1: the end of a whole-day event is the first day after it
        last -= timedelta(days=1)
    if rule and last - first > LONGEST_YEARLY:
        raise CalendarFileError(f"a holiday on {first} is not over when it comes again")
    return _Event(first, max(first, last), bool(rule))


def _date(text: str) -> date:
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise CalendarFileError(f'"{text[:20]}" is no date')
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError as error:
        raise CalendarFileError(f'"{text[:20]}" is no date') from error


def _repeated(event: _Event) -> Iterator[tuple[date, date]]:
    if not event.yearly:
        yield event.first, event.last
        return
    length = event.last - event.first
    for year in YEARS:
        if year >= event.first.year:
            try:
                first = event.first.replace(year=year)
            except ValueError:
                continue
            yield first, first + length
