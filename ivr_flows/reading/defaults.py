"""What all menus and collects of a flow share unless they say otherwise."""

from dataclasses import dataclass

from ivr_flows.definition.nodes import INTER_DIGIT_S, Reprompts
from ivr_flows.definition.prompts import Prompt
from ivr_flows.reading.fields import Fields
from ivr_flows.reading.prompts import PromptReader

MIN_TIMEOUT_S = 0.5
MAX_TIMEOUT_S = 120.0

REPEAT_TWICE = (Prompt(), Prompt())
"""When a flow says nothing about silence or wrong keys, the question is asked twice more."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """How questions behave; see the same keys of `menu` and `collect`."""

    barge_in: bool = True
    type_ahead: bool = True
    timeout_s: float = 5.0
    inter_digit_s: float = INTER_DIGIT_S
    min_confidence: float = 0.0
    no_input: tuple[Prompt, ...] = REPEAT_TWICE
    no_match: tuple[Prompt, ...] = REPEAT_TWICE
    repeat_prompt: bool = True
    say_keys: bool = True
    """keys may be said: "one" for 1"""

    def refined(self, fields: Fields, prompts: PromptReader) -> "Defaults":
        """Return the defaults with whatever the given keys say on top."""
        no_input = prompts.several(fields, "no_input")
        no_match = prompts.several(fields, "no_match")
        return Defaults(
            barge_in=fields.flag("barge_in", self.barge_in),
            type_ahead=fields.flag("type_ahead", self.type_ahead),
            timeout_s=_timeout(fields, "timeout", self.timeout_s),
            inter_digit_s=_timeout(fields, "inter_digit", self.inter_digit_s),
            min_confidence=fields.fraction("min_confidence", self.min_confidence),
            no_input=self.no_input if no_input is None else no_input,
            no_match=self.no_match if no_match is None else no_match,
            repeat_prompt=fields.flag("repeat_prompt", self.repeat_prompt),
            say_keys=fields.flag("say_keys", self.say_keys),
        )

    def reprompts(self, fallback: str | None) -> Reprompts:
        return Reprompts(self.no_input, self.no_match, self.repeat_prompt, fallback)


def _timeout(fields: Fields, key: str, default: float) -> float:
    seconds = fields.duration(key, default, MIN_TIMEOUT_S, MAX_TIMEOUT_S)
    return default if seconds is None else seconds
