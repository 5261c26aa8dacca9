"""One contact's dealings with dispatch: its stays in queues, and the agents whom dispatch finds for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from acd.agent_state import AcdError
from acd.events import ContactLeft, LeaveReason
from contacts.facts.contact import ContactFact, ConversationStarted
from contacts.facts.queue import QueueExited, QueueJoined, QueuePlaceRegained, QueuePositionTold
from contacts.ids import ContactId, ParticipantId, QueueId
from contacts.outcomes import QueueExit
from media.sound import Sound
from server.intake.customer import Customer, enqueued
from server.intake.customer_sound import CustomerSound
from server.intake.services import Services
from telephony.call import Call

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class QueueStay:
    """The queue that the customer is in, or was in last: kept for an agent who is lost."""

    queue: QueueId
    music: Sound | None
    joined_at: float
    announcement: tuple[Sound, ...] = ()
    """Heard by the agent alone, before the two are joined."""


class QueueSide:
    """Events to dispatch, and what comes back from it as facts of the contact."""

    def __init__(
        self,
        contact: ContactId,
        customer: Customer,
        services: Services,
        sound: CustomerSound,
        tell: Callable[[ContactFact], None],
    ) -> None:
        self._contact = contact
        self._customer = customer
        self._services = services
        self._sound = sound
        self._tell = tell
        self.stay: QueueStay | None = None

    # Orders of the contact core

    def join(self, joined: QueueJoined) -> None:
        if not joined.callback and self._services.callbacks.waits_on_the_line(self._contact):
            return
        number, services = self._customer.number, self._services
        event = enqueued(joined, services.callbacks, number, services.lists.raised(number))
        if joined.callback or self.stay is None or self.stay.queue != joined.queue:
            # No flow sent them here, which would have chosen their music.
            self.stay = QueueStay(joined.queue, None, self._services.now() - event.age_s)
        try:
            self._services.post(event)
        except AcdError:
            # A queue that the settings no longer name: the flow takes its error edge.
            log.exception("queue.not_joined", contact=self._contact, queue=joined.queue)
            exited = QueueExited(
                contact=self._contact, queue=joined.queue, exit=QueueExit.FAILED, waited_s=0.0
            )
            self._tell(exited)

    def leave(self, reason: LeaveReason) -> None:
        self._services.post(ContactLeft(self._contact, reason))

    # What dispatch decided

    def agent_joined(self, participant: ParticipantId, agent: Call | None, answered_at: float) -> None:
        """The agent's call, which is up, is joined with the customer's; the agent may be told first."""
        announcement = () if self.stay is None else self.stay.announcement
        told = agent is not None and self._sound.tell_agent(
            agent, announcement, lambda: self._joined(participant, self._services.now())
        )
        if not told:
            self._joined(participant, answered_at)

    def _joined(self, participant: ParticipantId, ready_at: float) -> None:
        now = self._services.now()
        waited_s = now - self.stay.joined_at if self.stay is not None else 0.0
        if self.stay is not None:
            self._services.metrics.wait_s.labels(self.stay.queue).observe(waited_s)
        started = ConversationStarted(
            contact=self._contact,
            participant=participant,
            waited_s=round(waited_s, 3),
            bridge_ms=round((now - ready_at) * 1000, 2),
        )
        self._tell(started)

    def place_regained(self) -> None:
        """The agent's phone was lost: dispatch has the customer waiting again."""
        if self.stay is not None:
            self._tell(QueuePlaceRegained(contact=self._contact, queue=self.stay.queue))

    def announce_position(self, position: int, of: int, voice: str | None) -> None:
        if self.stay is None:
            return
        told = QueuePositionTold(contact=self._contact, queue=self.stay.queue, position=position, of=of)
        self._tell(told)
        self._services.tasks.start(self._sound.announce(position, voice))
