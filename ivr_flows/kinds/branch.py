"""`branch`: the way on depends on the time or on a variable; never waits."""

from collections.abc import Mapping
from dataclasses import dataclass

from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import Move
from ivr_flows.engine.run import Run
from ivr_flows.kinds.declare import Kind, Named, Used, Value, key
from ivr_flows.kinds.values import CASES, NAME_SCHEMA, TARGET
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields


@dataclass(frozen=True, slots=True)
class ByHours:
    """Decide by whether a calendar is open."""

    calendar: str


@dataclass(frozen=True, slots=True)
class ByVariable:
    """Decide by the value of a variable; exact equality of text."""

    variable: str


Ground = ByHours | ByVariable


def _read_ground(fields: Fields, word: str, _context: Context, _default: object) -> Ground | None:
    tree = fields.expect(word)
    if tree is None:
        return None
    on = Fields(fields.report, tree, fields.sub(word))
    by_hours, by_variable = "hours" in on, "variable" in on
    if by_hours == by_variable:
        mend = "write branch: {hours: CALENDAR} or branch: {variable: NAME}"
        fields.complain(word, "branch-condition", "a branch needs one thing to decide on", mend, at=tree)
        return None
    name = on.name("hours" if by_hours else "variable")
    on.finish()
    return ByHours(name) if by_hours else ByVariable(name)


GROUND = Value(
    "{hours: CALENDAR} or {variable: NAME}",
    _read_ground,
    {
        "type": "object",
        "properties": {"hours": NAME_SCHEMA, "variable": NAME_SCHEMA},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    },
    uses=lambda word, ground: (
        (Used((word, "variable"), ground.variable),) if isinstance(ground, ByVariable) else ()
    ),
    names=lambda word, ground: (
        (Named((word, "hours"), "calendar", ground.calendar),) if isinstance(ground, ByHours) else ()
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """Go one way or another; with hours `open` and `closed` are needed, with a variable the other two."""

    name: str
    ground: Ground | None = key(GROUND, "what decides", word="branch")
    open: str | None = key(TARGET, "with hours: the calendar is open", default=None)
    closed: str | None = key(TARGET, "with hours: it is not", default=None)
    cases: Mapping[str, str] | None = key(CASES, "with a variable: a node for each value", default=None)
    otherwise: str | None = key(TARGET, "with a variable: any other value", default=None)


def finish(node: Branch, fields: Fields, _context: Context) -> Branch:
    if isinstance(node.ground, ByHours):
        _demand(fields, wanted=("open", "closed"), unwanted=("cases", "otherwise"))
    elif isinstance(node.ground, ByVariable):
        _demand(fields, wanted=("cases", "otherwise"), unwanted=("open", "closed"))
    return node


def _demand(fields: Fields, wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> None:
    for word in wanted:
        fields.expect(word)
    for word in unwanted:
        if word in fields:
            fields.complain(word, "key-unknown", f'"{word}" means nothing in this branch', "delete it")


def enter(run: Run, node: Branch) -> Move:
    match node.ground:
        case ByHours(calendar):
            is_open = run.flow.calendars[calendar].is_open(run.wall_clock)
            run.note(Fact.BRANCHED, ("case", "open" if is_open else "closed"))
            return run.leave(node.open if is_open else node.closed)
        case ByVariable(variable):
            value = run.state.variables.get(variable, "")
            target = (node.cases or {}).get(value)
            run.note(Fact.BRANCHED, ("case", "otherwise" if target is None else run.shown(variable, value)))
            return run.leave(target or node.otherwise)
        case None:
            return run.leave(None)


BRANCH = Kind(
    word="branch",
    node=Branch,
    doc="decides without asking, by a calendar or by the value of a variable.",
    example="""
which:
  branch: {variable: called_number}
  cases: {"100": sales}
  otherwise: bye
sales: {queue: sales}
bye: {hangup: normal}
""",
    enter=enter,
    finish=finish,
    may_end=lambda _node: False,
    waits=False,
)
