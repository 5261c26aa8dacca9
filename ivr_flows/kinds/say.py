"""`say`: a prompt, then on."""

from dataclasses import dataclass, replace

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.prompts import Prompt
from ivr_flows.engine.events import Event, PromptOver
from ivr_flows.engine.inputs import DigitPressed
from ivr_flows.engine.moves import STAY, End, Go, Move
from ivr_flows.engine.run import Run
from ivr_flows.kinds.declare import Kind, key
from ivr_flows.kinds.values import FLAG, PROMPT, TARGET
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Play a prompt and go on; with `loop` only a digit ends it, and `next` may be absent."""

    name: str
    prompt: Prompt = key(PROMPT, "what is heard", word="say")
    next: str | None = key(TARGET, "where the caller goes on; may be absent with loop", default=None)
    barge_in: bool = key(FLAG, "a key cuts it short", default=True, inherits="barge_in")
    type_ahead: bool = key(
        FLAG, "that key is kept for the next question", default=True, inherits="type_ahead"
    )
    loop: bool = key(FLAG, "again and again, until a key is pressed", default=False)
    failed: str | None = key(TARGET, "the prompt cannot be played", default=None)


def finish(node: Say, fields: Fields, context: Context) -> Say:
    if node.next is None and not node.loop and "next" not in fields:
        fields.report.add(fields.path, "dead-end", "nothing follows the prompt", "add next: or a hangup node")
    if node.loop and not node.barge_in and node.next is not None:
        mend = "allow barge_in, or leave one of loop: and next: out"
        fields.complain("next", "loop-never-ends", "a loop that no key may interrupt never leads on", mend)
    if "type_ahead" in fields:
        return node
    return replace(node, type_ahead=node.barge_in and context.defaults.type_ahead)


def enter(run: Run, node: Say) -> Move:
    """Play, or skip the prompt for a caller who has typed ahead.

    A prompt is skipped once per wait: digits that nothing asks for are dropped when the caller comes round
    again, so that they cannot drive a flow in a circle.
    """
    if not node.type_ahead:
        run.forget_digits()
    if run.state.typed_ahead and node.barge_in and node.next is not None and node.name not in run.skipped:
        run.skipped.add(node.name)
        return Go(node.next)
    if node.barge_in:
        run.state.typed_ahead = ""
    if run.play(node.prompt, barge_in=node.barge_in, loop=node.loop):
        return STAY
    return _onward(run, node)


def resume(run: Run, node: Say, event: Event) -> Move:
    match event:
        case PromptOver():
            return _onward(run, node)
        case DigitPressed(digit):
            return _pressed(run, node, digit)
        case _:
            return STAY


def _pressed(run: Run, node: Say, digit: str) -> Move:
    """Cut the prompt short where it may be; the digit waits for the node that asks for one."""
    if node.next is None:
        return STAY
    if node.type_ahead:
        run.type_ahead(digit)
    if not node.barge_in:
        return STAY
    run.interrupt("digit")
    run.skipped.add(node.name)
    return Go(node.next)


def _onward(run: Run, node: Say) -> Move:
    if node.next is not None:
        return Go(node.next)
    if node.loop:
        # a prompt without end is over only because it could not be played: no reason to end the call
        fallback = run.flow.otherwise or run.flow.operator
        return STAY if fallback is None or fallback == node.name else Go(fallback)
    return End(HangupCause.NORMAL)


SAY = Kind(
    word="say",
    node=Say,
    doc="plays a prompt and goes on.",
    example="""
hello:
  say:
    - Hello.
    - pause: 300ms
    - Nice to have you here.
  next: bye
bye: {hangup: normal}
""",
    enter=enter,
    resume=resume,
    finish=finish,
)
