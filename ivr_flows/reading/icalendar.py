"""The closed dates of an iCalendar file (RFC 5545): whole days of its events, yearly ones for a century."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from ivr_flows.definition.hours import ClosedDates

MAX_EVENTS = 2000
YEARS = range(2000, 2101)
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
    unfolded = re.sub(r"\r?\n[ \t]", "", text)
    if "BEGIN:VCALENDAR" not in unfolded:
        raise CalendarFileError("this is no iCalendar file")
    found: list[ClosedDates] = []
    for event in _events(unfolded):
        found += [ClosedDates(first, last) for first, last in _repeated(event)]
    return tuple(found)


def _events(text: str) -> Iterator[_Event]:
    blocks = re.findall(r"BEGIN:VEVENT\r?\n(.*?)END:VEVENT", text, re.DOTALL)
    if len(blocks) > MAX_EVENTS:
        raise CalendarFileError(f"more than {MAX_EVENTS} events")
    for block in blocks:
        lines = (match for match in map(_LINE.fullmatch, block.splitlines()) if match)
        yield _event({match["name"]: match["value"] for match in lines})


def _event(values: dict[str, str]) -> _Event:
    first = _date(values.get("DTSTART", ""))
    rule = values.get("RRULE", "")
    if rule and not re.fullmatch(r"FREQ=YEARLY(;(INTERVAL=1|BYMONTH=\d+|BYMONTHDAY=\d+))*", rule):
        raise CalendarFileError(f'a holiday on {first} repeats by "{rule[:60]}", only FREQ=YEARLY is read')
    if "DTEND" not in values:
        return _Event(first, first, bool(rule))
    # RFC 5545 3.6.1: the end of a whole-day event is the first day after it
    last = _date(values["DTEND"])
    return _Event(
        first, max(first, last - timedelta(days=1) if "T" not in values["DTEND"] else last), bool(rule)
    )


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
