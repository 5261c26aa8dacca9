#!/usr/bin/env python3
"""CPU cost and pacing of the media engine without SIP, beside what the kernel alone needs for the packets.

    python tests/bench/media_engine.py --legs 200 --seconds 10 [--rtpload PATH] [--plain] [--json FILE]

N legs each play an endless prompt, receive G.711 and are recorded in stereo by a thread that drains the
rings. The load comes from another process: a compiled generator that speaks the `add/reset/report/quit` line
protocol, or a small one of our own. The floor is one recvfrom and one sendto per packet, drained every 20 ms
by compiled code in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import resource
import socket
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import types

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from media.description import LegDescription, PayloadTypes, SoundCodec
from media.engine import MediaEngine
from media.g711 import ulaw_encode
from media.recording_ring import RecordingSource
from media.settings import MediaSettings
from media.sound import Sound
from media.syscalls import CLOCK_MONOTONIC, TIMER_ABSTIME, clock_nanosleep

FIRST_PORT = 46000
SETTLE_S = 12.0

recvfrom: Any = types.ExternalFunction(
    "recvfrom", types.int64(types.int32, types.int64, types.int64, types.int32, types.int64, types.int64)
)
sendto: Any = types.ExternalFunction(
    "sendto", types.int64(types.int32, types.int64, types.int64, types.int32, types.int64, types.int32)
)


@numba.njit(nogil=True)
def forward(fds: Any, addresses: Any, timespec: Any, name_size: Any, rounds: int) -> int:
    """Every 5 ms, a quarter of the sockets: take one packet, send it back."""
    forwarded = 0
    for step in range(rounds):
        timespec[1] += 5_000_000
        if timespec[1] >= 1_000_000_000:
            timespec[1] -= 1_000_000_000
            timespec[0] += 1
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, addresses[2], 0)
        for index in range(step % 4, len(fds), 4):
            while True:
                name_size[0] = 16
                size = recvfrom(fds[index], addresses[0], 2048, 0x40, addresses[1], addresses[3])
                if size <= 0:
                    break
                sendto(fds[index], addresses[0], size, 0x40, addresses[1], 16)
                forwarded += 1
    return forwarded


class CompiledLoad:
    """The generator given by --rtpload."""

    def __init__(self, path: str, legs: int) -> None:
        self.ports = [FIRST_PORT + 2 * index for index in range(legs)]
        self._process = subprocess.Popen(
            [path, "-n", str(legs), "-p", str(FIRST_PORT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def command(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def report(self) -> dict[str, Any]:
        self.command("report")
        return self._read()

    def quit(self) -> None:
        self.command("quit")
        self._process.wait(timeout=5)


class OwnLoad:
    """A generator in Python: good for a few hundred legs, its own lateness shows in `own_late_max_ms`."""

    def __init__(self, legs: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=generate, args=(theirs, legs), daemon=True)
        self._process.start()
        self.ports: list[int] = self._pipe.recv()

    def command(self, line: str) -> None:
        self._pipe.send(line)

    def report(self) -> dict[str, Any]:
        self._pipe.send("report")
        answer: dict[str, Any] = self._pipe.recv()
        return answer

    def quit(self) -> None:
        self._pipe.send("quit")
        self._process.join(timeout=5)


class Stream:
    """One paced sender and what it hears."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setsockopt(socket.SOL_SOCKET, 35, 1)
        self.target: tuple[str, int] | None = None
        self.sequence = 0
        self.sent = 0
        self.reset()

    def reset(self) -> None:
        self.received: list[tuple[int, float]] = []

    def turn(self, payload: bytes) -> None:
        while True:
            try:
                data, control, _, _ = self.socket.recvmsg(600, 64)
            except BlockingIOError:
                break
            stamp = np.frombuffer(control[0][2], dtype=np.int64)
            self.received.append((int.from_bytes(data[2:4], "big"), float(stamp[0] * 1000 + stamp[1] / 1e6)))
        if self.target is not None:
            header = (
                b"\x80\x00"
                + self.sequence.to_bytes(2, "big")
                + (self.sequence * 160).to_bytes(4, "big")
                + b"load"
            )
            self.socket.sendto(header + payload, self.target)
            self.sequence = self.sequence + 1 & 0xFFFF
            self.sent += 1


