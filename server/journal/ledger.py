"""What dispatch decided, written to the journal of the contact it is about."""

from __future__ import annotations

from collections.abc import Callable

from acd.agent_state import AgentState
from acd.effects import AgentStateChanged, Bridge, Effect, RingAgent, WrapUpCoded
from acd.events import Event
from contacts.facts.agent import AgentBecame
from contacts.facts.fact import Fact
from contacts.facts.queue import OfferMade, WrapUpFinished, WrapUpStarted
from contacts.facts.system import DispatchSnapshot
from contacts.ids import AgentId, ContactId
from server.journal.dispatch_trace import SNAPSHOT_EVERY, told
from server.journal.journal import Journal

Dump = Callable[[], dict[str, object]]


class JournalLedger:
    """Wrap-up belongs to the contact the agent last talked with, so that one id tells the whole story."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._last_contact: dict[AgentId, ContactId] = {}
        self._codes: dict[AgentId, str] = {}
        self._dump: Dump | None = None
        self._since_snapshot = 0

    def watch(self, dump: Dump, now: float) -> None:
        """Dispatch begins: what it knows is the ground of a replay, now and every so many events."""
        self._dump = dump
        self._snapshot(now)

    def decided(self, event: Event, effects: tuple[Effect, ...], now: float) -> None:
        """`acd.ports.Ledger`."""
        self._journal.note(told(event, effects, now))
        self._since_snapshot += 1
        if self._since_snapshot >= SNAPSHOT_EVERY:
            self._snapshot(now)
        for effect in effects:
            for fact in self._facts(effect):
                self._journal.note(fact)

    def _snapshot(self, now: float) -> None:
        if self._dump is not None:
            self._since_snapshot = 0
            self._journal.note(DispatchSnapshot(state=self._dump(), clock_s=now))

    def _facts(self, effect: Effect) -> tuple[Fact, ...]:
        match effect:
            case RingAgent(offer, agent, contact, _, decision):
                return (
                    OfferMade(
                        contact=contact,
                        offer=offer,
                        agent=agent,
                        rule=decision.rule.value,
                        waited_s=round(decision.waited_s, 3),
                        idle_s=round(decision.idle_s, 3),
                    ),
                )
            case WrapUpCoded(_, agent, code):
                self._codes[agent] = code
                return ()
            case Bridge(contact, agent, _):
                self._last_contact[agent] = contact
                return ()
            case AgentStateChanged(agent, old, new, cause):
                became = AgentBecame(agent=agent, old=old.value, new=new.value, cause=cause.value)
                return (became, *self._wrap_up(agent, old, new))
            case _:
                return ()

    def _wrap_up(self, agent: AgentId, old: AgentState, new: AgentState) -> tuple[Fact, ...]:
        contact = self._last_contact.get(agent)
        if contact is None or AgentState.WRAP_UP not in (old, new):
            return ()
        if new is AgentState.WRAP_UP:
            return (WrapUpStarted(contact=contact, agent=agent),)
        del self._last_contact[agent]
        return (WrapUpFinished(contact=contact, agent=agent, code=self._codes.pop(agent, "")),)
