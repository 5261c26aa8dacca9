"""`consent`: whether the call may be recorded, asked or told as the law of both regions wants."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.prompts import Prompt
from ivr_flows.engine import asking
from ivr_flows.engine.asking import Question
from ivr_flows.engine.events import Event, PromptOver
from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import STAY, Move
from ivr_flows.engine.run import Run
from ivr_flows.kinds.confirming import yes_or_no
from ivr_flows.kinds.declare import Kind, Value, group, key
from ivr_flows.kinds.manner import Manner, WaysOut
from ivr_flows.kinds.values import PROMPT, TARGET, choice
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields


class ConsentRule(StrEnum):
    """What a region wants, the strictest first."""

    OPT_IN = "opt-in"
    """Only who says yes is recorded."""
    OPT_OUT = "opt-out"
    """Who does not say no is recorded."""
    ANNOUNCED = "announced"
    """Whoever goes on after hearing it is recorded."""


class ConsentAnswer(StrEnum):
    """What came of it; `RECORDS` are those that let the call be recorded."""

    YES = "yes"
    NO = "no"
    SILENCE = "silence"
    NOT_REFUSED = "not refused"
    ANNOUNCED = "announced"
    NOT_HEARD = "not heard"
    """The question, or the announcement, could not be played: nobody agrees to what they were not told."""


RECORDS: Final = frozenset({ConsentAnswer.YES, ConsentAnswer.NOT_REFUSED, ConsentAnswer.ANNOUNCED})
_STRICTEST: Final = tuple(ConsentRule)
_FAILED: Final = HangupCause.FLOW_FAILED


def _read_regions(fields: Fields, word: str, _context: Context, _default: object) -> Mapping[str, str]:
    tree = fields.take(word)
    if tree is None:
        return {}
    regions = Fields(fields.report, tree, fields.sub(word))
    found: dict[str, str] = {}
    for prefix in regions.names:
        rule = regions.text(prefix)
        if not (prefix.startswith("+") and prefix[1:].isdigit()):
            regions.complain(prefix, "value-type", "no beginning of numbers", 'write it like "+49"')
        elif rule not in _STRICTEST:
            regions.complain(prefix, "value-choice", f'"{rule[:40]}" is no rule', "write opt-in")
        else:
            found[prefix] = rule
    regions.finish()
    return found


_RULES_SCHEMA = {"type": "string", "enum": list(_STRICTEST)}
REGIONS = Value(
    'beginnings of numbers, each with a rule: "+49": opt-in',
    _read_regions,
    {"type": "object", "additionalProperties": _RULES_SCHEMA},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A call of a flow that has such a node is recorded from the answer on, and not before."""

    name: str
    prompt: Prompt = key(PROMPT, "the question or the announcement", word="consent")
    rule: str = key(choice(_STRICTEST), "for numbers of no region below", default=ConsentRule.OPT_IN)
    regions: Mapping[str, str] = key(
        REGIONS, "rules by the beginning of a number; of caller and called number the stricter", default={}
    )
    next: str = key(TARGET, "where the caller goes on")
    refused: str | None = key(TARGET, "who is not recorded; absent: next", default=None)
    manner: Manner = group(Manner)
    ways: WaysOut = group(WaysOut)


def rule_for(node: Consent, numbers: tuple[str, ...]) -> ConsentRule:
    """The strictest of the numbers' regions; a withheld number has the node's own rule."""
    return min((_rule_of(node, number) for number in numbers), key=_STRICTEST.index)


def _rule_of(node: Consent, number: str) -> ConsentRule:
    plain = "+" + number[2:] if number.startswith("00") else number
    fitting = [prefix for prefix in node.regions if plain.startswith(prefix)]
    return ConsentRule(node.regions[max(fitting, key=len)] if fitting else node.rule)


def enter(run: Run, node: Consent) -> Move:
    if _rule(run, node) is not ConsentRule.ANNOUNCED:
        return asking.enter(run, _question(run, node))
    run.forget_digits()
    return STAY if run.play(node.prompt, barge_in=False) else run.fall_back(node.ways.failed, _FAILED)


def resume(run: Run, node: Consent, event: Event) -> Move:
    if isinstance(event, PromptOver) and not event.heard:
        run.stop_listening()
        return _told(run, node, ConsentAnswer.NOT_HEARD)
    if _rule(run, node) is not ConsentRule.ANNOUNCED:
        return asking.resume(run, _question(run, node), event)
    return _told(run, node, ConsentAnswer.ANNOUNCED) if isinstance(event, PromptOver) else STAY


def _rule(run: Run, node: Consent) -> ConsentRule:
    numbers = (run.state.variables.get(name, "") for name in ("caller_number", "called_number"))
    return rule_for(node, tuple(numbers))


def _question(run: Run, node: Consent) -> Question:
    """Silence is a no where a yes is needed, and none where only a no counts."""
    opt_out = _rule(run, node) is ConsentRule.OPT_OUT
    manner = replace(node.manner, no_input=()) if opt_out else node.manner
    unanswered = ConsentAnswer.NOT_REFUSED if opt_out else ConsentAnswer.SILENCE
    asked = yes_or_no(
        run,
        node.prompt,
        manner,
        node.ways,
        lambda run, yes: _told(run, node, ConsentAnswer.YES if yes else ConsentAnswer.NO),
    )
    return replace(asked, give_up=lambda run, _reason: _told(run, node, unanswered))


def _told(run: Run, node: Consent, answer: ConsentAnswer) -> Move:
    run.note(
        Fact.CONSENTED,
        ("rule", _rule(run, node)),
        ("answer", answer),
        ("prompt", _fingerprint(run, node)),
        ("flow_version", run.flow.version),
        ("language", run.language),
    )
    return run.leave(node.next if answer in RECORDS else node.refused or node.next)


def _fingerprint(run: Run, node: Consent) -> str:
    """Of what was heard, word for word: another wording is another prompt."""
    heard = node.prompt.fill(run.state.variables, run.speech)
    return hashlib.sha256(repr(heard).encode()).hexdigest()[:16]


CONSENT = Kind(
    word="consent",
    node=Consent,
    doc="asks or tells whether the call is recorded; without a yes where one is needed, nothing is.",
    example="""
ask:
  consent: May we record this call? Press one for yes, two for no.
  regions: {"+1": opt-out, "+49": opt-in}
  next: bye
bye: {hangup: normal}
""",
    enter=enter,
    resume=resume,
    may_end=lambda _node: False,
)
