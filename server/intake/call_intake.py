"""Takes every call that telephony admits, and gives it the flow of the number that was called."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping

import structlog

from contacts.contact import Contact
from contacts.facts.contact import ContactFact
from contacts.ids import AgentId, ContactId
from server.checks.repertoire import Repertoire
from server.intake.active_contact import ActiveContact
from server.intake.agent_calls import AgentCalls
from server.intake.agent_desk import AgentDesk
from server.intake.customer import Customer
from server.intake.feature_codes import FeatureCodes
from server.intake.services import Services
from telephony.admission import Refusal
from telephony.call import Call

log = structlog.get_logger(__name__)

BLOCKED = Refusal(603, "This number is blocked", "intake.blocked")
NO_SUCH_NUMBER = Refusal(404, "No flow for this number", "intake.no-such-number")


class CallIntake:
    """`repertoire` may be exchanged at any time: calls in progress keep the flow they began with."""

    def __init__(
        self, repertoire: Repertoire, services: Services, active: dict[ContactId, ActiveContact]
    ) -> None:
        self.repertoire = repertoire
        self._services = services
        self._active = active
        self._on_line: set[ContactId] = set()
        self._agent_calls = AgentCalls(services, self._open)
        self._codes = FeatureCodes(services)
        self.desk = AgentDesk(services)
        self.draining = False
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        """Contacts with somebody on the line."""
        return len(self._on_line)

    @property
    def active(self) -> Mapping[ContactId, ActiveContact]:
        """The contacts on the line, and those whose customer is to be called."""
        return self._active

    def take(self, call: Call) -> None:
        """Does not block; the call is answered or refused in a task of its own."""
        if call.facts.agent is not None:
            agent = AgentId(call.facts.agent)
            if self._codes.take(call, agent):
                return
            refusal = self._agent_calls.take(call, agent)
            if refusal is not None:
                self._refuse(call, refusal)
            return
        if self._services.lists.blocked(call.facts.caller):
            self._refuse(call, BLOCKED)
            return
        flow = self.repertoire.flow_for(call.facts.called or "")
        if flow is None:
            self._refuse(call, NO_SUCH_NUMBER)
            return
        self._open(Customer.of(call)).begin(call, flow)

    def _open(self, customer: Customer) -> ActiveContact:
        return self._count(self._contact(new_contact_id(), customer))

    def begin_away(self, number: str) -> ActiveContact:
        """A contact that begins with a promise to call."""
        contact = self._contact(new_contact_id(), Customer(number))
        contact.begin_away()
        return self._count(contact)

    def take_up(
        self, contact: ContactId, number: str, promised: tuple[ContactFact, ...], since: float
    ) -> None:
        """A contact that is owed a call since an earlier run of the program; nothing is written."""
        core = Contact(contact)
        for told in promised:
            core.handle(told, since)
        self._count(self._contact(contact, Customer(number), core))

    def _contact(self, contact: ContactId, customer: Customer, core: Contact | None = None) -> ActiveContact:
        opened = ActiveContact(contact, customer, self._services, self._closed, self._count, core)
        self._active[contact] = opened
        return opened

    async def idle(self) -> None:
        """Returns when nobody is on the line."""
        await self._idle.wait()

    def _closed(self, contact: ActiveContact) -> None:
        del self._active[contact.id]
        self._count(contact)

    def _count(self, contact: ActiveContact) -> ActiveContact:
        """After they came, left, or are to be called from here on."""
        if contact.id in self._active and not contact.away:
            self._on_line.add(contact.id)
        else:
            self._on_line.discard(contact.id)
        self._services.metrics.calls.set(len(self))
        if self._on_line:
            self._idle.clear()
        else:
            self._idle.set()
        return contact

    def _refuse(self, call: Call, refusal: Refusal) -> None:
        log.warning("call.refused", status=refusal.status, rule=refusal.rule_id, trunk=call.facts.trunk)
        self._services.metrics.refused.labels(refusal.rule_id).inc()
        self._services.tasks.start(call.reject(refusal.status, refusal.reason))


def new_contact_id() -> ContactId:
    """Sorts by time, and cannot be guessed."""
    return ContactId(f"{time.time_ns() // 1_000_000:011x}{secrets.token_hex(6)}")
