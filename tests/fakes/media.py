"""A media engine without sockets, threads or compiled code; its clock is in the test's hand.

It keeps the contract of `media.call_sound`, which `tests/media/test_call_sound_contract.py` holds for both.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from media.call_sound import CallSound, RoomPart
from media.description import LegDescription
from media.errors import MediaError, MediaExhausted, MediaStopped
from media.events import (
    DigitReceived,
    MediaEvent,
    MediaResumed,
    MediaSilent,
    PlaybackFinished,
    PlaybackId,
    TalkEnded,
    TalkStarted,
)
from media.frames import Frames
from media.g711 import ULAW_SILENCE, ulaw_decode, ulaw_encode
from media.reports import LegReport
from media.sound import Sound
from tests.fakes.taps import FakeTap

FRAME = 160
FRAME_S = 0.02
SILENCE = bytes([ULAW_SILENCE]) * FRAME
HANGOVER_FRAMES = 20
LONGEST_TALK = 80_000
KEPT = 96_000
SILENT_AFTER_FRAMES = 250
READ_AT_ONCE = 64
KEYS = "0123456789*#ABCD"


@dataclass(frozen=True)
class Playback:
    """One order to play."""

    id: PlaybackId
    sounds: tuple[Sound, ...]
    loop: bool

    @cached_property
    def ulaw(self) -> bytes:
        return b"".join(sound.ulaw for sound in self.sounds)


class FakeRecording:
    """A feed that holds whatever its leg's frames brought; nothing is ever dropped."""

    def __init__(self, started_at_frame: int) -> None:
        self.started_at_frame = started_at_frame
        self.frames: list[bytes] = []
        self.ended = False
        self._read = 0
        self._drained = False

    @property
    def finished(self) -> bool:
        return self._drained

    @property
    def dropped_frames(self) -> int:
        return 0

    def read(self) -> Frames | None:
        first, waiting = self._read, self.frames[self._read : self._read + READ_AT_ONCE]
        self._read += len(waiting)
        if not waiting:
            self._drained = self.ended
            return None
        stereo = np.frombuffer(b"".join(waiting), np.uint8).reshape(-1, 2, FRAME)
        return Frames(first, stereo.transpose(1, 0, 2))

    def heard(self) -> bytes:
        """Everything the party heard so far."""
        return b"".join(frame[FRAME:] for frame in self.frames)

    def said(self) -> bytes:
        return b"".join(frame[:FRAME] for frame in self.frames)


@dataclass
class _Talk:
    """What detection knows of one party."""

    start: int | None = None
    end: int = 0


@dataclass
class _Counted:
    received: int = 0
    sent: int = 0


