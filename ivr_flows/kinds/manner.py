"""How a question is asked, the same for every kind of node that asks one; also the flow's `defaults`."""

from dataclasses import dataclass

from ivr_flows.definition.prompts import Prompt
from ivr_flows.kinds.declare import key
from ivr_flows.kinds.values import FLAG, FRACTION, PROMPTS, TARGET, choice, duration

INTER_DIGIT_S = 2.5
"""How long a next digit may take, where a flow says nothing."""
REPEAT_TWICE = (Prompt(), Prompt())
"""When a flow says nothing about silence or wrong keys, the question is asked twice more."""

WAIT = duration(0.5, 120.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What a caller hears who said nothing, or nothing that fits, is counted separately.

    The n-th time plays the n-th prompt; once the prompts are used up, the caller leaves by `otherwise`.
    """

    barge_in: bool = key(FLAG, "a key or a fitting word cuts the prompt short", default=True)
    type_ahead: bool = key(FLAG, "keys pressed before the question count", default=True)
    timeout_s: float = key(WAIT, "from the end of the prompt to the first key", word="timeout", default=5.0)
    inter_digit_s: float = key(WAIT, "from one key to the next", word="inter_digit", default=INTER_DIGIT_S)
    min_confidence: float = key(FRACTION, "hearing less certain than this is a mismatch", default=0.0)
    no_input: tuple[Prompt, ...] = key(
        PROMPTS, "what silence is answered with, in turn", default=REPEAT_TWICE
    )
    no_match: tuple[Prompt, ...] = key(
        PROMPTS, "what a mismatch is answered with, in turn", default=REPEAT_TWICE
    )
    repeat_prompt: bool = key(FLAG, "the question follows these answers again", default=True)
    repeat_key: str = key(choice(("none", "*", "#")), "a key that repeats the question", default="none")
    say_keys: bool = key(FLAG, 'keys may be said: "one" for 1', default=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysOut:
    """Where a caller goes who could not be asked, or did not answer."""

    otherwise: str | None = key(
        TARGET, "after the last answer to silence or a mismatch", default=None, aliases=("fallback",)
    )
    failed: str | None = key(TARGET, "the prompt cannot be played", default=None)
