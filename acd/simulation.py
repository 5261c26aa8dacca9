"""Dispatch under a clock that nobody waits for: callers come, wait, hang up, are served, by random times.

It decides nothing itself: what a caller meets is what the core decides. Chance comes from outside, so that
the same chance gives the same day.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from acd.dispatch import Dispatch
from acd.effects import AnnouncePosition, Bridge, Effect, HangUpAgent, QueueStayEnded, RingAgent
from acd.erlang import QueueFigures, QueueModel
from acd.events import (
    AgentCallEnded,
    AgentRegistered,
    AgentUnregistered,
    ContactEnqueued,
    ContactLeft,
    Event,
    LeaveReason,
    OfferAnswered,
    TimePassed,
)
from acd.expected_wait import ExpectedWait
from acd.settings import AcdSettings, AgentSettings, NoAgents, QueueSettings
from acd.strategies import Strategy
from contacts.ids import AgentId, ContactId, DeviceId, QueueId
from contacts.outcomes import QueueExit

QUEUE = QueueId("queue")
_PHONE = DeviceId("phone")
BATCHES = 30
T_99 = 2.756
"""Student's t for 99 % and 29 degrees of freedom: one for each batch but one."""


@dataclass(frozen=True, slots=True)
class SimulatedStay:
    """How one caller's wait ended."""

    came_at: float
    waited_s: float
    answered: bool
    ahead: int
    agents: int
    """Signed in when they came."""
    expected: ExpectedWait | None
    """What they were told then."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A mean over batches, and half of its 99 % interval."""

    mean: float
    half: float

    def holds(self, value: float) -> bool:
        return abs(self.mean - value) <= self.half

    @classmethod
    def of(cls, batches: Sequence[float]) -> "Measured":
        mean = sum(batches) / len(batches)
        spread = math.sqrt(sum((each - mean) ** 2 for each in batches) / (len(batches) - 1))
        return cls(mean, T_99 * spread / math.sqrt(len(batches)))


@dataclass(frozen=True, slots=True)
class SimulatedFigures:
    """The figures of `acd.erlang.QueueFigures`, as they were in a simulated day."""

    waits: Measured
    mean_wait_s: Measured
    in_time: Measured
    abandons: Measured

    def agree(self, expected: QueueFigures) -> bool:
        return (
            self.waits.holds(expected.waits)
            and self.mean_wait_s.holds(expected.mean_wait_s)
            and self.in_time.holds(expected.in_time)
            and (self.abandons.holds(expected.abandons) or expected.abandons == self.abandons.mean)
        )


@dataclass(slots=True)
class _Newcomer:
    at: float
    agents: int
    ahead: int = 0
    expected: ExpectedWait | None = None