class FakeLeg:
    """Remembers what it was told; `press`, `say` and `absent` are the party at the far end."""

    address = "127.0.0.1"

    def __init__(self, engine: FakeEngine, number: int, on_event: Callable[[MediaEvent], None]) -> None:
        self.rtp_port = 20_000 + 2 * number
        self.closed = False
        self.absent = False
        self.descriptions: list[LegDescription] = []
        self.playbacks: list[Playback] = []
        self.playing: Playback | None = None
        self.bridged: FakeLeg | None = None
        self.recordings: list[FakeRecording] = []
        self.listening = False
        self.taps: list[FakeTap] = []
        self.shielded = False
        self.room: FakeRoom | None = None
        self.digits_sent = ""
        self._engine = engine
        self._on_event = on_event
        self._frame = 0
        self._played = 0
        self._saying = bytearray()
        self._talk = _Talk()
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=KEPT // FRAME)
        self._missed = 0
        self._counted = _Counted()
        self.said = SILENCE

    # What owners use.

    @property
    def connected(self) -> bool:
        return bool(self.descriptions)

    def connect(self, description: LegDescription) -> None:
        self._raise_if_closed()
        self.descriptions.append(description)
        self._missed = 0

    def play(self, sounds: Sequence[Sound], *, loop: bool = False) -> PlaybackId:
        self._raise_if_closed()
        heard = tuple(sound for sound in sounds if sound.ulaw)
        if not 0 < len(heard) <= 64:
            raise MediaError("a playback needs between 1 and 64 sounds")
        self.playing = Playback(self._engine.next_playback(), heard, loop)
        self.playbacks.append(self.playing)
        self._played = 0
        return self.playing.id

    def stop_playback(self) -> None:
        self._raise_if_closed()
        self.playing = None

    def send_digits(self, digits: str) -> None:
        if not self.descriptions or self.descriptions[-1].sends.events is None:
            raise MediaError("the peer does not take telephone-events")
        if len(digits) > 64 or not set(digits) <= set(KEYS):
            raise MediaError("those are no digits")
        self._raise_if_closed()
        self.digits_sent += digits

    def bridge(self, other: CallSound) -> None:
        if other is self or not isinstance(other, FakeLeg) or other._engine is not self._engine:
            raise MediaError("a leg is bridged with another one of the same engine")
        self._raise_if_closed()
        if other.closed:
            return
        self._part()
        other._part()
        self.room = other.room = None
        self.bridged, other.bridged = other, self

    def unbridge(self) -> None:
        self._raise_if_closed()
        self._part()

    def shield(self, on: bool) -> None:
        self._raise_if_closed()
        self.shielded = on

    def start_recording(self) -> FakeRecording:
        self._raise_if_closed()
        self._engine.check_recordings()
        self._end_recording()
        self.recordings.append(FakeRecording(self._frame))
        return self.recordings[-1]

    def stop_recording(self) -> None:
        self._raise_if_closed()
        self._end_recording()

    def listen(self, on: bool) -> None:
        self._raise_if_closed()
        if on and not self.listening and not self.taps:
            self._engine.check_listeners()
            self._kept.clear()
        self.listening = on
        if not self.taps:
            self._talk = _Talk()

    def tap(self) -> FakeTap:
        self._raise_if_closed()
        if not self.listening and not self.taps:
            self._engine.check_listeners()
            self._kept.clear()
        self.taps.append(FakeTap(self.taps))
        return self.taps[-1]

    def heard(self, start: int, end: int) -> NDArray[np.int16]:
        if not self.listening and not self.taps:
            raise MediaError("nobody listens to this leg")
        if not 0 <= end - start <= KEPT:
            raise MediaError("more than what is kept")
        if self._kept and end <= self._kept[0][0]:
            raise MediaError("what was heard then is no longer kept")
        codes = np.full(end - start, ULAW_SILENCE, dtype=np.uint8)
        for at, frame in self._kept:
            first, last = max(at, start), min(at + FRAME, end)
            if first < last:
                codes[first - start : last - start] = np.frombuffer(frame, np.uint8)[first - at : last - at]
        return ulaw_decode(codes)

    def report(self) -> LegReport:
        counted = self._counted
        return LegReport(
            packets_sent=counted.sent,
            bytes_sent=counted.sent * FRAME,
            send_errors=0,
            packets_received=counted.received,
            bytes_received=counted.received * FRAME,
            lost=0,
            duplicates=0,
            late=0,
            rejected=0,
            concealed_ms=0,
            jitter_ms=0.0,
            playout_delay_ms=40.0,
            round_trip_ms=None,
            lost_by_peer=0,
            fraction_lost_by_peer=0.0,
            ssrc_changes=0,
        )

    def close(self) -> None:
        if self.closed:
            return
        self._part()
        self._end_recording()
        self.closed = True
        self.listening = False
        for tap in self.taps:
            tap.leg_closed = True
        self.taps = []
        self.playing = None

    # The party at the far end.

    def press(self, digits: str) -> None:
        for digit in digits:
            self.tell(DigitReceived(digit, self._engine.now_s))

    def say(self, ulaw: bytes) -> None:
        """Spoken from now on, behind what is still being said."""
        self._saying += ulaw

    # Called by the engine, a frame at a time: first all legs hear their parties, then all are answered.

    def take(self) -> None:
        if self.absent or not self.connected:
            self.said = SILENCE
            self._miss()
            return
        self._counted.received += 1
        if self._missed >= SILENT_AFTER_FRAMES:
            self.tell(MediaResumed(self._engine.now_s))
        self._missed = 0
        self.said = bytes(self._saying[:FRAME]).ljust(FRAME, bytes([ULAW_SILENCE]))
        del self._saying[:FRAME]
        if self.shielded:
            self.said = SILENCE

    def answer(self) -> None:
        hears = self._compose()
        if self.recordings and not self.recordings[-1].ended:
            self.recordings[-1].frames.append(self.said + hears)
        if self.listening or self.taps:
            self._kept.append((self._frame * FRAME, self.said))
            for tap in self.taps:
                tap.hear(self._frame * FRAME, self.said)
            self._detect(self._frame * FRAME)
        self._counted.sent += 1
        self._frame += 1

    def _compose(self) -> bytes:
        if self.playing is None:
            if self.room is not None:
                return self.room.heard_by(self)
            return self.bridged.said if self.bridged is not None else SILENCE
        playback, ulaw = self.playing, self.playing.ulaw
        if playback.loop:
            start = self._played % len(ulaw)
            frame = ulaw[start : start + FRAME]
            while len(frame) < FRAME:
                frame += ulaw[: FRAME - len(frame)]
        else:
            frame = ulaw[self._played : self._played + FRAME].ljust(FRAME, bytes([ULAW_SILENCE]))
        self._played += FRAME
        if not playback.loop and self._played >= len(ulaw):
            self.playing = None
            self.tell(PlaybackFinished(playback.id, self._engine.now_s))
        return frame

    def _detect(self, position: int) -> None:
        talk, now_s = self._talk, self._engine.now_s
        if self.said != SILENCE:
            if talk.start is None:
                talk.start = position
                self.tell(TalkStarted(position, now_s))
            talk.end = position + FRAME
        if talk.start is None:
            return
        if position + FRAME - talk.end >= HANGOVER_FRAMES * FRAME:
            self._talk = _Talk()
            self.tell(TalkEnded(talk.start, talk.end, at_s=now_s))
        elif talk.end - talk.start >= LONGEST_TALK:
            self._talk = _Talk()
            self.tell(TalkEnded(talk.start, talk.end, cut=True, at_s=now_s))

    def _miss(self) -> None:
        if not self.connected or not self.descriptions[-1].may_receive:
            self._missed = 0
            return
        self._missed += 1
        if self._missed == SILENT_AFTER_FRAMES:
            self.tell(MediaSilent(self._missed * FRAME_S, self._engine.now_s))

    def tell(self, event: MediaEvent) -> None:
        """Any event an engine may have for the owner."""
        if not self.closed:
            self._on_event(event)

    def _part(self) -> None:
        if self.bridged is not None:
            self.bridged.bridged = None
            self.bridged = None

    def _end_recording(self) -> None:
        if self.recordings:
            self.recordings[-1].ended = True

    def _raise_if_closed(self) -> None:
        if self.closed:
            raise MediaStopped("the leg is closed")


