"""What dispatch decided, written to the journal of the contact it is about."""

from __future__ import annotations

from acd.agent_state import AgentState
from acd.effects import AgentStateChanged, Bridge, ContactOutcome, Effect, RingAgent
from acd.events import Event
from contacts.ids import AgentId, ContactId
from server.journal.journal import Journal


class JournalLedger:
    """Wrap-up belongs to the contact the agent last talked with, so that one id tells the whole story."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._last_contact: dict[AgentId, ContactId] = {}

    def decided(self, event: Event, effects: tuple[Effect, ...], now: float) -> None:
        """`acd.ports.Ledger`; the event itself reached the journal through the contact it is about."""
        for effect in effects:
            self._write(effect)

    def _write(self, effect: Effect) -> None:
        match effect:
            case RingAgent(_, agent, contact, _, decision):
                self._journal.append(
                    contact,
                    "agent.offered",
                    agent=agent,
                    rule=decision.rule.value,
                    waited_s=round(decision.waited_s, 3),
                    idle_s=round(decision.idle_s, 3),
                )
            case Bridge(contact, agent, _):
                self._last_contact[agent] = contact
            case ContactOutcome(contact, queue, outcome, waited_s):
                self._journal.append(
                    contact, "queue.outcome", queue=queue, outcome=outcome.value, waited_s=round(waited_s, 3)
                )
            case AgentStateChanged(agent, old, new, _):
                self._write_wrap_up(agent, old, new)
            case _:
                pass

    def _write_wrap_up(self, agent: AgentId, old: AgentState, new: AgentState) -> None:
        contact = self._last_contact.get(agent)
        if contact is None or AgentState.WRAP_UP not in (old, new):
            return
        if new is AgentState.WRAP_UP:
            self._journal.append(contact, "agent.wrap-up", agent=agent)
        else:
            del self._last_contact[agent]
            self._journal.append(contact, "agent.wrapped-up", agent=agent)
