"""Takes every call that telephony admits, and gives it the flow of the number that was called."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass

import structlog

from contacts.ids import ContactId
from server.checks.repertoire import Repertoire
from server.intake.contact import Contact
from server.intake.house import House
from server.tasks import Tasks
from telephony.call import Call

log = structlog.get_logger(__name__)

RETRY_AFTER_S = 5


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call is not taken, as SIP says it and as the metrics count it."""

    status: int
    reason: str


NO_SUCH_NUMBER = Refusal(404, "no flow for this number")
DRAINING = Refusal(503, "draining")
FULL = Refusal(503, "too many calls")
JOURNAL_FULL = Refusal(503, "journal is full")


class Switchboard:
    """One task per contact, all in the server's group; `guests` are the contacts on the line."""

    def __init__(
        self, repertoire: Repertoire, house: House, guests: dict[ContactId, Contact], max_calls: int
    ) -> None:
        self.repertoire = repertoire
        self._house = house
        self._max_calls = max_calls
        self.guests = guests
        self.draining = False
        self._idle = asyncio.Event()
        self._idle.set()

    def take(self, call: Call, tasks: Tasks) -> None:
        """Does not block; the call is answered or refused in a task of its own."""
        number = call.facts.called or ""
        flow = self.repertoire.flow_for(number)
        if flow is None:
            self._refuse(call, NO_SUCH_NUMBER, tasks)
        elif self.draining:
            self._refuse(call, DRAINING, tasks)
        elif self._house.journal.crowded:
            self._refuse(call, JOURNAL_FULL, tasks)
        elif len(self.guests) >= self._max_calls:
            self._refuse(call, FULL, tasks)
        else:
            contact = Contact(_new_contact_id(), call, flow, self._house)
            self._enter(contact)
            task = tasks.start(contact.run(number))
            task.add_done_callback(lambda _: self._leave(contact))

    def __len__(self) -> int:
        return len(self.guests)

    async def idle(self) -> None:
        """Returns when nobody is on the line."""
        await self._idle.wait()

    def _enter(self, contact: Contact) -> None:
        self.guests[contact.id] = contact
        self._house.metrics.calls.set(len(self.guests))
        self._idle.clear()

    def _leave(self, contact: Contact) -> None:
        del self.guests[contact.id]
        self._house.metrics.calls.set(len(self.guests))
        if not self.guests:
            self._idle.set()

    def _refuse(self, call: Call, refusal: Refusal, tasks: Tasks) -> None:
        log.warning("call.refused", status=refusal.status, reason=refusal.reason, trunk=call.facts.trunk)
        self._house.metrics.refused.labels(refusal.reason).inc()
        tasks.start(call.reject(refusal.status, refusal.reason))


def _new_contact_id() -> ContactId:
    """Sorts by time, and cannot be guessed."""
    return ContactId(f"{time.time_ns() // 1_000_000:011x}{secrets.token_hex(6)}")
