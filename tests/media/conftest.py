from __future__ import annotations

import importlib.util
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from media.description import LegDescription, PayloadTypes, SoundCodec
from media.engine import MediaEngine
from media.events import MediaEvent
from media.leg import Leg
from media.settings import MediaSettings
from tests.fakes.ticks import SteppedTicks
from tests.patience import PATIENCE_S

ORACLE = Path(__file__).with_name("oracle.py")


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def listen() -> Callable[..., dict[str, Any]]:
    """The compiled receive path of one leg."""
    function: Callable[..., dict[str, Any]] = _load(ORACLE).listen
    return function


@pytest.fixture(scope="session")
def interpreted_listen() -> Iterator[Callable[..., dict[str, Any]]]:
    """The same text without the compiler, in another process."""
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ORACLE.parents[2])}
    child = subprocess.Popen(
        [sys.executable, str(ORACLE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    assert child.stdin is not None
    assert child.stdout is not None
    to_child, from_child = child.stdin, child.stdout

    def ask(turns: Any, payload_type: int = 0) -> dict[str, Any]:
        pickle.dump((turns, payload_type), to_child)
        to_child.flush()
        answer: dict[str, Any] = pickle.load(from_child)
        return answer

    yield ask
    to_child.close()
    child.wait(timeout=PATIENCE_S)


def rtp(
    sequence: int, timestamp: int, payload: bytes, kind: int = 0, ssrc: int = 0x1234, marker: bool = False
) -> bytes:
    header = bytes([0x80, kind | (0x80 if marker else 0)]) + (sequence & 0xFFFF).to_bytes(2, "big")
    return header + (timestamp & 0xFFFFFFFF).to_bytes(4, "big") + ssrc.to_bytes(4, "big") + payload


@pytest.fixture
def make_rtp() -> Callable[..., bytes]:
    return rtp


class Phone:
    """The far end of a leg on loopback."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        while True:
            self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            self.rtcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            self.rtp.bind((address, 0))
            self.port = self.rtp.getsockname()[1]
            try:
                self.rtcp.bind((address, self.port + 1))
                break
            except OSError:
                self.close()
        self.sequence = 100
        self.timestamp = 5000

    def remote(
        self, codec: SoundCodec = SoundCodec.PCMU, number: int | None = None, **changes: Any
    ) -> LegDescription:
        types = PayloadTypes(8 * codec.value if number is None else number, 101)
        fields: dict[str, Any] = {"sends": types, "receives": types} | changes
        return LegDescription("127.0.0.1", self.port, codec, **fields)

    def send(self, leg: Leg, payload: bytes, kind: int = 0, **options: Any) -> None:
        self.rtp.sendto(
            rtp(self.sequence, self.timestamp, payload, kind, **options), (leg.address, leg.rtp_port)
        )
        self.sequence += 1
        if kind != 101:
            self.timestamp += len(payload)

    def press(self, leg: Leg, event: int, packets: int = 6) -> None:
        """A whole key press in one burst."""
        for step in range(packets):
            last = step >= packets - 3
            duration = min(step + 1, packets - 2) * 160
            payload = bytes([event, (0x80 if last else 0) | 10]) + duration.to_bytes(2, "big")
            self.send(leg, payload, 101)
        self.timestamp += packets * 160

    def received(self, port: str = "rtp") -> list[bytes]:
        opened = self.rtp if port == "rtp" else self.rtcp
        packets = []
        while True:
            try:
                packets.append(opened.recv(2048))
            except BlockingIOError:
                return packets

    def close(self) -> None:
        self.rtp.close()
        self.rtcp.close()


@pytest.fixture
def make_phone() -> Iterator[Callable[..., Phone]]:
    phones: list[Phone] = []

    def make(address: str = "127.0.0.1") -> Phone:
        phones.append(Phone(address))
        return phones[-1]

    yield make
    for phone in phones:
        phone.close()


class Ear(list[MediaEvent]):
    """Collects a leg's events."""

    def __call__(self, event: MediaEvent) -> None:
        self.append(event)


@pytest.fixture
def make_ear() -> type[Ear]:
    return Ear


class Studio:
    """An engine whose clock is in the test's hand; packets on the loopback arrive at once."""

    def __init__(self, engine: MediaEngine, ticks: SteppedTicks) -> None:
        self.engine = engine
        self.ticks = ticks

    def advance(self, seconds: float) -> None:
        for _ in range(SteppedTicks.frames(seconds)):
            self.ticks.advance()
            self.engine.deliver_events()

    def until(self, ear: Ear, kind: type, at_most_s: float = 8.0) -> Any:
        """The first event of that kind, as soon as it has come."""
        for _ in range(SteppedTicks.frames(at_most_s)):
            for event in ear:
                if isinstance(event, kind):
                    return event
            self.advance(0.02)
        raise AssertionError(f"no {kind.__name__}, but {ear}")

    def talk(self, *parties: Any, frame: int = 160) -> None:
        """Each party is phone, leg, audio and maybe the payload type: all send at the pace of the engine."""
        longest = max(len(audio) for _, _, audio, *_ in parties)
        sent = 0
        for done in range(160, longest + 160, 160):
            while sent < min(done, longest):
                for phone, leg, audio, *kind in parties:
                    if sent < len(audio):
                        phone.send(leg, audio[sent : sent + frame], *kind)
                sent += frame
            self.advance(0.02)


SETTINGS: dict[str, Any] = {
    "max_legs": 8,
    "max_recordings": 4,
    "max_listeners": 2,
    "prompt_memory_mb": 1,
}


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    ticks = SteppedTicks()
    engine = MediaEngine(MediaSettings(**SETTINGS, silence_after_s=0.5, rtcp_interval_s=1), ticks)
    await engine.start()
    yield Studio(engine, ticks)
    await engine.stop()


@pytest.fixture
async def engine() -> AsyncIterator[MediaEngine]:
    """One that runs by the clock."""
    started = MediaEngine(MediaSettings(**SETTINGS))
    await started.start()
    yield started
    await started.stop()


@pytest.fixture
def wave() -> Callable[[float, float], bytes]:
    """A tone in mu-law: seconds, amplitude."""
    from media.g711 import ulaw_encode

    def make(seconds: float, amplitude: float = 8000) -> bytes:
        at = np.arange(int(seconds * 8000))
        pitch = np.sin(2 * np.pi * 125 * at / 8000) + 0.5 * np.sin(2 * np.pi * 500 * at / 8000)
        return ulaw_encode((amplitude * pitch / 1.5).astype(np.int16)).tobytes()

    return make
