"""How long speech takes through a bridge: packets in at any time of the frame, packets out at the ticks."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from media.engine import MediaEngine
from media.layout import TICK_NS
from media.settings import MediaSettings
from tests.fakes.ticks import SteppedTicks

MS = 1_000_000
FRAME_MS = 20


@dataclass
class Heard:
    """Delays in milliseconds of the packets that came out whole, in order; and what was replaced."""

    sent: int = 0
    delays_ms: list[float] = field(default_factory=list)
    concealed_ms: int = 0

    def percentile(self, share: float) -> float:
        """Of the second half, when the buffer has settled."""
        return float(np.percentile(self.delays_ms[len(self.delays_ms) // 2 :], share))


def marked(number: int) -> bytes:
    """A packet that can be told from the others when it comes out in one piece."""
    return bytes([0x10 + number % 64]) * 80 + bytes([0x10 + number // 64 % 64]) * 80


def number_of(payload: bytes) -> int | None:
    first, second = payload[0] - 0x10, payload[80] - 0x10
    if payload != bytes([payload[0]]) * 80 + bytes([payload[80]]) * 80 or not 0 <= first < 64:
        return None
    return first + 64 * second


@dataclass(frozen=True)
class Network:
    """Between a phone and the engine; `phase_ms` is when in a frame of the engine the phone begins."""

    phase_ms: float
    jitter_ms: float = 0.5
    loss: float = 0.0
    skew: float = 0.0


@dataclass
class Speaker:
    """A phone that sends a frame every 20 ms of its own clock, over a network with jitter and loss."""

    phone: Any
    leg: Any
    first_ns: float
    network: Network
    sent_ns: dict[int, float] = field(default_factory=dict)
    arrived_ns: int = 0
    _chance: random.Random = field(default_factory=lambda: random.Random(7))
    _travelling: list[tuple[float, int]] = field(default_factory=list)

    def speak(self, until_ns: float) -> None:
        """Whatever arrives until then is in the socket of the leg."""
        while (
            at_ns := self.first_ns + len(self.sent_ns) * FRAME_MS * MS * (1 + self.network.skew)
        ) < until_ns:
            number = len(self.sent_ns)
            self.sent_ns[number] = at_ns
            if self._chance.random() >= self.network.loss:
                self._travelling.append((at_ns + self._chance.random() * self.network.jitter_ms * MS, number))
        self._travelling.sort()
        while self._travelling and self._travelling[0][0] <= until_ns:
            arrived_ns, number = self._travelling.pop(0)
            self.arrived_ns = int(arrived_ns)
            self.phone.sequence, self.phone.timestamp = 100 + number, 5000 + 160 * number
            self.phone.send(self.leg, marked(number))


def listen_through(
    ticks: SteppedTicks, engine: MediaEngine, phones: tuple[Any, Any], seconds: float, network: Network
) -> Heard:
    legs = [engine.open_leg(lambda _: None) for _ in phones]
    for phone, leg in zip(phones, legs, strict=True):
        leg.connect(phone.remote())
    legs[0].bridge(legs[1])
    first_ns = ticks.now_ns + int(network.phase_ms * MS)
    speaker = Speaker(phones[0], legs[0], first_ns, network)
    heard = Heard()
    while ticks.now_ns < first_ns + seconds * 1e9:
        speaker.speak(ticks.now_ns + TICK_NS)
        ticks.tick(speaker.arrived_ns)
        numbers = [number_of(packet[12:]) for packet in phones[1].received()]
        came = [speaker.sent_ns[number] for number in numbers if number in speaker.sent_ns]
        heard.delays_ms += [(ticks.now_ns - sent_ns) / MS for sent_ns in came]
    heard.sent = len(speaker.sent_ns)
    heard.concealed_ms = legs[0].report().concealed_ms
    return heard


@pytest.fixture
async def pass_on(make_phone: Any) -> AsyncIterator[Callable[..., Heard]]:
    """Speaks through a bridge of two legs."""
    ticks = SteppedTicks()
    engine = MediaEngine(MediaSettings(max_legs=2, max_recordings=1, max_listeners=1), ticks)
    await engine.start()

    def run(network: Network, seconds: float) -> Heard:
        return listen_through(ticks, engine, (make_phone(), make_phone()), seconds, network)

    yield run
    await engine.stop()


@pytest.mark.parametrize("phase_ms", [0.5, 3, 7, 12, 18, 19.5])
async def test_on_a_clean_network_speech_is_handed_on_in_the_tick_behind_its_arrival(
    pass_on: Callable[..., Heard], phase_ms: float
) -> None:
    heard = pass_on(Network(phase_ms), 10)
    assert heard.percentile(99) <= 9
    assert len(heard.delays_ms) >= heard.sent - 6
    assert heard.concealed_ms <= 20


async def test_jitter_and_loss_cost_the_jitter_and_little_concealment(
    pass_on: Callable[..., Heard],
) -> None:
    heard = pass_on(Network(3, jitter_ms=20, loss=0.01), 40)
    assert heard.percentile(99) <= 45
    assert heard.concealed_ms / FRAME_MS <= 0.02 * heard.sent + 4


@pytest.mark.parametrize("skew", [100e-6, -100e-6, 500e-6, -500e-6])
async def test_a_clock_that_drifts_is_followed(pass_on: Callable[..., Heard], skew: float) -> None:
    heard = pass_on(Network(3, jitter_ms=1, skew=skew), 60)
    assert heard.percentile(50) <= 15
    assert heard.percentile(99) <= 45
    assert len(heard.delays_ms) >= heard.sent - 12
