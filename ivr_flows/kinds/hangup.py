"""`hangup`: the end of a call, after a last prompt that cannot be interrupted."""

from dataclasses import dataclass

from ivr_flows.definition.causes import WRITABLE_CAUSES, HangupCause
from ivr_flows.definition.prompts import Prompt
from ivr_flows.engine.events import Event, PromptOver
from ivr_flows.engine.moves import STAY, End, Move
from ivr_flows.engine.run import Run
from ivr_flows.findings import did_you_mean
from ivr_flows.kinds.declare import Kind, Value, key
from ivr_flows.kinds.values import PROMPT
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields
from ivr_flows.reading.tree import Scalar

_ALLOWED = {cause.value: cause for cause in WRITABLE_CAUSES}


def _read_cause(fields: Fields, word: str, _context: Context, _default: object) -> HangupCause:
    tree = fields.take(word)
    # `hangup:` with nothing behind it is the commonest way to write it
    text = tree.text if isinstance(tree, Scalar) else ""
    cause = HangupCause.NORMAL if text in ("", "~", "null") else _ALLOWED.get(text)
    if cause is None or not isinstance(tree, Scalar):
        fields.complain(
            word, "value-choice", f'"{text[:40]}" is no cause', did_you_mean(text, _ALLOWED), at=tree
        )
    return cause or HangupCause.NORMAL


CAUSE = Value("one of " + ", ".join(_ALLOWED), _read_cause, {"enum": [*_ALLOWED, None]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup:
    """End the call, after an optional last prompt."""

    name: str
    cause: HangupCause = key(CAUSE, "the cause, told to the caller's network", word="hangup")
    prompt: Prompt = key(PROMPT, "last words, heard to the end", default=Prompt())


def enter(run: Run, node: Hangup) -> Move:
    return STAY if run.play(node.prompt, barge_in=False) else End(node.cause)


def resume(_run: Run, node: Hangup, event: Event) -> Move:
    return End(node.cause) if isinstance(event, PromptOver) else STAY


HANGUP = Kind(
    word="hangup",
    node=Hangup,
    doc="ends the call. A call that nothing has answered yet is refused with the status of its cause.",
    example="""
bye:
  hangup: busy
  prompt: All lines are busy. Goodbye.
""",
    enter=enter,
    resume=resume,
    may_end=lambda _node: True,
    ends=True,
)
