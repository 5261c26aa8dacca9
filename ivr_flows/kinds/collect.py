"""`collect`: an entry into a variable, of a type, checked and confirmed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from ivr_flows.definition.prompts import Prompt
from ivr_flows.engine import asking
from ivr_flows.engine.asking import Question
from ivr_flows.engine.events import Event
from ivr_flows.engine.moves import Go, Move
from ivr_flows.engine.run import Run
from ivr_flows.engine.verdict import Open, Reply, Verdict
from ivr_flows.expressions.evaluate import is_true
from ivr_flows.expressions.functions import to_number
from ivr_flows.expressions.tree import Expression, Type
from ivr_flows.kinds.confirming import yes_or_no
from ivr_flows.kinds.declare import Kind, Value, group, key
from ivr_flows.kinds.entries import ENTRIES, MAX_DIGITS, Length, compiled
from ivr_flows.kinds.expression_values import CONDITION
from ivr_flows.kinds.manner import Manner, WaysOut
from ivr_flows.kinds.values import FLAG, PROMPT, TARGET, VARIABLE, choice, outer_name
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields

_LENGTH = re.compile(r"([0-9]{1,2})(?:\s*(?:-|to)\s*([0-9]{1,2}))?")
CONFIRM = "confirm"


def _read_length(fields: Fields, word: str, _context: Context, _default: object) -> Length | None:
    text = fields.text(word, "")
    if not text:
        return None
    match = _LENGTH.fullmatch(text)
    low = int(match[1]) if match else 0
    high = int(match[2] or low) if match else 0
    if not 1 <= low <= high <= MAX_DIGITS:
        mend = f"write 4, or 4-6; at least 1 and at most {MAX_DIGITS}"
        fields.complain(word, "value-range", f'"{text[:40]}" is no number of digits', mend)
        return Length(1, 1)
    return Length(low, high)


LENGTH = Value(
    "a number of digits, like 4 or 4-6",
    _read_length,
    {
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": MAX_DIGITS},
            {"type": "string", "pattern": r"^\d{1,2}\s*(-|to)\s*\d{1,2}$"},
        ]
    },
)


def _read_bound(fields: Fields, word: str, _context: Context, _default: object) -> Decimal | None:
    text = fields.optional_text(word)
    number = None if text is None else to_number(text)
    if text is not None and number is None:
        fields.complain(word, "value-type", f'"{text[:40]}" is no number', "write a number")
    return number


BOUND = Value("a number", _read_bound, {"type": "number"})


def _read_pattern(fields: Fields, word: str, _context: Context, _default: object) -> re.Pattern[str] | None:
    text = fields.optional_text(word)
    pattern = None if text is None else compiled(text)
    if text is not None and pattern is None:
        mend = "write digits, [0-5], \\d, (12|34) and counts like {4}"
        fields.complain(word, "value-type", f'"{text[:40]}" is no pattern of digits', mend)
    return pattern


PATTERN = Value("a pattern of digits, like (07|08)\\d{9}", _read_pattern, {"type": "string"})


def _read_terminator(fields: Fields, word: str, _context: Context, _default: object) -> str | None:
    text = fields.text(word, "#")
    if text not in ("#", "*", "none"):
        fields.complain(word, "value-choice", f'"{text[:40]}" ends no entry', 'write "#", "*" or none')
    return None if text == "none" else text


TERMINATOR = Value('"#", "*" or none', _read_terminator, {"enum": ["#", "*", "none"]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """Take an entry into a variable."""

    name: str
    variable: str = key(VARIABLE, "the variable", word="collect")
    prompt: Prompt = key(PROMPT, "the question")
    type: str = key(choice(ENTRIES), "what is entered", default="digits")
    length: Length | None = key(
        LENGTH, "how many keys; may be absent for other types", word="digits", default=None
    )
    low: Decimal | None = key(BOUND, "the least number that is taken", word="min", default=None)
    high: Decimal | None = key(BOUND, "the greatest number that is taken", word="max", default=None)
    pattern: re.Pattern[str] | None = key(PATTERN, "what the whole entry looks like", default=None)
    listed: str | None = key(outer_name("list"), "the list in which it must be", default=None)
    valid: Expression | None = key(CONDITION, "must hold once the variable is set", default=None)
    confirm: Prompt = key(PROMPT, "read back; 1 or yes goes on, 2 or no asks again", default=Prompt())
    terminator: str | None = key(TERMINATOR, "the key that ends the entry", default="#")
    secret: bool = key(FLAG, "the variable is masked everywhere", default=False)
    next: str = key(TARGET, "where the caller goes on")
    manner: Manner = group(Manner)
    ways: WaysOut = group(WaysOut)

    @property
    def size(self) -> Length:
        return self.length or ENTRIES[self.type].length


def finish(node: Collect, fields: Fields, _context: Context) -> Collect:
    if node.type == "digits" and node.length is None:
        fields.expect("digits")
    if ENTRIES[node.type].type is not Type.NUMBER:
        for word in ("min", "max"):
            if word in fields:
                fields.complain(
                    word, "key-unknown", f"{node.type} has no {word}", "use type: integer or money"
                )
    if node.low is not None and node.high is not None and node.low > node.high:
        fields.complain("max", "value-range", "nothing is so little and so much", "write min below max")
    if ENTRIES[node.type].point and node.terminator == "*":
        fields.complain("terminator", "value-choice", "the star is the point of a sum", 'write "#"')
    return replace(node, length=node.size)


def question(run: Run, node: Collect) -> Question:
    if run.state.step == CONFIRM:
        return yes_or_no(run, node.confirm, node.manner, node.ways, lambda run, yes: _told(run, node, yes))
    return Question(
        prompt=node.prompt,
        manner=node.manner,
        ways=node.ways,
        judge=lambda entry: judge(run, node, entry),
        judge_silence=lambda entry: judge_silence(run, node, entry),
        take=lambda run, reply, _by: _keep(run, node, reply.value),
        secret=node.variable in run.flow.secrets,
    )


def enter(run: Run, node: Collect) -> Move:
    run.state.step = ""
    return asking.enter(run, question(run, node))


def resume(run: Run, node: Collect, event: Event) -> Move:
    return asking.resume(run, question(run, node), event)


def judge(run: Run, node: Collect, entry: str) -> Verdict:
    """Judge the keys so far; keys that belong to no such entry spoil it."""
    last, keys = entry[-1], entry[:-1]
    if last == node.terminator:
        return _whole(run, node, keys, None)
    if not (last.isdigit() or (last == "*" and ENTRIES[node.type].point)):
        return Open.MISMATCH
    if len(entry) == node.size.high:
        return _whole(run, node, entry, node.terminator)
    return Open.MORE


def judge_silence(run: Run, node: Collect, entry: str) -> Verdict:
    """Judge when no further key came in time."""
    return _whole(run, node, entry, None)


def _whole(run: Run, node: Collect, keys: str, late: str | None) -> Verdict:
    value = ENTRIES[node.type].read(keys) if len(keys) >= node.size.low else None
    if value is None or not _fits(run, node, keys, value):
        return Open.MISMATCH
    return Reply(value, late)


def _fits(run: Run, node: Collect, keys: str, value: str) -> bool:
    number = to_number(value)
    if node.low is not None and (number is None or number < node.low):
        return False
    if node.high is not None and (number is None or number > node.high):
        return False
    if node.pattern is not None and not node.pattern.fullmatch(keys):
        return False
    if node.listed is not None and value not in run.flow.lists.get(node.listed, {}):
        return False
    if node.valid is None:
        return True
    scope = run.scope
    return is_true(node.valid, replace(scope, variables={**scope.variables, node.variable: value}))


def _keep(run: Run, node: Collect, value: str) -> Move:
    run.set_variable(node.variable, value)
    if not node.confirm.segments:
        return Go(node.next)
    run.state.step = CONFIRM
    return asking.enter(run, question(run, node))


def _told(run: Run, node: Collect, yes: bool) -> Move:
    return Go(node.next) if yes else enter(run, node)


def hint(node: Collect) -> str:
    ending = f", or end with {node.terminator}" if node.terminator else ""
    what = "" if node.type == "digits" else f" ({node.type})"
    return f"wants: {node.size} digits{what}{ending}"


def types(node: Collect) -> Mapping[str, Type]:
    return {node.variable: ENTRIES[node.type].type}


_DOC = "; ".join(f"{name} ({entry.doc})" for name, entry in ENTRIES.items())

COLLECT = Kind(
    word="collect",
    node=Collect,
    doc="takes an entry into a variable. Types: " + _DOC + ".",
    example="""
ask:
  collect: order
  prompt: Please enter the four digits of your order.
  digits: 4
  no_match: [An order has four digits.]
  next: bye
bye: {hangup: normal}
""",
    enter=enter,
    resume=resume,
    finish=finish,
    types=types,
    secrets=lambda node: frozenset({node.variable}) if node.secret else frozenset(),
    may_end=lambda _node: False,
    uses_otherwise=lambda node: node.ways.otherwise is None,
    hint=hint,
)
