"""The media engine as the control side sees it: called from the asyncio thread, never blocks."""

import asyncio
import collections
import contextlib
import os
import resource
import secrets
import time
from collections.abc import Callable

import numpy as np
import structlog

from media.errors import MediaError, MediaExhausted, MediaStopped
from media.events import MediaEvent
from media.layout import EVENT_WORDS, ORDER_WORDS, Command, Memory
from media.leg import Leg
from media.libraries import VoiceDetectors
from media.memory import allocate, listening_memory
from media.recording_ring import take_frames
from media.reports import EngineStatistics, engine_statistics
from media.ring import pop_events, push_commands
from media.room import Room
from media.row_allocation import RowAllocation
from media.settings import MediaSettings
from media.sockets import PortPairs, own_address, own_ipv6_address
from media.srtp_sessions import srtp_functions
from media.tick import run_ticks
from media.ticker import Ticker, TickThread

log = structlog.get_logger(__name__)

_EVENTS_AT_ONCE = 256
_GOODBYE_S = 1.0
_SPARE_DESCRIPTORS = 512


class MediaEngine:
    """Owns the ticks and all memory they work on.

    Commands that find the ring full raise MediaExhausted; events that find it full are counted and
    lost. Nothing needed for bookkeeping travels as an event, so a lost event never leaks a row.
    """

    def __init__(self, settings: MediaSettings, ticker: Ticker | None = None) -> None:
        self._settings = settings
        self._event_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._listen_fd = listening_memory(settings)
        detectors = VoiceDetectors(settings.talk_detector_mode)
        self._memory = allocate(settings, self._event_fd, self._listen_fd)
        tell_functions(self._memory.hub, detectors)
        own, own_ipv6 = own_address(settings), own_ipv6_address(settings)
        self._rows = RowAllocation(settings, self._memory, detectors)
        self._ports = PortPairs(settings, own)
        self._ipv6_ports = None if own_ipv6 is None else PortPairs(settings, own_ipv6)
        self._legs: dict[int, Leg] = {}
        self._blank_leg = np.zeros((), dtype=self._memory.legs.dtype)
        self._free_rows = collections.deque(range(settings.max_legs - 1, -1, -1))
        self._generations = 0
        self._batch = np.zeros(_EVENTS_AT_ONCE * EVENT_WORDS, dtype=np.int64)
        self._ticker = TickThread() if ticker is None else ticker
        self._started = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self, on_progress: Callable[[str], None] | None = None) -> None:
        """Compile (first time about half a minute, later from the cache) and start ticking."""
        if self._started:
            raise MediaStopped("the media engine has been started before")
        self._started = True
        self._loop = asyncio.get_running_loop()
        _raise_descriptor_limit(2 * self._settings.max_legs + _SPARE_DESCRIPTORS)
        await self._compile(on_progress)
        self._ticker.start(self._memory, self._settings.realtime_priority)
        self._loop.add_reader(self._event_fd, self.deliver_events)
        self._rows.running = True
        log.info("media.started", max_legs=self._settings.max_legs)

    async def stop(self) -> None:
        """Close every leg with an RTCP BYE and end the tick thread; idempotent."""
        if self._loop is None or not self._rows.running:
            return
        for leg in list(self._legs.values()):
            with contextlib.suppress(MediaExhausted):
                leg.close()
        deadline_s = time.monotonic() + _GOODBYE_S
        while self._legs and time.monotonic() < deadline_s:
            await self._ticker.pause()
            self._reap()
        self._rows.running = False
        await asyncio.to_thread(self._ticker.halt)
        self._loop.remove_reader(self._event_fd)
        os.close(self._event_fd)
        os.close(self._listen_fd)
        for row, leg in self._legs.items():
            recording = int(self._memory.legs[row]["recording"])
            if recording >= 0:
                self._memory.recordings[recording]["ended"] = 1
            leg.dispose()
        self._legs.clear()
        self._rows.dispose()
        log.info("media.stopped")

    def open_leg(self, on_event: Callable[[MediaEvent], None], *, ipv6: bool = False) -> Leg:
        """Bind an RTP and RTCP socket pair; raises MediaExhausted."""
        self._reap()
        if not self._free_rows:
            raise MediaExhausted("all legs are in use: raise media.max_legs")
        ports = self._ipv6_ports if ipv6 else self._ports
        if ports is None:
            raise MediaError("there is no sound over IPv6: write media.ipv6_address")
        sockets = ports.bind()
        row = self._free_rows.pop()
        self._generations += 1
        leg = Leg(self._rows, row, self._generations, sockets, ports.advertised, on_event)
        descriptors = sockets[0].fileno() | sockets[1].fileno() << 32
        try:
            self._memory.legs[row] = self._blank_leg
            self._rows.order_one(
                Command.OPEN,
                row,
                leg.generation,
                descriptors,
                secrets.randbits(32),
                secrets.randbits(16),
                secrets.randbits(32),
                int(ipv6),
            )
        except (MediaExhausted, MediaStopped):
            self._free_rows.append(row)
            leg.dispose()
            raise
        self._legs[row] = leg
        return leg

    def open_room(self) -> Room:
        """The room that was left longest ago; raises MediaExhausted."""
        if not self._rows.free_rooms:
            raise MediaExhausted("all rooms are in use")
        return Room(self._rows, self._rows.free_rooms.popleft())

    def load(self) -> float:
        """The busy share of the tick's time in the last second; cheap enough to ask for every call."""
        return int(self._memory.hub["busy_ns"]) / 1e9

    def statistics(self) -> EngineStatistics:
        return engine_statistics(self._memory, len(self._legs))

    async def _compile(self, on_progress: Callable[[str], None] | None) -> None:
        self._memory.hub["stop"] = 1
        work = asyncio.create_task(asyncio.to_thread(_warm_up, self._memory))
        started_s = time.monotonic()
        while True:
            done, _ = await asyncio.wait({work}, timeout=1.0)
            if done:
                await work
                return
            if on_progress is not None:
                elapsed_s = time.monotonic() - started_s
                on_progress(f"compiling the media engine, once per version: {elapsed_s:.0f} s")

    def deliver_events(self) -> None:
        """Called in the event loop when there is news; the rest of a large burst waits for its next turn."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._event_fd)
        count = pop_events(self._memory.hub, self._batch)
        entries = self._batch.reshape(-1, EVENT_WORDS)[:count].tolist()
        for kind, row, generation, first, second, at_ns, *_ in entries:
            leg = self._legs.get(row)
            if leg is not None and leg.generation == generation:
                leg.deliver(kind, first, second, at_ns / 1e9)
        self._reap()
        if count == _EVENTS_AT_ONCE:
            os.eventfd_write(self._event_fd, 1)

    def _reap(self) -> None:
        """Free the rows of closed legs that the tick has let go of."""
        closing = self._rows.closing
        for row, leg in list(closing.items()):
            if self._memory.legs[row]["closed"] == leg.generation:
                leg.dispose()
                del self._legs[row]
                del closing[row]
                self._free_rows.appendleft(row)


def tell_functions(hub: np.void, detectors: VoiceDetectors) -> None:
    """The addresses of what compiled code calls outside of this package."""
    functions = srtp_functions()
    hub["voice_process"] = detectors.process
    hub["srtp_protect"], hub["srtp_unprotect"] = functions.protect, functions.unprotect
    hub["srtp_protect_rtcp"], hub["srtp_unprotect_rtcp"] = functions.protect_rtcp, functions.unprotect_rtcp


def _warm_up(memory: Memory) -> None:
    """Compile, or load from the cache, what Python calls; `stop` makes the loop return at once."""
    run_ticks(memory)
    push_commands(memory.hub, np.zeros(ORDER_WORDS, dtype=np.int64), 0)
    pop_events(memory.hub, np.zeros(EVENT_WORDS, dtype=np.int64))
    nothing = np.zeros(0, dtype=np.uint8)
    take_frames(memory.recordings[0], nothing, nothing)


def _raise_descriptor_limit(wanted: int) -> None:
    """Two sockets a leg soon exceed the usual soft limit of 1024; the hard limit is respected."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    ceiling = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < ceiling:
        resource.setrlimit(resource.RLIMIT_NOFILE, (ceiling, hard))