class SimulatedDay:
    """One queue and its agents, who answer at once; times are exponential, as the formulas assume.

    `chance` gives numbers from 0 up to 1.
    """

    def __init__(
        self,
        model: QueueModel,
        chance: Callable[[], float],
        strategy: Strategy = Strategy.LONGEST_IDLE,
        staffing: Sequence[tuple[float, int]] = (),
    ) -> None:
        """`staffing`: from when on how many of the agents are signed in; at first, and without it, all."""
        self._model = model
        self._chance = chance
        agents = tuple(AgentSettings(name=f"agent-{number}") for number in range(model.agents))
        queue = QueueSettings(
            name=QUEUE,
            strategy=strategy,
            wrap_up_s=0,
            announce_every_s=0,
            short_abandon_s=0,
            no_agents=NoAgents.WAIT,
        )
        self._dispatch = Dispatch(AcdSettings(agents=agents, queues=(queue,)))
        self._agenda: list[tuple[float, int, Event]] = []
        self._entries = count()
        self._here: dict[ContactId, _Newcomer] = {}
        self._signed_in = 0
        self.stays: list[SimulatedStay] = []
        for number in range(model.agents):
            self._tell(AgentRegistered(_agent(number), _PHONE), 0.0)
        signed_in = model.agents
        for at, there in staffing:
            for number in range(min(there, signed_in), max(there, signed_in)):
                event = AgentRegistered if there > signed_in else AgentUnregistered
                self._plan(event(_agent(number), _PHONE), at)
            signed_in = there

    def run(self, callers: int) -> None:
        """Until the last of so many callers has been served or has hung up."""
        arrivals = count(1)
        next_arrival = self._exponential(1 / self._model.calls_s)
        while callers or self._agenda:
            if callers and (not self._agenda or next_arrival <= self._agenda[0][0]):
                self._arrive(ContactId(f"c{next(arrivals)}"), next_arrival)
                next_arrival += self._exponential(1 / self._model.calls_s)
                callers -= 1
            else:
                at, _, event = heappop(self._agenda)
                self._tell(event, at)

    def _arrive(self, contact: ContactId, now: float) -> None:
        self._here[contact] = _Newcomer(now, self._signed_in)
        self._tell(ContactEnqueued(contact, QUEUE), now)
        if contact in self._here and self._model.patience_s is not None:
            patience_s = self._exponential(self._model.patience_s)
            self._plan(ContactLeft(contact, LeaveReason.HUNG_UP), now + patience_s)

    def _tell(self, event: Event, now: float) -> None:
        if isinstance(event, ContactLeft) and event.contact not in self._here:
            return  # Who is being served does not run out of patience.
        if isinstance(event, AgentRegistered | AgentUnregistered):
            self._signed_in += 1 if isinstance(event, AgentRegistered) else -1
        while (due := self._dispatch.next_deadline()) is not None and due < now:
            self._follow(self._dispatch.handle(TimePassed(), due), due)
        self._follow(self._dispatch.handle(event, now), now)

    def _follow(self, effects: tuple[Effect, ...], now: float) -> None:
        for effect in effects:
            match effect:
                case RingAgent(offer):
                    self._plan(OfferAnswered(offer), now)
                case Bridge(_, _, offer):
                    self._plan(AgentCallEnded(offer), now + self._exponential(self._model.handling_s))
                case HangUpAgent(offer):
                    self._plan(AgentCallEnded(offer), now)
                case AnnouncePosition(contact, position, _, expected):
                    self._here[contact].ahead, self._here[contact].expected = position - 1, expected
                case QueueStayEnded(contact, _, outcome, waited_s):
                    self._left(contact, waited_s, outcome is QueueExit.ANSWERED)
                case _:
                    pass

    def _left(self, contact: ContactId, waited_s: float, answered: bool) -> None:
        came = self._here.pop(contact)
        self.stays.append(SimulatedStay(came.at, waited_s, answered, came.ahead, came.agents, came.expected))

    def _plan(self, event: Event, at: float) -> None:
        heappush(self._agenda, (at, next(self._entries), event))

    def _exponential(self, mean: float) -> float:
        return -mean * math.log(1 - self._chance())


def _agent(number: int) -> AgentId:
    return AgentId(f"agent-{number}")


def figures_of(stays: Sequence[SimulatedStay], in_time_s: float) -> SimulatedFigures:
    """By means over batches in the order of arrival, without the first tenth, when the line builds up."""
    ordered = sorted(stays, key=lambda stay: stay.came_at)
    settled = ordered[len(ordered) // 10 :]
    size = len(settled) // BATCHES
    batches = [settled[start * size : (start + 1) * size] for start in range(BATCHES)]

    def measured(value: Callable[[SimulatedStay], float]) -> Measured:
        return Measured.of([sum(map(value, batch)) / len(batch) for batch in batches])

    return SimulatedFigures(
        waits=measured(lambda stay: stay.waited_s > 0),
        mean_wait_s=measured(lambda stay: stay.waited_s),
        in_time=measured(lambda stay: stay.answered and stay.waited_s <= in_time_s),
        abandons=measured(lambda stay: not stay.answered),
    )
