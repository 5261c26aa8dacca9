"""`send_digits`: presses keys towards the caller's side, for machines that listen to them."""

import re
from dataclasses import dataclass

from ivr_flows.definition.prompts import Template
from ivr_flows.engine.events import Event
from ivr_flows.engine.inputs import DigitsSent
from ivr_flows.engine.instructions import PlayKeys
from ivr_flows.engine.moves import STAY, Move
from ivr_flows.engine.run import Run
from ivr_flows.engine.state import Phase
from ivr_flows.kinds.declare import Kind, Used, Value, key
from ivr_flows.kinds.values import TARGET, duration
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields
from ivr_flows.reading.prompts import parse_template

KEYS = "0123456789*#ABCD"
MAX_KEYS = 64


def _read_keys(fields: Fields, word: str, _context: Context, _default: object) -> Template:
    text = fields.text(word)
    template = parse_template(text)
    fixed = "" if template is None else "".join(part for part in template.parts if isinstance(part, str))
    if text and (template is None or re.fullmatch("[0-9*#A-D]*", fixed) is None):
        fields.complain(word, "value-type", f'"{text[:40]}" are no keys', "write 0-9, *, #, or a {variable}")
    return template or Template(())


KEYS_SENT = Value(
    "keys, which may hold variables",
    _read_keys,
    {"type": ["string", "integer"]},
    uses=lambda word, template: tuple(Used((word,), name) for name in template.variables),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDigitsNode:
    """What is in a variable and no key is left out."""

    name: str
    keys: Template = key(KEYS_SENT, "the keys", word="send_digits")
    tone_s: float = key(duration(0.04, 2.0), "how long each key is pressed", word="tone", default=0.1)
    gap_s: float = key(duration(0.04, 5.0), "the pause between two keys", word="gap", default=0.1)
    next: str = key(TARGET, "where the caller goes on")


def enter(run: Run, node: SendDigitsNode) -> Move:
    keys = "".join(char for char in node.keys.fill(run.state.variables) if char in KEYS)[:MAX_KEYS]
    if not keys:
        return run.leave(node.next)
    run.state.phase = Phase.SENDING
    run.order(PlayKeys(keys, round(node.tone_s * 1000), round(node.gap_s * 1000)))
    return STAY


def resume(run: Run, node: SendDigitsNode, event: Event) -> Move:
    return run.leave(node.next) if isinstance(event, DigitsSent) else STAY


SEND_DIGITS = Kind(
    word="send_digits",
    node=SendDigitsNode,
    doc="presses keys towards the caller's side.",
    example="""
code:
  send_digits: "4711#"
  next: bye
bye: {hangup: normal}
""",
    enter=enter,
    resume=resume,
    may_end=lambda _node: False,
    needs="send_digits",
)
