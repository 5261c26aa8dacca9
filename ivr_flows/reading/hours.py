"""Calendars: `week: {mon-fri: 09:00-17:30, sat: [09:00-12:00]}`, a zone, and the dates that are closed."""

import re
from datetime import date
from pathlib import Path as FilePath
from zoneinfo import ZoneInfo, available_timezones

from ivr_flows.definition.hours import MINUTES_PER_DAY, Calendar, ClosedDates, Span, Weekday
from ivr_flows.findings import did_you_mean
from ivr_flows.reading.fields import Fields
from ivr_flows.reading.icalendar import MAX_LETTERS, CalendarFileError, closed_dates
from ivr_flows.reading.report import Path, Report
from ivr_flows.reading.tree import Scalar, Sequence, Tree

DAYS = {day.name.lower(): day for day in Weekday}
_SPAN = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*(?:-|to)\s*([0-9]{1,2}):([0-9]{2})")
_UTC = ZoneInfo("UTC")


def read_calendar(
    report: Report, name: str, tree: Tree, path: Path, folder: FilePath | None = None
) -> Calendar:
    fields = Fields(report, tree, path)
    zone = read_zone(fields)
    week: dict[Weekday, tuple[Span, ...]] = {}
    days = fields.expect("week")
    if days is not None:
        week = _week(report, days, fields.sub("week"))
    closed_tree = fields.take("closed")
    closed = () if closed_tree is None else _closed(report, closed_tree, fields.sub("closed"))
    file = fields.optional_text("holidays")
    if file is not None and folder is not None:
        closed += _holidays(fields, folder / file)
    fields.finish()
    return Calendar(name, zone, week, closed)


def _holidays(fields: Fields, file: FilePath) -> tuple[ClosedDates, ...]:
    try:
        with file.open(encoding="utf-8-sig") as stream:
            return closed_dates(stream.read(MAX_LETTERS + 1))
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        mend = "it lies beside the flow"
        fields.complain("holidays", "holidays-missing", f"{file} cannot be read: {reason}", mend)
    except (CalendarFileError, UnicodeDecodeError) as error:
        fields.complain("holidays", "holidays-broken", f"{file.name}: {error}", "export it as iCalendar")
    return ()


def read_zone(fields: Fields, default: str | None = None) -> ZoneInfo:
    """Read the key `zone`; it must be there when there is no default."""
    text = fields.text("zone", default)
    if not text:
        return _UTC
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        # not only ZoneInfoNotFoundError: a folder of the database, or a name that is no path, raises others
        mend = did_you_mean(text, available_timezones()) or "write it like Europe/London"
        fields.complain("zone", "zone-unknown", f'there is no time zone "{text[:60]}"', mend)
        return _UTC


def _week(report: Report, tree: Tree, path: Path) -> dict[Weekday, tuple[Span, ...]]:
    fields = Fields(report, tree, path)
    week: dict[Weekday, tuple[Span, ...]] = {}
    for key in fields.names:
        value = fields.take(key)
        days = parse_days(key)
        if value is None or days is None:
            mend = "write mon, sat-sun, mon-fri or daily"
            fields.complain(key, "hours-day", f'"{key[:40]}" names no days of the week', mend)
            continue
        spans = _spans(report, value, fields.sub(key))
        for day in days:
            if day in week:
                fields.complain(
                    key, "hours-day", f"{day.name.lower()} is there twice", "put its hours together"
                )
            week[day] = spans
    return week


def parse_days(text: str) -> tuple[Weekday, ...] | None:
    """Read `sat`, `mon-fri` (also over the end of the week, `sat-mon`) and `daily`."""
    if text == "daily":
        return tuple(Weekday)
    first, dash, last = (part.strip() for part in text.lower().partition("-"))
    if first not in DAYS or (dash and last not in DAYS):
        return None
    start, end = DAYS[first], DAYS[last or first]
    return tuple(Weekday((start + offset) % 7) for offset in range((end - start) % 7 + 1))


def _spans(report: Report, tree: Tree, path: Path) -> tuple[Span, ...]:
    spans: list[Span] = []
    for item in tree.items if isinstance(tree, Sequence) else (tree,):
        span = parse_span(item.text) if isinstance(item, Scalar) else None
        if span is None:
            message, mend = "these are no opening hours", "write them like 09:00-17:30"
            report.add(path, "hours-span", message, mend, place=item.place)
        else:
            spans.append(span)
    return tuple(spans)


def parse_span(text: str) -> Span | None:
    """Read `09:00-17:30`; `22:00-06:00` ends on the next day and `24:00` is the end of a day."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        return None
    from_hour, from_minute, to_hour, to_minute = (int(part) for part in match.groups())
    start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    valid = from_minute < 60 and to_minute < 60 and start < MINUTES_PER_DAY and end <= MINUTES_PER_DAY
    return Span(start, end) if valid and start != end else None


def _closed(report: Report, tree: Tree, path: Path) -> tuple[ClosedDates, ...]:
    dates: list[ClosedDates] = []
    for item in tree.items if isinstance(tree, Sequence) else (tree,):
        closed = parse_closed(item.text) if isinstance(item, Scalar) else None
        if closed is None:
            mend = "write 2027-01-01, or 2026-12-24 to 2026-12-26"
            report.add(path, "hours-date", "this is no date", mend, place=item.place)
        else:
            dates.append(closed)
    return tuple(dates)


def parse_closed(text: str) -> ClosedDates | None:
    first, _, last = (part.strip() for part in text.partition(" to "))
    try:
        closed = ClosedDates(_date(first), _date(last or first))
    except ValueError:
        return None
    return closed if closed.first <= closed.last else None


def _date(text: str) -> date:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
        raise ValueError("not like 2027-01-01")
    return date.fromisoformat(text)
