"""Typed entries: what is taken, what is refused, and how it is confirmed."""

import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ivr_flows.definition.hours import Calendar, ClosedDates
from ivr_flows.engine.instructions import Fact
from ivr_flows.kinds.entries import compiled
from ivr_flows.loader import parse_flow, read_file
from ivr_flows.reading.icalendar import MAX_EVENTS, MAX_LETTERS, CalendarFileError, closed_dates
from tests.ivr_flows.conftest import CallMaker, FindingsOf, written

BYE = "\nbye: {hangup: normal}"


@pytest.mark.parametrize(
    ("keys", "typed", "taken"),
    [
        ("type: integer, min: 10, max: 99", "42#", "42"),
        ("type: integer, min: 10, max: 99", "7#", None),
        ("type: integer, min: 10, max: 99", "100#", None),
        ("type: integer", "007#", "7"),
        ("type: money", "12*5#", "12.50"),
        ("type: money, max: 100", "100*01#", None),
        ("type: money", "1*2*3#", None),
        ("type: date", "24122026", "2026-12-24"),
        ("type: date", "31022026", None),
        ("type: time", "930#", "09:30"),
        ("type: time", "1730", "17:30"),
        ("type: time", "2460", None),
        ("type: phone", "00442079460000#", "+442079460000"),
        ("type: phone", "12#", None),
        ("type: card", "4539578763621486#", "4539578763621486"),
        ("type: card", "4539578763621487#", None),
        ("digits: 11, pattern: '(07|08)\\d{9}'", "07123456789", "07123456789"),
        ("digits: 11, pattern: '(07|08)\\d{9}'", "09123456789", None),
        ("digits: 4, listed: codes", "4711", "4711"),
        ("digits: 4, listed: codes", "4712", None),
        ("digits: 4, valid: 'starts(code, \"9\")'", "4711", None),
    ],
)
def test_s52_an_entry_is_taken_only_when_it_is_of_its_type(
    call: CallMaker, keys: str, typed: str, taken: str | None
) -> None:
    line = call(f"start: {{collect: code, prompt: Code?, {keys}, next: bye}}{BYE}", "lists: {codes: [4711]}")
    line.press(typed, gap_s=0.3)
    assert line.session.value("code") == (taken or "")
    assert len(line.notes(Fact.NO_MATCH)) == (taken is None)


def test_s52_an_entry_is_read_back_and_may_be_corrected(call: CallMaker) -> None:
    line = call(
        "start: {collect: code, prompt: Code?, digits: 2, next: bye,"
        ' confirm: [You entered, {digits: "{code}"}, "Right?"]}' + BYE
    )
    line.press("47")
    assert line.heard[-1] == "You entered 4 7 Right?"
    line.press("2", gap_s=3)
    assert line.heard[-1] == "Code?"
    line.press("48")
    line.say("yes")
    assert (line.session.value("code"), line.session.ended) == ("48", True)
    assert line.node == "bye"


def test_s49_one_and_ten_are_told_apart_by_time(call: CallMaker) -> None:
    nodes = "start: {collect: n, prompt: N?, type: integer, min: 1, max: 10, digits: 1-2, next: bye}" + BYE
    waited = call(nodes)
    waited.press("1")
    waited.wait()
    assert waited.session.value("n") == "1"
    ten = call(nodes)
    ten.press("10")
    assert ten.session.value("n") == "10"
    eleven = call(nodes)
    eleven.press("11")
    assert len(eleven.notes(Fact.NO_MATCH)) == 1


def test_bounds_are_for_numbers_only(findings_of: FindingsOf) -> None:
    found = findings_of("start: {collect: d, prompt: D?, type: date, min: 3, next: bye}" + BYE)
    assert [(finding.rule, finding.key) for finding in found] == [("key-unknown", "min")]


def test_the_variable_of_a_number_is_a_number(findings_of: FindingsOf) -> None:
    nodes = "start: [{collect: n, prompt: N?, type: integer}, {switch: {n > 3: bye}, otherwise: bye}]" + BYE
    assert findings_of(nodes) == ()
    assert [finding.rule for finding in findings_of(nodes.replace("n > 3", 'n > "3"'))] == ["expression-type"]


@pytest.mark.parametrize("pattern", ["(a|b)", "(0+)+", "0*", "((0{9}){9}){9}", "[", "(", "\\d+", "0" * 101])
def test_a_pattern_that_could_run_away_is_refused(pattern: str) -> None:
    assert compiled(pattern) is None


def test_s44_an_option_is_offered_only_while_its_condition_holds(call: CallMaker) -> None:
    nodes = """
    start:
      menu: Welcome.
      options:
        1: {next: repair, if: open_case == "yes", say: "About your repair, press one."}
        2: {next: bye, say: "For anything else, press two."}
    repair: {hangup: busy}
    bye: {hangup: normal}
    """
    with_case = call(nodes, "variables: {open_case: yes}")
    assert with_case.heard == ["Welcome. About your repair, press one. For anything else, press two."]
    with_case.press("1")
    assert with_case.node == "repair"
    without = call(nodes, 'variables: {open_case: ""}')
    assert without.heard == ["Welcome. For anything else, press two."]
    without.press("1")
    assert without.node == "start"


