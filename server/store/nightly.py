"""What happens to recordings by themselves: those that are old enough are erased, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from recordings.saved_recordings import SavedRecordings

log = structlog.get_logger(__name__)

EVERY_S = 3600.0
NIGHT_HOURS = range(1, 5)


def local_time() -> datetime:
    return datetime.now().astimezone()


async def erase_at_night(
    kept: Callable[[], SavedRecordings],
    every_s: float = EVERY_S,
    now: Callable[[], datetime] = local_time,
) -> None:
    """Until cancelled; in the small hours of this machine's zone, when few are on the line."""
    while True:
        if (moment := now()).hour in NIGHT_HOURS:
            await _erase(kept, moment)
        await asyncio.sleep(every_s)


async def _erase(kept: Callable[[], SavedRecordings], moment: datetime) -> None:
    erased = 0
    try:
        while done := await asyncio.to_thread(lambda: kept().erase_due(moment)):
            erased += len(done)
    except Exception:
        # The edge of the night's work: what could not be erased is tried again in an hour.
        log.exception("retention.failed")
    if erased:
        log.info("retention.erased", recordings=erased)
