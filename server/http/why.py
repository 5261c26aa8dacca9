"""Why a contact went to an agent, or to none: dispatch itself, told again what it was told, is asked.

Nothing is guessed: the same program with the same inputs decides the same, and a step that does not says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from acd.effects import Bridge, Effect, QueueStayEnded, RequirementRelaxed, ReturnToQueue, RingAgent
from acd.events import ContactEnqueued, Event
from acd.explanation import AgentVerdict, Explanation
from contacts.facts.entry import JournalEntry
from contacts.ids import ContactId
from server.journal.dispatch_trace import tell_again


@dataclass(frozen=True, slots=True)
class AgentConsidered:
    """One agent at one decision."""

    agent: str
    verdict: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class WhyStep:
    """Something that dispatch decided about the contact, with every agent as they stood just before."""

    sequence: int
    at: datetime
    text: str
    rule: str
    agents: tuple[AgentConsidered, ...]
    faithful: bool
    """The replay decided what was decided then; False shows another version of the program."""


def why(trace: Sequence[JournalEntry], contact: ContactId) -> tuple[WhyStep, ...]:
    """`trace` begins with a snapshot of dispatch and has all that it was told from there on, in order.

    Told twice: the first time shows which events matter, the second time agents are judged at those alone.
    """
    wanted = frozenset(told.sequence for told in _retold(trace, contact, frozenset()) if told.matters)
    return tuple(step for told in _retold(trace, contact, wanted) if (step := _step(told, contact)))


def as_considered(explanation: Explanation | None, chosen: frozenset[str]) -> tuple[AgentConsidered, ...]:
    if explanation is None:
        return ()
    return tuple(
        AgentConsidered(agent, _as_told(verdict, agent in chosen), agent in chosen)
        for agent, verdict in explanation.verdicts.items()
    )


@dataclass(frozen=True, slots=True)
class _Retold:
    """One event told again."""

    sequence: int
    at: datetime
    event: Event
    effects: tuple[Effect, ...]
    faithful: bool
    matters: bool
    explanation: Explanation | None
    states: tuple[AgentConsidered, ...]
    """For a contact that came and went in one event: nobody was judged for it, but everybody has a state."""


def _retold(trace: Sequence[JournalEntry], contact: ContactId, judged: frozenset[int]) -> Iterator[_Retold]:
    for again in tell_again(trace):
        dispatch, judge = again.dispatch, again.sequence in judged
        before = dispatch.explain(contact) if judge else None
        states = dispatch.snapshot(again.now).agents if judge else ()
        effects, faithful = again.decide()
        yield _Retold(
            again.sequence,
            again.at,
            again.event,
            effects,
            faithful,
            _matters(again.event, effects, contact),
            (before or dispatch.explain(contact)) if judge else None,
            tuple(AgentConsidered(agent.agent, agent.state.value, False) for agent in states),
        )


def _matters(event: Event, effects: tuple[Effect, ...], contact: ContactId) -> bool:
    if isinstance(event, ContactEnqueued) and event.contact == contact:
        return True
    return any(_decides(effect, contact) for effect in effects)


def _decides(effect: Effect, contact: ContactId) -> bool:
    kinds = (RingAgent, Bridge, ReturnToQueue, QueueStayEnded, RequirementRelaxed)
    return isinstance(effect, kinds) and effect.contact == contact


def _step(told: _Retold, contact: ContactId) -> WhyStep | None:
    if not told.matters:
        return None
    texts, rules, chosen = [], [], set[str]()
    if isinstance(told.event, ContactEnqueued) and told.event.contact == contact:
        texts.append(f"joins queue {told.event.queue}")
    for effect in told.effects:
        if _decides(effect, contact):
            texts.append(_text(effect))
        if isinstance(effect, RingAgent) and effect.contact == contact:
            rules.append(effect.decision.rule.value)
            chosen.add(effect.agent)
    return WhyStep(
        told.sequence,
        told.at,
        "; ".join(texts),
        "; ".join(dict.fromkeys(rules)),
        as_considered(told.explanation, frozenset(chosen)) or told.states,
        told.faithful,
    )


def _text(effect: Effect) -> str:
    match effect:
        case RingAgent(agent=agent, decision=decision):
            return (
                f"{agent} is rung, after {decision.waited_s:.0f} s of waiting ({decision.idle_s:.0f} s free)"
            )
        case Bridge(agent=agent):
            return f"talks with {agent}"
        case ReturnToQueue():
            return "the agent's phone was lost: waits again, before everybody else"
        case QueueStayEnded() as ended:
            return f"leaves the queue after {ended.waited_s:.0f} s: {ended.outcome.value}"
        case RequirementRelaxed(skill=skill, level=level):
            enough = f"{skill} {level} is enough" if level else f"{skill} is not required"
            return f"from here on {enough}"
        case _:
            return ""


def _as_told(verdict: AgentVerdict, chosen: bool) -> str:
    return "chosen" if chosen else verdict.value
