"""The parts of a core, tied together."""

from dataclasses import dataclass
from typing import Self

from acd.agent_registry import AgentRegistry
from acd.assignment import Assignment
from acd.callbacks import CallbackPlaces
from acd.deadlines import DispatchDeadlines
from acd.effects import Effect
from acd.foresight import Foresight
from acd.offers import Offers
from acd.queue_places import QueuePlaces
from acd.settings import AcdSettings, orders_needed


@dataclass(frozen=True, slots=True)
class DispatchParts:
    """What `Dispatch` routes events and timers to."""

    deadlines: DispatchDeadlines
    outbox: list[Effect]
    registry: AgentRegistry
    places: QueuePlaces
    offers: Offers
    assignment: Assignment
    callbacks: CallbackPlaces

    @classmethod
    def configured(cls, settings: AcdSettings, now: float) -> Self:
        deadlines, outbox = DispatchDeadlines(), list[Effect]()
        registry = AgentRegistry(deadlines, outbox)
        registry.configure(settings.agents, orders_needed(settings.queues), now)
        places = QueuePlaces(settings.queues, Foresight(registry), deadlines, outbox)
        offers = Offers(registry, deadlines, outbox)
        assignment = Assignment(registry, places, offers, deadlines, outbox)
        callbacks = CallbackPlaces(registry, places, offers, assignment, outbox)
        return cls(deadlines, outbox, registry, places, offers, assignment, callbacks)
