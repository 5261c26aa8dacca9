"""`hours`: the way on depends on a calendar: open, closed, a holiday, or a break of the day."""

from dataclasses import dataclass

from ivr_flows.definition.hours import Calendar
from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import Move
from ivr_flows.engine.run import Run
from ivr_flows.kinds.declare import Kind, key
from ivr_flows.kinds.values import TARGET, VARIABLE, outer_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Go where the calendar points; without ways of their own a holiday and a break count as closed."""

    name: str
    calendar: str = key(outer_name("calendar"), "the calendar, from `hours` of the flow", word="hours")
    open: str = key(TARGET, "it is open")
    closed: str = key(TARGET, "it is closed")
    holiday: str | None = key(TARGET, "it is closed for the day by date; absent: closed", default=None)
    pause: str | None = key(
        TARGET, "it is closed and opens again today, as at lunch; absent: closed", default=None
    )
    opens_date: str | None = key(VARIABLE, "gets the date on which it opens next", default=None)
    opens_time: str | None = key(VARIABLE, "gets the time at which it opens next", default=None)


def enter(run: Run, node: Hours) -> Move:
    calendar = run.flow.calendars[node.calendar]
    case = _case(run, calendar)
    run.note(Fact.BRANCHED, ("case", case))
    if case != "open":
        _tell_when_next(run, node, calendar)
    ways = {"open": node.open, "holiday": node.holiday, "pause": node.pause}
    return run.leave(ways.get(case) or node.closed)


def _case(run: Run, calendar: Calendar) -> str:
    now = run.wall_clock
    if calendar.is_open(now):
        return "open"
    local = now.astimezone(calendar.zone)
    if calendar.is_closed_date(local.date()):
        return "holiday"
    opens, has_been_open = calendar.next_opening(now), calendar.opened_before(now)
    later_today = opens is not None and opens.date() == local.date()
    return "pause" if later_today and has_been_open else "closed"


def _tell_when_next(run: Run, node: Hours, calendar: Calendar) -> None:
    if node.opens_date is None and node.opens_time is None:
        return
    opens = calendar.next_opening(run.wall_clock)
    if node.opens_date is not None:
        run.set_variable(node.opens_date, "" if opens is None else opens.date().isoformat())
    if node.opens_time is not None:
        run.set_variable(node.opens_time, "" if opens is None else f"{opens:%H:%M}")


HOURS = Kind(
    word="hours",
    node=Hours,
    doc="decides by a calendar, and knows when it opens next.",
    example="""
open_now:
  hours: office
  open: bye
  closed: later
  opens_date: day
  opens_time: time
later:
  say: [We open again on, {date: "{day}"}, at, {time: "{time}"}]
  next: bye
bye: {hangup: normal}
""",
    enter=enter,
    may_end=lambda _node: False,
    waits=False,
)
