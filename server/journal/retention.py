"""What is personal in events is erased when the time to keep it is over; what happened and when stays."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from contacts.facts.contact import PersonalErased
from server.journal.erasure import due
from server.journal.journal import Journal, JournalError

log = structlog.get_logger(__name__)

LOOKS_EVERY_S = 3600.0
PAUSE_S = 0.5
"""Between two transactions, so that a long backlog costs no call."""


class PersonalRetention:
    """`run` until cancelled. A disk that refuses costs a round, not the next."""

    def __init__(
        self,
        keep: timedelta,
        journal: Journal,
        store: Engine,
        *,
        utc: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._keep = keep
        self._journal = journal
        self._store = store
        self._utc = utc
        self._sleep = sleep

    async def run(self) -> None:
        while True:
            try:
                erased = await self._erase_due()
            except (SQLAlchemyError, JournalError) as error:
                log.error("retention.failed", cause=type(error).__name__)  # noqa: TRY400 - no bug: tried again
            else:
                if erased:
                    log.info("retention.erased", contacts=erased)
            await self._sleep(LOOKS_EVERY_S)

    async def _erase_due(self) -> int:
        """How many contacts."""
        erased, before = 0, self._utc() - self._keep
        # What a failing round asked for is still to come: it is not asked for twice.
        await self._journal.durable()
        while contacts := await asyncio.to_thread(due, self._store, before):
            for contact in contacts:
                self._journal.append(PersonalErased(contact=contact))
            await self._journal.durable()
            erased += len(contacts)
            await self._sleep(PAUSE_S)
        return erased