def generate(pipe: Connection, legs: int) -> None:
    streams = [Stream() for _ in range(legs)]
    pipe.send([stream.socket.getsockname()[1] for stream in streams])
    payload = bytes(tone(1.0).ulaw[:160])
    tick, origin, late_ms = 0, time.monotonic(), 0.0
    while True:
        tick += 1
        due = origin + tick * 0.001
        time.sleep(max(due - time.monotonic(), 0))
        late_ms = max(late_ms, (time.monotonic() - due) * 1e3)
        for stream in streams[tick % 20 :: 20]:
            stream.turn(payload)
        while pipe.poll():
            words = pipe.recv().split()
            if words[0] == "add":
                streams[int(words[1])].target = (words[2], int(words[3]))
            elif words[0] == "reset":
                late_ms = 0.0
                for stream in streams:
                    stream.reset()
            elif words[0] == "report":
                pipe.send(summary(streams) | {"own_late_max_ms": late_ms})
            else:
                return


def summary(streams: list[Stream]) -> dict[str, Any]:
    gaps = np.concatenate([np.diff([at for _, at in stream.received]) for stream in streams] or [np.zeros(1)])
    lost = 0
    for stream in streams:
        numbers = [number for number, _ in stream.received]
        if numbers:
            lost += (numbers[-1] - numbers[0] & 0xFFFF) + 1 - len(numbers)
    p50, p99, p999 = np.percentile(gaps, [50, 99, 99.9])
    received = sum(len(stream.received) for stream in streams)
    return {
        "rx": received,
        "lost": lost,
        "gap_p50": p50,
        "gap_p99": p99,
        "gap_p999": p999,
        "gap_max": gaps.max(),
    }


def tone(seconds: float) -> Sound:
    at = np.arange(int(8000 * seconds))
    wave = 6000 * np.sin(at * 0.35) * (0.5 + 0.5 * np.sin(at * 2 * np.pi * 3 / 8000))
    return Sound(f"bench-{seconds}", ulaw_encode(wave.astype(np.int16)).tobytes())


def drain(sources: list[RecordingSource], stop: threading.Event, frames: list[int]) -> None:
    """What a writer thread does, without the disk."""
    while not stop.wait(0.5):
        for source in sources:
            while (got := source.read()) is not None:
                frames[0] += len(got.samples)


async def run_engine(
    load: Any, legs: int, seconds: float, recorded: bool, bridged: bool = False
) -> dict[str, Any]:
    engine = MediaEngine(MediaSettings())
    await engine.start(lambda text: print(text, file=sys.stderr))
    prompt = tone(7.0)
    opened = [engine.open_leg(lambda _: None) for _ in range(legs)]
    sources = []
    for index, leg in enumerate(opened):
        types = PayloadTypes(0, 101)
        leg.connect(LegDescription("127.0.0.1", load.ports[index], SoundCodec.PCMU, types, types))
        if not bridged:
            leg.play([prompt], loop=True)
        elif index % 2:
            leg.bridge(opened[index - 1])
        if recorded:
            sources.append(leg.start_recording())
        load.command(f"add {index} {leg.address} {leg.rtp_port}")
    stop, frames = threading.Event(), [0]
    writer = threading.Thread(target=drain, args=(sources, stop, frames))
    writer.start()
    await asyncio.sleep(SETTLE_S)
    load.command("reset")
    before, cpu, tick_cpu, at = (
        engine.statistics(),
        time.process_time(),
        engine.statistics().tick_cpu_s,
        time.monotonic(),
    )
    await asyncio.sleep(seconds)
    cpu, elapsed, after = time.process_time() - cpu, time.monotonic() - at, engine.statistics()
    report = load.report()
    lost = sum(leg.report().lost for leg in opened)
    stop.set()
    writer.join()
    await engine.stop()
    result: dict[str, Any] = report | {
        "cpu_ms_per_call_s": cpu * 1e3 / legs / elapsed,
        "tick_cpu_ms_per_call_s": (after.tick_cpu_s - tick_cpu) * 1e3 / legs / elapsed,
        "lost_inbound": lost,
        "skipped_frames": after.skipped_frames - before.skipped_frames,
        "recording_dropped": after.recording_frames_dropped,
        "recorded_frames": frames[0],
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "tick_us": {bound: count for bound, count in after.tick_time_us if count},
        "lateness_us": {bound: count for bound, count in after.lateness_us if count},
    }
    return result


