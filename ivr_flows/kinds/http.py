"""`http`: asks a web service, within a time that the call never waits beyond."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.prompts import Prompt, Template
from ivr_flows.engine.events import Event, TimedOut
from ivr_flows.engine.inputs import RequestDone, RequestOutcome
from ivr_flows.engine.moves import STAY, Move
from ivr_flows.engine.requests import HttpRequest
from ivr_flows.engine.run import Run
from ivr_flows.expressions.evaluate import as_text, evaluate
from ivr_flows.expressions.tree import Expression
from ivr_flows.kinds.declare import Kind, Used, Value, key
from ivr_flows.kinds.expression_values import SENT
from ivr_flows.kinds.values import PROMPT, TARGET, choice, duration, whole
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import NAME, Fields
from ivr_flows.reading.prompts import parse_template

METHODS = ("GET", "POST", "PUT", "DELETE")
_URL = re.compile(r"https?://[^\s]{1,1000}")
_PART = re.compile(r"[\w-]{1,64}(\.[\w-]{1,64}){0,9}")
NOTHING_SENT: Mapping[str, Expression] = {}
NOTHING_TAKEN: Mapping[str, str] = {}
NO_PROMPT = Prompt()


def read_url(fields: Fields, word: str, _context: Context, _default: object) -> Template:
    text = fields.text(word)
    template = parse_template(text)
    if text and (template is None or not _URL.fullmatch(text)):
        mend = "write it like https://example.com/customers/{caller_number}"
        fields.complain(word, "value-type", f'"{text[:60]}" is no web address', mend)
    return template or Template(())


URL = Value(
    "a web address, which may hold variables",
    read_url,
    {"type": "string", "pattern": "^https?://"},
    uses=lambda word, template: tuple(Used((word,), name) for name in template.variables),
)


def _read_parts(fields: Fields, word: str, _context: Context, _default: object) -> Mapping[str, str]:
    tree = fields.take(word)
    if tree is None:
        return {}
    written = Fields(fields.report, tree, fields.sub(word))
    parts = {name: written.text(name) for name in written.names}
    for name, part in parts.items():
        if not NAME.fullmatch(name) or not _PART.fullmatch(part):
            mend = "write it like state: order.items.0.state"
            written.complain(name, "value-type", f'"{part[:40]}" is no part of an answer', mend)
    return parts


PARTS = Value(
    "a part of the answer for each variable",
    _read_parts,
    {"type": "object", "additionalProperties": {"type": "string"}},
    sets=lambda _word, parts: tuple(parts),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpNode:
    """Send JSON, take parts of the JSON that comes back."""

    name: str
    url: Template = key(URL, "the address", word="http")
    method: str = key(choice(METHODS), "the method", default="GET")
    headers: Mapping[str, Expression] = key(SENT, "header fields", default=NOTHING_SENT)
    body: Mapping[str, Expression] = key(SENT, "what is sent, as JSON", default=NOTHING_SENT)
    take: Mapping[str, str] = key(PARTS, "variables, and where their values are", default=NOTHING_TAKEN)
    timeout_s: float = key(
        duration(0.1, 30.0), "the longest wait, retries included", word="timeout", default=3.0
    )
    tries: int = key(whole(1, 5), "how often it is tried", default=1)
    cache_s: float = key(
        duration(0.0, 86400.0), "how long the same answer holds for all callers", word="cache", default=0.0
    )
    filler: Prompt = key(PROMPT, "heard while the caller waits", default=NO_PROMPT)
    next: str = key(TARGET, "there is an answer")
    refused: str | None = key(TARGET, "the service refuses (4xx); absent: failed", default=None)
    failed: str | None = key(TARGET, "there is no answer in time", default=None)


def enter(run: Run, node: HttpNode) -> Move:
    scope, variables = run.scope, run.state.variables

    def told(values: Mapping[str, Expression]) -> tuple[tuple[str, str], ...]:
        return tuple((name, as_text(evaluate(value, scope))) for name, value in values.items())

    run.play(node.filler, barge_in=False, loop=True)
    url = node.url.fill({name: percent_encoded(value) for name, value in variables.items()})
    wanted = HttpRequest(
        node.method,
        url,
        told(node.headers),
        told(node.body),
        tuple(node.take.items()),
        node.tries,
        node.cache_s,
    )
    run.request(wanted, node.timeout_s)
    return STAY


def percent_encoded(text: str) -> str:
    """Return a value as it may stand in an address (RFC 3986 2.1)."""
    plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
    return "".join(chr(byte) if chr(byte) in plain else f"%{byte:02X}" for byte in text.encode())


def resume(run: Run, node: HttpNode, event: Event) -> Move:
    if isinstance(event, TimedOut):
        return _leave(run, node, node.failed)
    if not isinstance(event, RequestDone):
        return STAY
    if event.outcome is not RequestOutcome.DONE:
        refused = event.outcome is RequestOutcome.REFUSED
        return _leave(run, node, (node.refused if refused else None) or node.failed)
    told = dict(event.values)
    for name in node.take:
        run.set_variable(name, told.get(name, ""))
    return _leave(run, node, node.next)


def _leave(run: Run, node: HttpNode, target: str | None) -> Move:
    if node.filler.segments:
        run.stop_playback()
    return run.leave(target or run.flow.failed, HangupCause.FLOW_FAILED)


HTTP = Kind(
    word="http",
    node=HttpNode,
    doc="asks a web service, never longer than its timeout; what failed has a way of its own.",
    example="""
look_up:
  http: https://example.com/orders/{caller_number}
  take: {state: order.state}
  timeout: 2s
  next: tell
  failed: sorry
tell: {say: "Your order is {state}.", next: sorry}
sorry: {hangup: normal}
""",
    enter=enter,
    resume=resume,
    may_end=lambda _node: False,
    uses_otherwise=lambda node: node.failed is None,
    needs="http",
)
