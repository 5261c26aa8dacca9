"""`intent`: what a caller wants, made out of what they say by rules with examples.

The score is the weight of the example's words that were said; a word that fewer intents use weighs more.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ivr_flows.definition.prompts import Prompt, Template, TextTemplate
from ivr_flows.engine import asking
from ivr_flows.engine.asking import Question
from ivr_flows.engine.events import Event
from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import Go, Move
from ivr_flows.engine.run import Run
from ivr_flows.engine.verdict import Open, Reply, Verdict
from ivr_flows.kinds.confirming import yes_or_no
from ivr_flows.kinds.declare import Kind, group, key
from ivr_flows.kinds.entries_of import named_entries
from ivr_flows.kinds.faq import PHRASES
from ivr_flows.kinds.manner import Manner, WaysOut
from ivr_flows.kinds.values import FRACTION, PROMPT, TARGET, TEXT
from ivr_flows.phrases import spoken_form

CONFIRMING = "confirming"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentRule:
    """One thing that callers may want."""

    next: str = key(TARGET, "where the caller goes on")
    examples: tuple[str, ...] = key(PHRASES, "what callers say who want this")
    called: str = key(TEXT, "how it is called when it is confirmed; absent: its name", default="")


INTENTS = named_entries("intents, each with {next, examples, called}", IntentRule, "name an intent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Sure enough goes on, less sure is confirmed, and unsure is a mismatch."""

    name: str
    prompt: Prompt = key(PROMPT, "the question", word="intent")
    intents: Mapping[str, IntentRule] = key(INTENTS, "what callers may want")
    accept: float = key(FRACTION, "a score from here on is taken", default=0.7)
    confirm: float = key(FRACTION, "a score from here on is confirmed first", default=0.4)
    ask_back: str = key(TEXT, "how it is confirmed", default="Did you say: (intent)?")
    manner: Manner = group(Manner)
    ways: WaysOut = group(WaysOut)


def enter(run: Run, node: Intent) -> Move:
    run.state.partial.pop(CONFIRMING, None)
    return asking.enter(run, _question(run, node))


def resume(run: Run, node: Intent, event: Event) -> Move:
    return asking.resume(run, _question(run, node), event)


def _question(run: Run, node: Intent) -> Question:
    name = run.state.partial.get(CONFIRMING)
    if name is not None and name in node.intents:
        called = node.intents[name].called or name
        prompt = Prompt((TextTemplate(Template((node.ask_back.replace("(intent)", called),))),))
        return yes_or_no(run, prompt, node.manner, node.ways, lambda run, yes: _told(run, node, name, yes))
    return Question(
        prompt=node.prompt,
        manner=node.manner,
        ways=node.ways,
        judge=lambda _entry: Open.MISMATCH,
        judge_silence=lambda _entry: Open.MISMATCH,
        judge_speech=lambda text, _confidence: _judge(node, text),
        take=lambda run, reply, _by: _take(run, node, reply),
        phrases=run.phrases(example for rule in node.intents.values() for example in rule.examples),
    )


def scores(intents: Mapping[str, IntentRule], text: str) -> dict[str, float]:
    """Return how well a text fits each intent, from 0 to 1."""
    weights = _weights(intents)
    said = set(spoken_form(text).split())
    return {
        name: max((_overlap(said, example.split(), weights) for example in rule.examples), default=0.0)
        for name, rule in intents.items()
    }


def _weights(intents: Mapping[str, IntentRule]) -> dict[str, float]:
    users: dict[str, set[str]] = {}
    for name, rule in intents.items():
        for example in rule.examples:
            for word in example.split():
                users.setdefault(word, set()).add(name)
    return {word: math.log(1 + len(intents) / len(names)) for word, names in users.items()}


def _overlap(said: set[str], words: list[str], weights: Mapping[str, float]) -> float:
    whole = sum(weights[word] for word in words)
    return sum(weights[word] for word in words if word in said) / whole if whole else 0.0


def _judge(node: Intent, text: str) -> Verdict:
    found = sorted(((score, name) for name, score in scores(node.intents, text).items()), reverse=True)
    (best, name), *others = found or [(0.0, "")]
    is_tie = bool(others) and others[0][0] == best
    return Open.MISMATCH if best < node.confirm or is_tie else Reply((name, best))


def _take(run: Run, node: Intent, reply: Reply) -> Move:
    name, score = reply.value
    if score >= node.accept:
        return _chosen(run, node, name)
    run.state.partial[CONFIRMING] = name
    return asking.enter(run, _question(run, node))


def _told(run: Run, node: Intent, name: str, yes: bool) -> Move:
    return _chosen(run, node, name) if yes else enter(run, node)


def _chosen(run: Run, node: Intent, name: str) -> Move:
    run.state.partial.pop(CONFIRMING, None)
    run.note(Fact.OPTION_CHOSEN, ("option", name), ("by", "speech"))
    return Go(node.intents[name].next)


INTENT = Kind(
    word="intent",
    node=Intent,
    doc="makes out what a caller wants, by examples; what is less sure is confirmed.",
    example="""
what:
  intent: How can I help you?
  intents:
    billing: {next: billing, examples: [a question about my bill, the invoice is wrong]}
    repair: {next: repair, examples: [it is broken, I need a repair]}
  otherwise: repair
billing: {hangup: normal}
repair: {hangup: normal}
""",
    enter=enter,
    resume=resume,
    may_end=lambda _node: False,
    uses_otherwise=lambda node: node.ways.otherwise is None,
    phrases=lambda node: tuple(example for rule in node.intents.values() for example in rule.examples),
)
