"""What must be durable before somebody hears of it, without a disk that hangs holding them up."""

from __future__ import annotations

import asyncio

import structlog
from prometheus_client import Counter

from contacts.ids import ContactId
from server.intake.ports import FactLog
from server.journal.journal import JournalError

log = structlog.get_logger(__name__)

LONGEST_WAIT_S = 3.0
"""Callers take that for ringing, and their carriers for a slow answer."""


class DurableFirst:
    """A disk that hangs or refuses costs no call: `broken` counts those that went on without, by reason."""

    def __init__(self, journal: FactLog, broken: Counter) -> None:
        self._journal = journal
        self._broken = broken

    async def wait(self, contact: ContactId) -> None:
        """Until everything told so far would survive kill -9, or nobody on the line can wait any longer."""
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                await self._journal.durable()
        except TimeoutError:
            self._went_on(contact, "late")
        except JournalError:
            self._went_on(contact, "refused")

    def _went_on(self, contact: ContactId, reason: str) -> None:
        self._broken.labels(reason).inc()
        log.critical("journal.not_durable", contact=contact, reason=reason)