class FakeRoom:
    """Mixes what its members say in the same frame."""

    def __init__(self) -> None:
        self.parts: dict[FakeLeg, tuple[RoomPart, float]] = {}
        self.closed = False

    @property
    def members(self) -> tuple[FakeLeg, ...]:
        return tuple(self.parts)

    def join(self, leg: CallSound, part: RoomPart = RoomPart.SPEAKER, gain_db: float = 0.0) -> None:
        if self.closed or not isinstance(leg, FakeLeg) or leg.closed or gain_db > 20:
            raise MediaError("an open leg of this engine joins an open room")
        self.parts[leg] = part, gain_db
        leg.unbridge()
        leg.room = self

    def leave(self, leg: CallSound) -> None:
        if isinstance(leg, FakeLeg) and leg in self.parts:
            del self.parts[leg]
            leg.room = None

    def close(self) -> None:
        for leg in self.members:
            self.leave(leg)
        self.closed = True

    def heard_by(self, listener: FakeLeg) -> bytes:
        mixed = np.zeros(FRAME)
        for leg, (part, gain_db) in self.parts.items():
            to_all = part in (RoomPart.SPEAKER, RoomPart.COACHED)
            to_coached = part is RoomPart.COACH and self.parts[listener][0] is RoomPart.COACHED
            if leg is not listener and not leg.closed and (to_all or to_coached):
                said = ulaw_decode(np.frombuffer(leg.said, np.uint8))
                mixed += said * 10 ** (gain_db / 20)
        return ulaw_encode(np.clip(mixed, -32767, 32767).astype(np.int16)).tobytes()


@dataclass
class FakeEngine:
    """Time passes in `advance` only. Limits, `full` and `busy` are the test's to set."""

    max_legs: int = 1 << 16
    max_listeners: int = 1 << 16
    max_recordings: int = 1 << 16
    now_s: float = 1000.0
    full: bool = False
    has_ipv6: bool = True
    busy: float = 0.0
    legs: list[FakeLeg] = field(default_factory=list)
    """Every leg that was opened, closed ones included."""
    rooms: list[FakeRoom] = field(default_factory=list)
    _playbacks: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _rest_s: float = 0.0

    def open_leg(self, on_event: Callable[[MediaEvent], None], *, ipv6: bool = False) -> FakeLeg:
        if ipv6 and not self.has_ipv6:
            raise MediaError("there is no sound over IPv6")
        if self.full or len(self._open()) >= self.max_legs:
            raise MediaExhausted("no more legs")
        self.legs.append(FakeLeg(self, len(self.legs), on_event))
        self.legs[-1].address = "::1" if ipv6 else "127.0.0.1"
        return self.legs[-1]

    def open_room(self) -> FakeRoom:
        self.rooms.append(FakeRoom())
        return self.rooms[-1]

    def load(self) -> float:
        return self.busy

    def advance(self, seconds: float) -> None:
        """Passes in whole frames of 20 ms; what is left over is kept for the next time."""
        self._rest_s += seconds
        while self._rest_s > FRAME_S / 2:
            self._rest_s -= FRAME_S
            self.now_s += FRAME_S
            for leg in self._open():
                leg.take()
            for leg in self._open():
                leg.answer()

    def next_playback(self) -> PlaybackId:
        return PlaybackId(next(self._playbacks))

    def check_listeners(self) -> None:
        if sum(leg.listening or bool(leg.taps) for leg in self._open()) >= self.max_listeners:
            raise MediaExhausted("too many listen")

    def check_recordings(self) -> None:
        live = [leg.recordings[-1] for leg in self._open() if leg.recordings]
        if sum(not recording.ended for recording in live) >= self.max_recordings:
            raise MediaExhausted("too many are recorded")

    def _open(self) -> list[FakeLeg]:
        return [leg for leg in self.legs if not leg.closed]
