#!/usr/bin/env python3
"""Callers in a speech menu while music plays into it: memory a listener, and whether everything is told.

    python tests/bench/media_listeners.py --legs 513 --seconds 60 --rtpload PATH [--json FILE]

Every leg plays a prompt, is listened to, and hears sound without a pause. Whoever listens asks for each piece
of talk as it is told, as a server does. Memory is the growth of this process, the sockets' buffers apart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from media.call_sound import CallSound
from media.description import LegDescription, PayloadTypes, SoundCodec
from media.engine import MediaEngine
from media.errors import MediaError
from media.events import MediaEvent, MediaSilent, TalkEnded
from media.settings import MediaSettings
from tests.bench.media_engine import CompiledLoad, OwnLoad, tone


@dataclass
class Told:
    """What all listeners came to know."""

    pieces: int = 0
    cut: int = 0
    refused: int = 0
    silent: int = 0


class Listener:
    """One caller in a menu."""

    def __init__(self, engine: MediaEngine, told: Told) -> None:
        self._told = told
        self.leg: CallSound = engine.open_leg(self.on_event)

    def on_event(self, event: MediaEvent) -> None:
        told = self._told
        if isinstance(event, MediaSilent):
            told.silent += 1
        if isinstance(event, TalkEnded):
            told.pieces += 1
            told.cut += event.cut
            try:
                self.leg.heard(event.start, event.end)
            except MediaError:
                told.refused += 1


def resident_kb() -> float:
    """Now, not at the peak."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024


async def listen(load: Any, legs: int, seconds: float) -> dict[str, Any]:
    engine = MediaEngine(MediaSettings(max_legs=max(2048, legs), max_listeners=max(2048, legs)))
    await engine.start(lambda text: print(text, file=sys.stderr))
    prompt, told, types = tone(7.0), Told(), PayloadTypes(0, 101)
    before_kb = resident_kb()
    listeners = [Listener(engine, told) for _ in range(legs)]
    for index, listener in enumerate(listeners):
        leg = listener.leg
        leg.connect(LegDescription("127.0.0.1", load.ports[index], SoundCodec.PCMU, types, types))
        leg.play([prompt], loop=True)
        leg.listen(True)
        load.command(f"add {index} {leg.address} {leg.rtp_port}")
        if index % 100 == 99:
            await asyncio.sleep(0)
    await asyncio.sleep(seconds)
    memory_kb = (resident_kb() - before_kb) / legs
    statistics = engine.statistics()
    load_share = engine.load()
    await engine.stop()
    return asdict(told) | {
        "legs": legs,
        "seconds": seconds,
        "kb_per_listener": round(memory_kb, 1),
        "load": round(load_share, 3),
        "events_dropped": statistics.events_dropped,
        "skipped_frames": statistics.skipped_frames,
    }


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--legs", type=int, default=513)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--rtpload", help="path of a compiled generator")
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    load = CompiledLoad(chosen.rtpload, chosen.legs) if chosen.rtpload else OwnLoad(chosen.legs)
    try:
        result = asyncio.run(listen(load, chosen.legs, chosen.seconds))
    finally:
        load.quit()
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(result, indent=1))
    for name, value in result.items():
        print(f"  {name:<18} {value}")
    if result["refused"] or result["silent"] or result["kb_per_listener"] > 150:
        sys.exit(1)


if __name__ == "__main__":
    main()
