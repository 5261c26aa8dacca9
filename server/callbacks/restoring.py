"""What a dead server owed its customers, read from the journal and taken up again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import Engine

from acd.agent_state import AcdError
from acd.dispatcher import Dispatcher
from contacts.contact import CUSTOMER
from contacts.facts.contact import ContactOrigin, ContactStarted, ParticipantJoined, ParticipantRole
from contacts.facts.queue import QueueExited, QueueJoined
from contacts.outcomes import QueueExit
from server.callbacks.desk import CallbackDesk, DeskClocks
from server.callbacks.dialling import hop_of
from server.callbacks.promises import LeftOver, OpenCallback, left_over
from server.intake.call_intake import CallIntake
from server.intake.customer import enqueued
from server.journal.reading import entries_of, unclosed_contacts
from telephony.endpoint import SipEndpoint

log = structlog.get_logger(__name__)

STILL_WAITS_FOR_ACK_S = 40.0
"""A phone repeats its answer for 32 seconds, and then gives up."""


def read_left_over(store: Engine) -> LeftOver:
    """Before contacts are closed as interrupted; blocks."""
    contacts = [entries_of(store, contact.contact_id) for contact in unclosed_contacts(store)]
    return left_over([entries for entries in contacts if entries])


class Restoring:
    """Done once, after the line is open. `raised`: by how much a number goes first in queues."""

    def __init__(
        self,
        desk: CallbackDesk,
        intake: CallIntake,
        dispatcher: Dispatcher,
        endpoint: SipEndpoint,
        clocks: DeskClocks,
        raised: Callable[[str], int],
    ) -> None:
        self._desk = desk
        self._intake = intake
        self._dispatcher = dispatcher
        self._endpoint = endpoint
        self._clocks = clocks
        self._raised = raised

    def take_up(self, left: LeftOver) -> None:
        for callback in left.open:
            try:
                self._take_up(callback)
            except AcdError:
                log.exception("callback.not_restored", contact=callback.contact)
                self._give_up(callback)
        for unsent in left.acks:
            if self._since(unsent.at) < STILL_WAITS_FOR_ACK_S:
                self._endpoint.resend(unsent.ack.encode(), hop_of(unsent.to))
        now = self._clocks.now()
        for caller in left.cut_off:
            waited_s = self._since(caller.joined_at)
            self._desk.returning.left(caller.number, caller.queue, waited_s, now)
        if left.open:
            log.warning("callback.restored", callbacks=len(left.open))

    def _take_up(self, callback: OpenCallback) -> None:
        contact, place, now = callback.contact, callback.place, self._clocks.now()
        waited_s = max(0.0, self._since(callback.waits_since))
        promised = (
            ContactStarted(contact=contact, origin=ContactOrigin.CALLBACK),
            ParticipantJoined(contact=contact, participant=CUSTOMER, role=ParticipantRole.CUSTOMER),
            place,
        )
        self._intake.take_up(contact, callback.number, promised, now - waited_s)
        self._desk.restore(callback)
        joined = QueueJoined(
            contact=contact,
            queue=place.queue,
            skills=place.skills,
            priority=place.priority,
            preferred=place.preferred,
            agent=place.agent,
            agent_wait_s=place.agent_wait_s,
            callback=True,
            age_s=waited_s + place.age_s,
        )
        self._dispatcher.post(enqueued(joined, self._desk, callback.number, self._raised(callback.number)))

    def _give_up(self, callback: OpenCallback) -> None:
        """Its queue is no more: told, and not owed in silence by a contact that never ends."""
        contact, queue = callback.contact, callback.place.queue
        if (active := self._intake.active.get(contact)) is not None:
            active.tell(QueueExited(contact=contact, queue=queue, exit=QueueExit.FAILED, waited_s=0.0))
        self._desk.place_lost(contact)

    def _since(self, at: datetime) -> float:
        return (self._clocks.utc() - at).total_seconds()
