"""The facts of one contact, one after the other: into the journal, and through its core."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import structlog

from contacts.contact import Contact
from contacts.effects import ContactEffect, Happened
from contacts.facts.contact import ContactFact, ContactFailed
from contacts.facts.fact import Fact
from server.intake.ports import FactLog
from server.journal.journal import JournalFull

log = structlog.get_logger(__name__)


class ContactMailbox:
    """An order that fails is a fault of ours: told as a fact, it ends this contact and no other."""

    def __init__(
        self,
        core: Contact,
        journal: FactLog,
        now: Callable[[], float],
        carry_out: Callable[[ContactEffect], None],
        handled: Callable[[], None],
    ) -> None:
        self._core = core
        self._journal = journal
        self._now = now
        self._carry_out = carry_out
        self._handled = handled
        self._waiting: deque[ContactFact] = deque()
        self._handling = False
        self._failed = False

    def tell(self, told: ContactFact) -> None:
        """Each to its end; one told from inside an order waits for its turn."""
        self._waiting.append(told)
        if self._handling:
            return
        self._handling = True
        try:
            while self._waiting:
                self._handle(self._waiting.popleft())
        finally:
            self._handling = False

    def _handle(self, told: ContactFact) -> None:
        self._keep(told)
        for effect in self._core.handle(told, self._now()):
            self._obey(effect)
        self._handled()

    def _obey(self, effect: ContactEffect) -> None:
        if isinstance(effect, Happened):
            self._keep(effect.fact)
            return
        try:
            self._carry_out(effect)
        except Exception:
            log.exception("contact.order_failed", contact=self._core.id, order=type(effect).__name__)
            if not self._failed:
                self._failed = True
                self.tell(ContactFailed(contact=self._core.id, reason="an order could not be carried out"))

    def _keep(self, told: Fact) -> None:
        """A journal that is full although new callers are refused loses the fact, not the call."""
        try:
            self._journal.append(told)
        except JournalFull:
            log.critical("journal.fact_lost", contact=self._core.id, kind=told.kind())
