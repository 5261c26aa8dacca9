"""`form`: several entries, in turn; what is known already is not asked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from re import Pattern

from ivr_flows.definition.prompts import Prompt
from ivr_flows.engine import asking
from ivr_flows.engine.asking import Question
from ivr_flows.engine.events import Event
from ivr_flows.engine.moves import Go, Move
from ivr_flows.engine.run import Run
from ivr_flows.engine.verdict import Reply
from ivr_flows.expressions.tree import Expression, Type
from ivr_flows.kinds import collect
from ivr_flows.kinds.collect import BOUND, LENGTH, PATTERN, TERMINATOR, Collect
from ivr_flows.kinds.confirming import yes_or_no
from ivr_flows.kinds.declare import Kind, group, key
from ivr_flows.kinds.entries import ENTRIES, Length
from ivr_flows.kinds.entries_of import named_entries
from ivr_flows.kinds.expression_values import CONDITION
from ivr_flows.kinds.manner import Manner, WaysOut
from ivr_flows.kinds.values import FLAG, PROMPT, TARGET, choice, outer_name

SLOT = "slot"
WHOLE = "whole"
NO_PROMPT = Prompt()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One entry of a form; the keys mean what they mean in `collect`."""

    ask: Prompt = key(PROMPT, "the question")
    type: str = key(choice(ENTRIES), "what is entered", default="digits")
    length: Length | None = key(LENGTH, "how many keys", word="digits", default=None)
    low: Decimal | None = key(BOUND, "the least number", word="min", default=None)
    high: Decimal | None = key(BOUND, "the greatest number", word="max", default=None)
    pattern: Pattern[str] | None = key(PATTERN, "what the whole entry looks like", default=None)
    listed: str | None = key(outer_name("list"), "the list in which it must be", default=None)
    valid: Expression | None = key(CONDITION, "must hold once the variable is set", default=None)
    terminator: str | None = key(TERMINATOR, "the key that ends the entry", default="#")
    secret: bool = key(FLAG, "the variable is masked everywhere", default=False)


_SLOTS = named_entries("variables, each with {ask, type ...}", Slot, "name a variable and its question")
SLOTS = replace(_SLOTS, sets=lambda _word, slots: tuple(slots))


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Fill variables; one that has a value already, from the call's context or from before, is not asked."""

    name: str
    slots: Mapping[str, Slot] = key(SLOTS, "the variables, in the order of the questions", word="form")
    confirm: Prompt = key(PROMPT, "read back at the end; 2 or no asks everything again", default=NO_PROMPT)
    next: str = key(TARGET, "where the caller goes on")
    manner: Manner = group(Manner)
    ways: WaysOut = group(WaysOut)


def enter(run: Run, node: Form) -> Move:
    return _ask_next(run, node)


def resume(run: Run, node: Form, event: Event) -> Move:
    return asking.resume(run, _question(run, node), event)


def _ask_next(run: Run, node: Form) -> Move:
    run.state.step = ""
    missing = next((name for name in node.slots if not run.state.variables.get(name)), None)
    if missing is not None:
        run.state.partial[SLOT] = missing
        return asking.enter(run, _question(run, node))
    run.state.partial.pop(SLOT, None)
    if not node.confirm.segments:
        return Go(node.next)
    run.state.step = WHOLE
    return asking.enter(run, _question(run, node))


def _question(run: Run, node: Form) -> Question:
    if run.state.step == WHOLE:
        return yes_or_no(run, node.confirm, node.manner, node.ways, lambda run, yes: _told(run, node, yes))
    name = run.state.partial.get(SLOT, next(iter(node.slots)))
    asked = collect.question(run, _as_collect(node, name))

    def take(run: Run, reply: Reply, by: str) -> Move:
        move = asked.take(run, reply, by)
        return _ask_next(run, node) if isinstance(move, Go) else move

    return replace(asked, take=take)


def _told(run: Run, node: Form, yes: bool) -> Move:
    if yes:
        return Go(node.next)
    for name in node.slots:
        run.state.variables[name] = ""
    return _ask_next(run, node)


def _as_collect(node: Form, name: str) -> Collect:
    slot = node.slots[name]
    return Collect(
        name=node.name,
        variable=name,
        prompt=slot.ask,
        type=slot.type,
        length=slot.length,
        low=slot.low,
        high=slot.high,
        pattern=slot.pattern,
        listed=slot.listed,
        valid=slot.valid,
        terminator=slot.terminator,
        secret=slot.secret,
        next=node.next,
        manner=node.manner,
        ways=node.ways,
    )


def _secrets(node: Form) -> frozenset[str]:
    return frozenset(name for name, slot in node.slots.items() if slot.secret)


def _types(node: Form) -> Mapping[str, Type]:
    return {name: ENTRIES[slot.type].type for name, slot in node.slots.items()}


FORM = Kind(
    word="form",
    node=Form,
    doc="takes several entries; what has a value already is not asked again.",
    example="""
booking:
  form:
    day: {ask: "For which day? Enter day, month and year.", type: date}
    people: {ask: For how many people?, type: integer, min: 1, max: 8}
  confirm: [You come on, {date: "{day}"}, with, {count: "{people} people"}, Is that right?]
  next: bye
bye: {hangup: normal}
""",
    enter=enter,
    resume=resume,
    secrets=_secrets,
    types=_types,
    may_end=lambda _node: False,
    uses_otherwise=lambda node: node.ways.otherwise is None,
)
