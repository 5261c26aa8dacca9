"""Which agents are free and which are signed in, as bit masks, and the free in the order of their turn."""

from acd.agents import Agent
from acd.masked_order import MaskedOrder


class Availability:
    """Told of every change of an agent; everything here follows from the agents."""

    def __init__(self) -> None:
        self.free = 0
        self.signed_in = 0
        self._by_turn: MaskedOrder[int] = MaskedOrder()

    def update(self, agent: Agent) -> None:
        bit = 1 << agent.number
        self.signed_in = self.signed_in | bit if agent.signed_in else self.signed_in & ~bit
        if agent.free:
            self.free |= bit
            self._by_turn.set(agent.number, agent.turn)
        elif self.free & bit:
            self.free ^= bit
            self._by_turn.discard(agent.number)

    def longest_idle(self, among: int) -> int | None:
        return self._by_turn.first(among & self.free)
