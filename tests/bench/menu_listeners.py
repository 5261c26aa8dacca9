#!/usr/bin/env python3
"""Callers in a speech menu of a whole server with music playing into it: who is hung up, what they cost.

    python tests/bench/menu_listeners.py --callers 513 --seconds 60 [--rate 50] [--json FILE]

The callers are a process of its own: one SIP socket, and one that everybody's music comes from. Memory is
what the server's process grew by, recordings' rings, flows and journal included. Exit status 0 only when
every caller was answered and still there at the end, for at most 150 kB each.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from media.g711 import ulaw_encode
from media.layout import FRAME
from server.bench import caller
from server.bench.caller import Callers
from server.bench.contacts import cpu_s
from tests.interop.attacker import calls_up, resident_mb
from tests.interop.trunkline import Trunkline

MOST_KB = 150.0
FRAME_S = 0.02
MUSIC_S = 8
MENU = """\
flow: {name}
version: 1
language: en
start: main
nodes:
  main:
    menu: For support, say support. For our opening hours, say opening hours.
    options:
      1: {{next: bye, or_say: [support]}}
      2: {{next: bye, or_say: [opening hours]}}
    timeout: 20s
    no_input: [{answers}]
    no_match: [{answers}]
  bye: {{hangup: normal}}
"""
ANSWERS = ", ".join(["Please choose."] * 40)  # a question that is not given up
SETTINGS = """\
[flows]
directory = "flows"
"""
_AUDIO = re.compile(rb"m=audio (\d+) ")


class Choir(Callers):
    """Everybody sends the same music, each as a stream of their own."""

    def __init__(self, target: str, *, hold_s: float) -> None:
        super().__init__(target, hold_s=hold_s)
        self._host_of_server = target.rpartition(":")[0]
        self.ports: dict[int, int] = {}
        self.late_frames = 0
        self._over = threading.Event()

    def _final(self, number: int, status: int, method: bytes, message: bytes) -> None:
        found = _AUDIO.search(message)
        if method == b"INVITE" and status == 200 and found:
            self.ports[number] = int(found[1])
        if method == b"BYE":
            self.ports.pop(number, None)
        super()._final(number, status, method, message)

    def sing(self) -> None:
        """Until the last call is over; what could not be sent in its 20 ms is counted."""
        octets = ulaw_encode(music()).tobytes()
        pieces = [octets[at : at + FRAME] for at in range(0, len(octets), FRAME)]
        frame, due = 0, time.monotonic()
        while not self._over.is_set():
            head = b"\x80\x00" + (frame & 0xFFFF).to_bytes(2, "big")
            head += (frame * FRAME & 0xFFFF_FFFF).to_bytes(4, "big")
            payload = pieces[frame % len(pieces)]
            for number, port in tuple(self.ports.items()):
                packet = head + number.to_bytes(4, "big") + payload
                self._media.sendto(packet, (self._host_of_server, port))
            frame, due = frame + 1, due + FRAME_S
            wait_s = due - time.monotonic()
            if wait_s > 0:
                time.sleep(wait_s)
            elif wait_s < -FRAME_S:
                self.late_frames += 1

    def perform(self, rate: float, callers: int) -> dict[str, Any]:
        singing = threading.Thread(target=self.sing)
        singing.start()
        try:
            tally = self.run(rate, callers / rate)
        finally:
            self._over.set()
            singing.join()
        return {
            "placed": tally.placed,
            "whole": tally.whole,
            "refused": tally.refused,
            "lost": tally.lost,
            "late_frames": self.late_frames,
        }


def music() -> np.ndarray:
    """A chord that changes twice a second: sound without a pause that no recogniser understands."""
    rate, tones = 8000, np.random.default_rng(5).choice([262, 294, 330, 392, 440, 523], (2 * MUSIC_S, 3))
    at = np.arange(rate // 2) / rate
    chords = [sum(np.sin(2 * np.pi * hz * at) for hz in chord) for chord in tones]
    return (4000 * np.concatenate(chords)).astype(np.int16)


async def measure(folder: Path, callers: int, seconds: float, rate: float) -> dict[str, Any]:
    (folder / "flows").mkdir(parents=True)
    for name in ("welcome", "endless"):
        (folder / "flows" / f"{name}.yaml").write_text(MENU.format(name=name, answers=ANSWERS))

    async with await Trunkline.start(folder, SETTINGS) as server:
        before_kb, cpu_before_s = resident_mb(server) * 1024, cpu_s(server.process.pid)
        ramp_s = callers / rate
        arguments = ["choir", server.address, str(rate), str(callers), str(ramp_s + seconds)]
        choir = await asyncio.create_subprocess_exec(
            *(sys.executable, __file__, *arguments), stdout=subprocess.PIPE
        )
        await asyncio.sleep(ramp_s + seconds * 0.9)
        there, grown_kb = await calls_up(server), resident_mb(server) * 1024 - before_kb
        told = json.loads((await choir.communicate())[0])
        used_s = cpu_s(server.process.pid) - cpu_before_s
        errors = server.errors()
    call_seconds = callers * (ramp_s + seconds)
    result: dict[str, Any] = told | {
        "callers": callers,
        "seconds": seconds,
        "still_there": there,
        "kb_per_caller": round(grown_kb / callers, 1),
        "cpu_ms_per_call_second": round(used_s * 1000 / call_seconds, 3),
        "errors": errors[:1],
    }
    return result


def is_good(result: dict[str, Any]) -> bool:
    stayed = result["whole"] == result["still_there"] == result["callers"]
    return bool(stayed and not result["errors"] and result["kb_per_caller"] <= MOST_KB)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--callers", type=int, default=513)
    parser.add_argument("--seconds", type=float, default=60, help="after the last has been answered")
    parser.add_argument("--rate", type=float, default=50, help="callers a second until all are there")
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trunkline-menu-") as folder:
        result = asyncio.run(measure(Path(folder) / "server", wanted.callers, wanted.seconds, wanted.rate))
    for name, value in result.items():
        print(f"  {name:<22} {value}")
    if wanted.json is not None:
        wanted.json.write_text(json.dumps(result, indent=1))
    return 0 if is_good(result) else 1


def sing_for(address: str, rate: str, callers: str, hold_s: str) -> int:
    """The process of the callers."""
    caller.PATIENCE_S = float(hold_s) + 60
    choir = Choir(address, hold_s=float(hold_s))
    sys.stdout.write(json.dumps(choir.perform(float(rate), int(callers))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(sing_for(*sys.argv[2:]) if sys.argv[1:2] == ["choir"] else main())
