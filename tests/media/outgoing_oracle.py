"""Everything that some legs send in a scene of a few seconds; as a script it pickles that, for its twin."""

from __future__ import annotations

import asyncio
import pickle
import sys
from collections.abc import Callable

import numpy as np

from media.call_sound import RoomPart
from media.description import PayloadTypes, SoundCodec
from media.engine import MediaEngine
from media.g711 import ulaw_encode
from media.settings import MediaSettings
from media.sound import Sound
from tests.fakes.ticks import SteppedTicks
from tests.media.conftest import Phone

Sent = list[list[tuple[int, int, int, bytes]]]


def voice(seed: int, seconds: float) -> bytes:
    noise = np.random.default_rng(seed).normal(0, 3000, int(8000 * seconds))
    return ulaw_encode(noise.astype(np.int16)).tobytes()


async def perform() -> Sent:
    """Prompts, digits, a bridge of two laws, G.722, a room with parts and gain, 30 ms packets, losses."""
    ticks = SteppedTicks()
    engine = MediaEngine(MediaSettings(max_legs=8, max_recordings=2, max_listeners=2), ticks)
    await engine.start()
    phones = [Phone() for _ in range(5)]
    legs = [engine.open_leg(lambda _: None) for _ in phones]
    voices = [voice(seed, 3.0) for seed in range(5)]
    sent: list[list[bytes]] = [[] for _ in phones]
    legs[0].connect(phones[0].remote())
    legs[1].connect(phones[1].remote(SoundCodec.PCMA))
    legs[2].connect(phones[2].remote(ptime_ms=30))
    legs[3].connect(phones[3].remote(receives=PayloadTypes(0)))
    legs[4].connect(phones[4].remote(SoundCodec.G722, 9))
    room = engine.open_room()
    orders: dict[int, Callable[[], object]] = {
        5: lambda: legs[0].play([Sound("a", voices[4][:3000]), Sound("b", voices[3][:2000])]),
        20: lambda: legs[0].bridge(legs[1]),
        40: lambda: legs[2].send_digits("5#"),
        60: lambda: room.join(legs[0]),
        61: lambda: room.join(legs[1]),
        62: lambda: room.join(legs[2]),
        80: lambda: room.join(legs[3], RoomPart.COACH),
        84: lambda: room.join(legs[4]),
        90: lambda: room.join(legs[0], RoomPart.COACHED, -6.0),
        100: lambda: legs[1].shield(True),
        110: lambda: room.leave(legs[2]),
        120: lambda: legs[2].play([Sound("c", voices[2][:1234])], loop=True),
        130: legs[4].close,
    }
    for frame in range(150):
        if frame in orders:
            orders[frame]()
        for number, (phone, leg) in enumerate(zip(phones, legs, strict=True)):
            kind = {1: 8, 4: 9}.get(number, 0)
            payload = voices[number][160 * frame : 160 * frame + 160]
            phone.send(leg, payload, kind)
            if frame % 17 == number:
                phone.sequence += 1
                phone.timestamp += 160
        ticks.advance()
        engine.deliver_events()
        for phone, packets in zip(phones, sent, strict=True):
            packets.extend(phone.received())
    await engine.stop()
    for phone in phones:
        phone.close()
    return [[_plain(packet, packets[0]) for packet in packets] for packets in sent]


def _plain(packet: bytes, first: bytes) -> tuple[int, int, int, bytes]:
    """Without the numbers that are drawn by chance."""
    sequence = int.from_bytes(packet[2:4], "big") - int.from_bytes(first[2:4], "big") & 0xFFFF
    timestamp = int.from_bytes(packet[4:8], "big") - int.from_bytes(first[4:8], "big") & 0xFFFF_FFFF
    return packet[1], sequence, timestamp, packet[12:]


if __name__ == "__main__":
    pickle.dump(asyncio.run(perform()), sys.stdout.buffer)
