"""The media engine as the control side sees it: called from the asyncio thread, never blocks."""

from collections.abc import Callable

from media.events import MediaEvent
from media.leg import Leg
from media.reports import EngineStatistics
from media.settings import MediaSettings


class MediaEngine:
    """Owns the tick thread and all memory it works on."""

    def __init__(self, settings: MediaSettings) -> None:
        raise NotImplementedError

    async def start(self, on_progress: Callable[[str], None] | None = None) -> None:
        """Compile (first time about half a minute, later from the cache) and start ticking."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Close every leg with an RTCP BYE and end the tick thread."""
        raise NotImplementedError

    def open_leg(self, on_event: Callable[[MediaEvent], None]) -> Leg:
        """Bind an RTP and RTCP socket pair; raises MediaExhausted."""
        raise NotImplementedError

    def statistics(self) -> EngineStatistics:
        raise NotImplementedError