# Hours


OFFICE = "hours: {o: {zone: UTC, week: {mon-fri: [09:00-12:00, 13:00-17:00]}}}"


def calendar(closed: tuple[ClosedDates, ...] = ()) -> Calendar:
    text = written("start: {hangup: normal}", OFFICE)
    flow = parse_flow(text.encode(), "x.yaml").flow
    assert flow is not None
    own = flow.calendars["o"]
    return Calendar(own.name, own.zone, own.week, closed)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-24 08:00", "2026-11-24 09:00"),
        ("2026-11-24 12:30", "2026-11-24 13:00"),
        ("2026-11-24 09:00", "2026-11-24 13:00"),
        ("2026-11-27 18:00", "2026-11-30 09:00"),
    ],
)
def test_a_calendar_knows_when_it_opens_next(now: str, opens: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert calendar().next_opening(moment) == datetime.fromisoformat(opens).replace(tzinfo=UTC)


def test_a_calendar_that_never_opens_says_so() -> None:
    always = (ClosedDates(date(2026, 1, 1), date(2030, 1, 1)),)
    assert calendar(always).next_opening(datetime(2026, 11, 24, tzinfo=UTC)) is None


def test_u12_holidays_come_from_an_icalendar_file() -> None:
    text = (
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227\r\n"
        "SUMMARY:Christmas\r\n  folded\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nDTSTART:20240229T000000Z\r\n"
        "RRULE:FREQ=YEARLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    dates = closed_dates(text)
    assert dates[0] == ClosedDates(date(2026, 12, 24), date(2026, 12, 26))
    assert ClosedDates(date(2028, 2, 29), date(2028, 2, 29)) in dates
    assert not any(closed.first.year == 2026 and closed.first.month == 2 for closed in dates)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:soon\nEND:VEVENT\nEND:VCALENDAR\n",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260101\nRRULE:FREQ=DAILY\nEND:VEVENT\nEND:VCALENDAR\n",
    ],
)
def test_a_holiday_file_that_cannot_be_understood_is_refused(text: str) -> None:
    with pytest.raises(CalendarFileError):
        closed_dates(text)


def event(*lines: str) -> str:
    return "\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR", ""])


@pytest.mark.parametrize("end", ["00010101", "20251231", "20260101", "00010101T000000"])
def test_a_holiday_that_ends_before_it_begins_is_the_day_on_which_it_begins(end: str) -> None:
    day = date(2026, 1, 1)
    assert closed_dates(event("DTSTART:20260101", f"DTEND:{end}")) == (ClosedDates(day, day),)


def test_a_holiday_may_last_to_the_end_of_time_but_not_every_year() -> None:
    (forever,) = closed_dates(event("DTSTART:20260101", "DTEND:99991231"))
    assert forever.last == date(9999, 12, 30)
    with pytest.raises(CalendarFileError, match="2026-01-01"):
        closed_dates(event("DTSTART:20260101", "DTEND:99991231", "RRULE:FREQ=YEARLY"))
    whole_years = closed_dates(event("DTSTART:20260101", "DTEND:20270101", "RRULE:FREQ=YEARLY"))
    assert whole_years[-1].last == date(2100, 12, 31)


def test_more_holidays_than_anybody_has_are_refused() -> None:
    many = "BEGIN:VEVENT\nDTSTART:20260101\nEND:VEVENT\n"
    assert len(closed_dates("BEGIN:VCALENDAR\n" + many * MAX_EVENTS)) == MAX_EVENTS
    with pytest.raises(CalendarFileError, match=str(MAX_EVENTS)):
        closed_dates("BEGIN:VCALENDAR\n" + many * (MAX_EVENTS + 1))


def test_events_that_never_end_take_no_time() -> None:
    """Forty seconds when each of them was searched for its end; the bound is far above what it takes now."""
    began = time.process_time()
    assert closed_dates("BEGIN:VCALENDAR\n" + "BEGIN:VEVENT\n" * 20_000) == ()
    assert time.process_time() - began < 10.0


def test_a_holiday_file_that_is_too_long_is_refused_and_not_cut(tmp_path: Path) -> None:
    flow = tmp_path / "main.yaml"
    flow.write_text(
        "flow: main\nstart: a\nhours: {shop: {zone: UTC, week: {mon: 09:00-17:00}, holidays: days.ics}}\n"
        "nodes:\n  a: {hours: shop, open: b, closed: b}\n  b: {hangup: normal}\n"
    )
    days = tmp_path / "days.ics"
    days.write_text(event("DTSTART:20260101"))
    assert read_file(flow).findings == ()
    day = event("DTSTART:20260101")
    for content in ("X" * MAX_LETTERS + day, day * (MAX_LETTERS // len(day) + 1)):
        days.write_text(content)
        assert [finding.rule for finding in read_file(flow).findings] == ["holidays-broken"]
