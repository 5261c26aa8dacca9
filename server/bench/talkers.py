"""Phones in a process of their own: each sends a frame every 20 ms and notes when what comes back arrived.

Good for a few hundred: `own_late_ms_max` says how late this process itself was. Every frame carries the time
it was sent, so that a bridge tells how long speech takes.
"""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

import numpy as np
import pylibsrtp

from media.description import SrtpKeys
from media.g711 import ulaw_encode
from media.layout import FRAME
from media.sound import Sound

_STAMP = b"TRNK"
_SO_TIMESTAMPNS = 35
_ANSWER_S = 30.0


@dataclass(frozen=True, slots=True)
class Travelled:
    """What the phones heard in one measurement; times in milliseconds."""

    packets: int
    lost: int
    gap_ms_p50: float
    gap_ms_p99: float
    gap_ms_p999: float
    gap_ms_max: float
    delays: int
    delay_ms_p50: float | None
    delay_ms_p99: float | None
    own_late_ms_max: float


def tone(seconds: float) -> Sound:
    """A voice-like hum: loud, never the same for long."""
    at = np.arange(int(8000 * seconds))
    wave = 6000 * np.sin(at * 0.35) * (0.5 + 0.5 * np.sin(at * 2 * np.pi * 3 / 8000))
    return Sound(f"bench-{seconds}", ulaw_encode(wave.astype(np.int16)).tobytes())


@dataclass(slots=True)
class _Phone:
    socket: socket.socket
    target: tuple[str, int] | None = None
    sequence: int = 0
    seal: pylibsrtp.Session | None = None
    received: list[tuple[int, float]] = field(default_factory=list)
    delays_ms: list[float] = field(default_factory=list)

    def turn(self, payload: bytes) -> None:
        while True:
            try:
                data, control, _, _ = self.socket.recvmsg(600, 64)
            except BlockingIOError:
                break
            stamp = np.frombuffer(control[0][2], dtype=np.int64)
            arrived_ms = float(stamp[0]) * 1e3 + float(stamp[1]) / 1e6
            self.received.append((int.from_bytes(data[2:4], "big"), arrived_ms))
            at = data.find(_STAMP, 12)
            if 12 <= at <= len(data) - 12:
                sent_ms = int.from_bytes(data[at + 4 : at + 12], "big") / 1e6
                self.delays_ms.append(arrived_ms - sent_ms + (at - 12) / 8)
        if self.target is None:
            return
        header = b"\x80\x00" + self.sequence.to_bytes(2, "big")
        header += (self.sequence * FRAME & 0xFFFF_FFFF).to_bytes(4, "big") + b"load"
        stamped = _STAMP + time.time_ns().to_bytes(8, "big") + payload[12:]
        packet = header + stamped
        if self.seal is not None:
            packet = self.seal.protect(packet)
        self.socket.sendto(packet, self.target)
        self.sequence = self.sequence + 1 & 0xFFFF


class Talkers:
    """The phones, from outside their process."""

    def __init__(self, phones: int, server_keys: SrtpKeys | None = None) -> None:
        """With keys, those the server is given, the phones send SRTP; what they hear they do not open."""
        self.server_keys = server_keys
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_talk, args=(theirs, phones, server_keys), daemon=True)
        self._process.start()
        self.ports: list[int] = self._pipe.recv()

    def send_to(self, phone: int, address: str, port: int) -> None:
        self._pipe.send(("send", phone, address, port))

    def begin(self) -> None:
        """Whatever was noted before is forgotten."""
        self._pipe.send(("begin",))

    def heard(self) -> Travelled:
        self._pipe.send(("tell",))
        if not self._pipe.poll(_ANSWER_S):
            raise TimeoutError("the phones do not answer")
        answer: Travelled = self._pipe.recv()
        return answer

    def close(self) -> None:
        self._pipe.send(("end",))
        self._process.join(timeout=5)


def _seal(keys: SrtpKeys | None) -> pylibsrtp.Session | None:
    if keys is None:
        return None
    profile = getattr(pylibsrtp.Policy, keys.suite.value)
    policy = pylibsrtp.Policy(keys.receives, pylibsrtp.Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile)
    return pylibsrtp.Session(policy)


def _talk(pipe: Connection, count: int, keys: SrtpKeys | None) -> None:
    phones = [_Phone(_socket(), seal=_seal(keys)) for _ in range(count)]
    pipe.send([phone.socket.getsockname()[1] for phone in phones])
    payload = tone(1.0).ulaw[:FRAME]
    tick, origin_s, late_s = 0, time.monotonic(), 0.0
    while True:
        tick += 1
        due_s = origin_s + tick * 0.001
        time.sleep(max(due_s - time.monotonic(), 0))
        late_s = max(late_s, time.monotonic() - due_s)
        for phone in phones[tick % 20 :: 20]:
            phone.turn(payload)
        while pipe.poll():
            match pipe.recv():
                case ("send", int(number), str(address), int(port)):
                    phones[number].target = (address, port)
                case ("begin",):
                    late_s = 0.0
                    for phone in phones:
                        phone.received, phone.delays_ms = [], []
                case ("tell",):
                    pipe.send(_summary(phones, late_s * 1e3))
                case _:
                    return


def _socket() -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    opened.bind(("127.0.0.1", 0))
    opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    return opened


def _summary(phones: Iterable[_Phone], late_ms: float) -> Travelled:
    heard = [phone.received for phone in phones if phone.received]
    gaps = np.concatenate([np.diff([at for _, at in each]) for each in heard] or [np.zeros(0)])
    delays = np.array([delay for phone in phones for delay in phone.delays_ms])
    expected = sum(_expected(each) for each in heard)
    packets = sum(len(each) for each in heard)
    p50, p99, p999 = np.percentile(gaps, [50, 99, 99.9]) if len(gaps) else (0.0, 0.0, 0.0)
    return Travelled(
        packets=packets,
        lost=max(expected - packets, 0),
        gap_ms_p50=round(float(p50), 2),
        gap_ms_p99=round(float(p99), 2),
        gap_ms_p999=round(float(p999), 2),
        gap_ms_max=round(float(gaps.max()), 2) if len(gaps) else 0.0,
        delays=len(delays),
        delay_ms_p50=round(float(np.percentile(delays, 50)), 2) if len(delays) else None,
        delay_ms_p99=round(float(np.percentile(delays, 99)), 2) if len(delays) else None,
        own_late_ms_max=round(late_ms, 2),
    )


def _expected(received: list[tuple[int, float]]) -> int:
    """Packets from the first number to the greatest, which the network need not have brought last."""
    numbers = np.array([number for number, _ in received])
    steps = (np.diff(numbers) + 0x8000 & 0xFFFF) - 0x8000
    return int(max(np.cumsum(steps).max(initial=0), 0)) + 1
