"""What sound costs: the media engine alone, with phones in another process, beside the bare kernel.

The floor is one recvfrom and one sendto for each packet of the same phones in the same run.
"""

from __future__ import annotations

import asyncio
import resource
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from media.call_sound import CallSound, RecordingFeed
from media.description import LegDescription, PayloadTypes, SoundCodec, SrtpKeys, SrtpSuite
from media.engine import MediaEngine
from media.settings import MediaSettings
from server.bench.kernel_floor import floor_cpu_ms
from server.bench.talkers import Talkers, Travelled, tone

_SETTLE_S = 6.0
_ROOM = 50

Progress = Callable[[str], None]


class SoundWork(Enum):
    """What the legs do."""

    PROMPTS = "prompts"
    """Each hears a prompt without end and is recorded: a caller in a menu."""
    BRIDGES = "bridges"
    """Pairs that hear each other and are recorded: callers with agents."""
    ROOMS = "rooms"
    """Conferences of fifty, not recorded."""
    TONES = "tones"
    """Each hears a prompt, and its sound is searched for keys."""
    LISTENING = "listening"
    """Each hears a prompt and is listened to: a caller in a speech menu."""
    ENCRYPTED = "encrypted"
    """As with prompts, in SRTP."""


@dataclass(frozen=True, slots=True)
class SoundCost:
    """One measurement; CPU in milliseconds for a leg and second, of the whole process and of the tick."""

    work: str
    legs: int
    seconds: float
    cpu_ms: float
    tick_cpu_ms: float
    floor_ms: float
    memory_kb: float
    load: float
    skipped_frames: int
    recording_frames_dropped: int
    heard: Travelled

    @property
    def times_floor(self) -> float:
        return self.cpu_ms / self.floor_ms if self.floor_ms else 0.0


def sound_cost(work: SoundWork, legs: int, seconds: float, progress: Progress) -> SoundCost:
    """Blocks for some seconds more than asked; raises MediaError."""
    talkers = Talkers(legs, _keys() if work is SoundWork.ENCRYPTED else None)
    try:
        return asyncio.run(_measure(work, talkers, legs, seconds, progress))
    finally:
        talkers.close()


async def _measure(
    work: SoundWork, talkers: Talkers, legs: int, seconds: float, progress: Progress
) -> SoundCost:
    engine = MediaEngine(MediaSettings(max_legs=legs, max_recordings=legs, max_listeners=legs))
    await engine.start(progress)
    before_kb = _resident_kb()
    opened = _open(engine, work, talkers)
    recorded = work in (SoundWork.PROMPTS, SoundWork.BRIDGES, SoundWork.ENCRYPTED)
    feeds = [leg.start_recording() for leg in opened] if recorded else []
    stop = threading.Event()
    writer = threading.Thread(target=_drain, args=(feeds, stop))
    writer.start()
    progress(f"{legs} legs, {work.value}")
    await asyncio.sleep(_SETTLE_S)
    talkers.begin()
    began, tick_began, at_s = time.process_time(), engine.statistics().tick_cpu_s, time.monotonic()
    await asyncio.sleep(seconds)
    cpu_s, elapsed_s = time.process_time() - began, time.monotonic() - at_s
    after = engine.statistics()
    heard, load = talkers.heard(), engine.load()
    memory_kb = (_resident_kb() - before_kb) / legs
    stop.set()
    writer.join()
    await engine.stop()
    progress("the bare kernel")
    floor_ms = floor_cpu_ms(talkers, min(seconds, 5.0))
    return SoundCost(
        work=work.value,
        legs=legs,
        seconds=seconds,
        cpu_ms=round(cpu_s * 1e3 / legs / elapsed_s, 3),
        tick_cpu_ms=round((after.tick_cpu_s - tick_began) * 1e3 / legs / elapsed_s, 3),
        floor_ms=round(floor_ms, 3),
        memory_kb=round(memory_kb, 1),
        load=round(load, 3),
        skipped_frames=after.skipped_frames,
        recording_frames_dropped=after.recording_frames_dropped,
        heard=heard,
    )


def _open(engine: MediaEngine, work: SoundWork, talkers: Talkers) -> list[CallSound]:
    types = PayloadTypes(0, None if work is SoundWork.TONES else 101)
    opened: list[CallSound] = [engine.open_leg(lambda _: None) for _ in talkers.ports]
    room = engine.open_room()
    for number, (leg, port) in enumerate(zip(opened, talkers.ports, strict=True)):
        leg.connect(
            LegDescription("127.0.0.1", port, SoundCodec.PCMU, types, types, srtp=talkers.server_keys)
        )
        if work is SoundWork.LISTENING:
            leg.listen(True)
        if work is SoundWork.BRIDGES and number % 2:
            leg.bridge(opened[number - 1])
        elif work is SoundWork.ROOMS:
            room = engine.open_room() if number and number % _ROOM == 0 else room
            room.join(leg)
        elif work is not SoundWork.BRIDGES:
            leg.play([tone(7.0)], loop=True)
        talkers.send_to(number, leg.address, leg.rtp_port)
    return opened


def _keys() -> SrtpKeys:
    suite = SrtpSuite.AES_CM_128_HMAC_SHA1_80
    return SrtpKeys(suite, secrets.token_bytes(suite.key_bytes), secrets.token_bytes(suite.key_bytes))


def _drain(feeds: Sequence[RecordingFeed], stop: threading.Event) -> None:
    """What a writer thread does, without the disk."""
    while not stop.wait(0.5):
        for feed in feeds:
            while feed.read() is not None:
                pass


def _resident_kb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1024