def run_floor(load: Any, legs: int, seconds: float) -> dict[str, Any]:
    sockets = []
    for index in range(legs):
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        opened.bind(("127.0.0.1", 0))
        sockets.append(opened)
        load.command(f"add {index} 127.0.0.1 {opened.getsockname()[1]}")
    fds = np.array([opened.fileno() for opened in sockets], dtype=np.int64)
    buffers: list[Any] = [
        np.zeros(2048, np.uint8),
        np.zeros(16, np.uint8),
        np.zeros(2, np.int64),
        np.zeros(1, np.int32),
    ]
    addresses = np.array([buffer.ctypes.data for buffer in buffers], dtype=np.int64)
    now_ns = time.monotonic_ns()
    buffers[2][:] = divmod(now_ns, 1_000_000_000)
    forward(fds, addresses, buffers[2], buffers[3], 400)
    cpu, at = time.process_time(), time.monotonic()
    forwarded = forward(fds, addresses, buffers[2], buffers[3], int(seconds * 200))
    cpu, elapsed = time.process_time() - cpu, time.monotonic() - at
    return {"cpu_ms_per_call_s": cpu * 1e3 / legs / elapsed, "forwarded": forwarded}


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--legs", type=int, default=200)
    arguments.add_argument("--seconds", type=float, default=10)
    arguments.add_argument("--rtpload", help="path of a compiled generator")
    arguments.add_argument("--bridge", action="store_true", help="legs in pairs that hear each other")
    arguments.add_argument("--plain", action="store_true", help="without recording")
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    load = CompiledLoad(chosen.rtpload, chosen.legs) if chosen.rtpload else OwnLoad(chosen.legs)
    try:
        engine = asyncio.run(run_engine(load, chosen.legs, chosen.seconds, not chosen.plain, chosen.bridge))
        floor = run_floor(load, chosen.legs, chosen.seconds)
    finally:
        load.quit()
    result = {"legs": chosen.legs, "engine": engine, "floor": floor}
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(result, indent=1, default=float))
    print_table(result)


def print_table(result: dict[str, Any]) -> None:
    engine, floor = result["engine"], result["floor"]
    print(f"legs {result['legs']}")
    print(
        f"  CPU ms per call-second  {engine['cpu_ms_per_call_s']:.3f}"
        f"  (tick {engine['tick_cpu_ms_per_call_s']:.3f})"
    )
    print(f"  bare-kernel floor       {floor['cpu_ms_per_call_s']:.3f}")
    print(f"  ratio                   {engine['cpu_ms_per_call_s'] / floor['cpu_ms_per_call_s']:.2f}")
    for name in ("gap_p50", "gap_p99", "gap_p999", "gap_max", "lost", "lost_inbound", "skipped_frames"):
        print(f"  {name:<22}  {engine[name]:.2f}")
    for name in ("lat_n", "lat_p50", "lat_p99", "lat_p999", "lat_max"):
        if name in engine:
            print(f"  {name:<22}  {engine[name]}")
    for name in (
        "recorded_frames",
        "recording_dropped",
        "rss_mb",
        "tick_us",
        "lateness_us",
        "own_late_max_ms",
    ):
        print(f"  {name:<22}  {engine.get(name)}")


if __name__ == "__main__":
    main()
