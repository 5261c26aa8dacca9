"""What dispatch keeps of each agent."""

import math
from dataclasses import dataclass

from acd.agent_state import AgentFacts, AgentState
from acd.settings import AgentSettings
from contacts.ids import AgentId, ContactId, QueueId

LONGEST_PAUSE_S = 600.0
OCCUPANCY_OVER_S = 3600.0
"""Occupancy is work over the last hour or so: what is longer ago counts less and less."""

_AT_WORK = frozenset({AgentState.TALKING, AgentState.WRAP_UP})


@dataclass(slots=True)
class Record:
    """What an agent did, as far as later choices follow from it."""

    signed_in_at: float = 0.0
    offered_at: float = 0.0
    call_ended_at: float = 0.0
    calls: int = 0
    work_s: float = 0.0
    """Work, with what is longer ago counted less, as of `work_at`."""
    work_at: float = 0.0

    def worked(self, since: float, now: float) -> None:
        fades = math.exp(-(now - self.work_at) / OCCUPANCY_OVER_S)
        fresh = OCCUPANCY_OVER_S * (1 - math.exp(-(now - since) / OCCUPANCY_OVER_S))
        self.work_s, self.work_at = self.work_s * fades + fresh, now

    @property
    def occupancy_key(self) -> float:
        """Orders agents who do not work now by how much they did: all fade alike, so the order stays."""
        if self.work_s <= 0:
            return -math.inf
        return math.log(self.work_s) + self.work_at / OCCUPANCY_OVER_S


@dataclass(slots=True, eq=False)
class Agent:
    """An agent's facts, the state that follows from them, and their turn.

    Whoever does not take an offer pauses: they stay available for everyone to see, but get no offer for a
    while, which doubles with every further offer not taken.
    """

    settings: AgentSettings
    number: int
    """Their place in the settings, and their bit in every set of agents."""
    since: float
    idle_since: float
    turn: int
    """Grows over all agents: whoever became available first has the smallest."""
    record: Record
    facts: AgentFacts = AgentFacts()  # noqa: RUF009 - frozen, so one instance serves all
    state: AgentState = AgentState.OFFLINE
    paused_until: float | None = None
    misses: int = 0
    """Offers not taken since the last that was, or since a phone came anew."""
    reserved_for: ContactId | None = None
    """The customer whom we are calling for them."""
    wraps_up: ContactId | None = None
    """The last contact that they talked with..."""
    wraps_up_for: QueueId | None = None
    """...and its queue."""
    leaving: bool = False
    """The settings no longer name them: they end their call, and are forgotten."""
    groups: int = 0
    """The requirements they meet, as `acd.matching` last looked at `groups_version`."""
    groups_version: int = -1

    @property
    def id(self) -> AgentId:
        return AgentId(self.settings.name)

    @property
    def free(self) -> bool:
        """May be offered a contact now."""
        waits = self.paused_until is not None or self.reserved_for is not None or self.leaving
        return self.state is AgentState.AVAILABLE and not waits

    @property
    def signed_in(self) -> bool:
        return self.state is not AgentState.OFFLINE and not self.leaving

    @property
    def on_duty(self) -> bool:
        return self.signed_in and self.state is not AgentState.BREAK

    @property
    def busy(self) -> bool:
        facts = self.facts
        return facts.ringing is not None or facts.talking is not None or bool(facts.other_calls)

    def enter(self, new: AgentState, now: float) -> None:
        """The next state; the record keeps what the old one was spent on."""
        if self.state in _AT_WORK:
            self.record.worked(self.since, now)
        if self.state is AgentState.OFFLINE:
            self.record.signed_in_at = now
        if new is AgentState.RINGING:
            self.record.offered_at = now
        self.state, self.since = new, now


def pause_s(first_s: float, misses: int) -> float:
    """How long an agent gets no offer after the given number of offers not taken in a row."""
    return min(first_s * 2.0 ** min(misses - 1, 16), max(first_s, LONGEST_PAUSE_S))
