"""Which agents are free and which are signed in, as bit masks, and the free in the strategies' orders."""

from collections.abc import Callable, Iterable

from acd.agents import Agent
from acd.masked_order import MaskedOrder
from acd.strategies import AgentOrder

OrderKey = tuple[float, int]

# Every key stays the same while an agent is free; whoever became available first comes first among equals.
KEYS: dict[AgentOrder, Callable[[Agent], OrderKey]] = {
    AgentOrder.AVAILABLE: lambda agent: (0.0, agent.turn),
    AgentOrder.LAST_CALL: lambda agent: (agent.record.call_ended_at, agent.turn),
    AgentOrder.LAST_OFFER: lambda agent: (agent.record.offered_at, agent.turn),
    AgentOrder.SIGN_IN: lambda agent: (agent.record.signed_in_at, agent.turn),
    AgentOrder.CALLS: lambda agent: (float(agent.record.calls), agent.turn),
    AgentOrder.OCCUPANCY: lambda agent: (agent.record.occupancy_key, agent.turn),
}


class Availability:
    """Told of every change of an agent; everything here follows from the agents."""

    def __init__(self, orders: Iterable[AgentOrder] = (AgentOrder.AVAILABLE,)) -> None:
        self.free = 0
        self.signed_in = 0
        self.on_duty = 0
        """Signed in and not on a break."""
        self._orders: dict[AgentOrder, MaskedOrder[OrderKey]] = {order: MaskedOrder() for order in orders}

    def update(self, agent: Agent) -> None:
        bit = 1 << agent.number
        self.signed_in = self.signed_in | bit if agent.signed_in else self.signed_in & ~bit
        self.on_duty = self.on_duty | bit if agent.on_duty else self.on_duty & ~bit
        if agent.free:
            self.free |= bit
            for order, kept in self._orders.items():
                kept.set(agent.number, KEYS[order](agent))
        elif self.free & bit:
            self.free ^= bit
            for kept in self._orders.values():
                kept.discard(agent.number)

    def first(self, order: AgentOrder, among: int) -> int | None:
        return self._orders[order].first(among)
