"""`collect`: an entry into a variable."""

import re
from dataclasses import dataclass

from ivr_flows.definition.prompts import Prompt
from ivr_flows.engine import asking
from ivr_flows.engine.asking import Question
from ivr_flows.engine.events import Event
from ivr_flows.engine.moves import Go, Move
from ivr_flows.engine.run import Run
from ivr_flows.engine.verdict import Open, Reply, Verdict
from ivr_flows.kinds.declare import Kind, Value, group, key
from ivr_flows.kinds.manner import Manner, WaysOut
from ivr_flows.kinds.values import FLAG, PROMPT, TARGET, VARIABLE
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields

DIGITS = frozenset("0123456789")
MAX_DIGITS = 64
_LENGTH = re.compile(r"([0-9]{1,2})(?:\s*(?:-|to)\s*([0-9]{1,2}))?")


@dataclass(frozen=True, slots=True)
class Length:
    """How many digits an entry has."""

    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.low}" if self.low == self.high else f"{self.low}-{self.high}"


def _read_length(fields: Fields, word: str, _context: Context, _default: object) -> Length:
    text = fields.text(word)
    match = _LENGTH.fullmatch(text)
    low = int(match[1]) if match else 0
    high = int(match[2] or low) if match else 0
    if text and not 1 <= low <= high <= MAX_DIGITS:
        mend = f"write 4, or 4-6; at least 1 and at most {MAX_DIGITS}"
        fields.complain(word, "value-range", f'"{text[:40]}" is no number of digits', mend)
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


def _read_terminator(fields: Fields, word: str, _context: Context, _default: object) -> str | None:
    text = fields.text(word, "#")
    if text not in ("#", "*", "none"):
        fields.complain(word, "value-choice", f'"{text[:40]}" ends no entry', 'write "#", "*" or none')
    return None if text == "none" else text


TERMINATOR = Value('"#", "*" or none', _read_terminator, {"enum": ["#", "*", "none"]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """Take digits into a variable."""

    name: str
    variable: str = key(VARIABLE, "the variable", word="collect")
    prompt: Prompt = key(PROMPT, "the question")
    length: Length = key(LENGTH, "how many digits", word="digits")
    terminator: str | None = key(TERMINATOR, "the key that ends the entry", default="#")
    secret: bool = key(FLAG, "the variable is masked everywhere", default=False)
    next: str = key(TARGET, "where the caller goes on")
    manner: Manner = group(Manner)
    ways: WaysOut = group(WaysOut)


def question(run: Run, node: Collect) -> Question:
    return Question(
        prompt=node.prompt,
        manner=node.manner,
        ways=node.ways,
        judge=lambda entry: judge(node, entry),
        judge_silence=lambda entry: judge_silence(node, entry),
        take=lambda run, reply, _by: _keep(run, node, reply),
        secret=node.variable in run.flow.secrets,
    )


def enter(run: Run, node: Collect) -> Move:
    return asking.enter(run, question(run, node))


def resume(run: Run, node: Collect, event: Event) -> Move:
    return asking.resume(run, question(run, node), event)


def judge(node: Collect, entry: str) -> Verdict:
    """Judge the keys so far; keys that are neither digits nor the terminator spoil the entry."""
    last, digits = entry[-1], entry[:-1]
    if last == node.terminator:
        return Reply(digits) if len(digits) >= node.length.low else Open.MISMATCH
    if last not in DIGITS:
        return Open.MISMATCH
    if len(entry) == node.length.high:
        return Reply(entry, late=node.terminator)
    return Open.MORE


def judge_silence(node: Collect, entry: str) -> Verdict:
    """Judge when no further digit came in time."""
    return Reply(entry) if len(entry) >= node.length.low else Open.MISMATCH


def _keep(run: Run, node: Collect, reply: Reply) -> Move:
    run.set_variable(node.variable, reply.value)
    return Go(node.next)


def hint(node: Collect) -> str:
    ending = f", or end with {node.terminator}" if node.terminator else ""
    return f"wants: {node.length} digits{ending}"


COLLECT = Kind(
    word="collect",
    node=Collect,
    doc="takes digits into a variable.",
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
    secrets=lambda node: frozenset({node.variable}) if node.secret else frozenset(),
    may_end=lambda _node: False,
    uses_otherwise=lambda node: node.ways.otherwise is None,
    hint=hint,
)
