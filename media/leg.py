"""One party's sound: what it sends, what it hears."""

import collections
import socket
from collections.abc import Callable, Sequence

import numpy as np
import structlog
from numpy.typing import NDArray

from media.arena import SoundKey
from media.call_sound import CallSound
from media.description import LegDescription, PayloadTypes, address_words
from media.dtmf import KEYS
from media.errors import MediaError, MediaStopped
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
from media.layout import DIGITS, PLAYLIST, Command, Event
from media.listening import Listeners, ListenRing
from media.recording_ring import RecordingSource
from media.reports import LegReport, leg_report
from media.row_allocation import Order, RowAllocation
from media.sound import Sound
from media.sound_tap import SoundTap
from media.srtp_sessions import LegSrtp

log = structlog.get_logger(__name__)

_LEAST_PTIME_MS = 10
_MOST_PTIME_MS = 60
_MAPPED = 0xFFFF
_NONE = -1


class Leg:
    """A row of the engine; methods enqueue commands and never wait for the tick."""

    def __init__(
        self,
        rows: RowAllocation,
        row: int,
        generation: int,
        sockets: tuple[socket.socket, socket.socket],
        address: str,
        on_event: Callable[[MediaEvent], None],
    ) -> None:
        self.address = address
        self.rtp_port = int(sockets[0].getsockname()[1])
        self.row = row
        self.generation = generation
        self.closed = False
        self._rows = rows
        self._sockets = sockets
        self._on_event = on_event
        self._description: LegDescription | None = None
        self._playbacks: collections.deque[tuple[PlaybackId, list[SoundKey]]] = collections.deque()
        self._recording: RecordingSource | None = None
        self._srtp = LegSrtp()
        self._listener = _NONE
        self._listeners = Listeners(self._take_ring, self._give_back_ring)

    def connect(self, description: LegDescription) -> None:
        """May be called again; the packet size is rounded down to tens of milliseconds between 10 and 60."""
        words = _words(description, ipv6=":" in self.address)
        self._raise_if_closed()
        contexts = self._srtp.addresses(description.srtp, int(self._row["srtp_in"]))
        self._order(Command.CONNECT, *words, *contexts)
        self._description = description

    def play(self, sounds: Sequence[Sound], *, loop: bool = False) -> PlaybackId:
        """Replace what is playing; the sounds follow each other without a gap, empty ones are left out."""
        heard = [sound for sound in sounds if sound.ulaw]
        if not 0 < len(heard) <= PLAYLIST:
            raise MediaError(f"a playback needs between 1 and {PLAYLIST} sounds")
        self.release_played()
        playback = PlaybackId(next(self._rows.playback_ids))
        keys: list[SoundKey] = []
        orders: list[Order] = [
            (Command.PLAY, self.row, self.generation, playback, len(heard), int(loop)),
        ]
        try:
            for index, sound in enumerate(heard):
                key, offset = self._rows.arena.hold(sound)
                keys.append(key)
                orders.append((Command.SEGMENT, self.row, self.generation, index, offset, len(sound.ulaw)))
            self._send(orders)
        except MediaError:
            self._release(keys)
            raise
        self._playbacks.append((playback, keys))
        return playback

    def stop_playback(self) -> None:
        self._order(Command.STOP_PLAYBACK)

    def send_digits(self, digits: str) -> None:
        """Queue RFC 4733 events of 100 ms behind those being sent; more than 64 waiting are dropped."""
        if self._description is None or self._description.sends.events is None:
            raise MediaError("the peer does not take telephone-events")
        if len(digits) > DIGITS or not set(digits) <= set(KEYS):
            raise MediaError(f"at most {DIGITS} digits out of {KEYS}")
        if digits:
            self._send([(Command.DIGIT, self.row, self.generation, KEYS.index(digit)) for digit in digits])

    def bridge(self, other: CallSound) -> None:
        """Let both hear each other, ending earlier bridges; a playing sound goes before the bridge."""
        if other is self or not isinstance(other, Leg) or other._rows is not self._rows:
            raise MediaError("a leg is bridged with another one of the same engine")
        self._order(Command.BRIDGE, other.row, other.generation)

    def unbridge(self) -> None:
        self._order(Command.UNBRIDGE)

    def shield(self, on: bool) -> None:
        """In the tick that hears it: silence in place of the party, for everybody and the recording."""
        self._order(Command.SHIELD, int(on))

    def start_recording(self) -> RecordingSource:
        """Left is what the party sends, right what it hears; an earlier recording of the leg ends."""
        rows = self._rows
        row = rows.take_recording()
        source = RecordingSource(row, rows.memory, rows.returned_recordings)
        try:
            self._order(Command.RECORD, row)
        except MediaError:
            source.abandon()
            raise
        self._recording = source
        return source

    def stop_recording(self) -> None:
        self._order(Command.RECORD, -1)
        self._recording = None

    def listen(self, on: bool) -> None:
        """Orders are in order: a ring that is given back the next leg may have at once."""
        self._raise_if_closed()
        self._listeners.switch(on)

    def heard(self, start: int, end: int) -> NDArray[np.int16]:
        """Raises NoLongerHeard when the tick has gone a whole ring beyond it."""
        return self._listeners.ring.between(start, end)

    def tap(self) -> SoundTap:
        self._raise_if_closed()
        return self._listeners.tap()

    def report(self) -> LegReport:
        return leg_report(self._row)

    def close(self) -> None:
        """Idempotent; the peer gets an RTCP BYE, the row is free again after the tick has let go of it."""
        if self.closed:
            return
        if self._rows.running:
            self._order(Command.CLOSE)
            self._rows.closing[self.row] = self
        self._listeners.leg_closed()
        self.closed = True

    def deliver(self, kind: int, first: int, second: int, at_s: float) -> None:
        """Called by the engine with what the tick reported; a failing handler does not harm other legs."""
        if self.closed:
            return
        if kind == Event.PLAYBACK_FINISHED:
            self.release_played()
        try:
            self._on_event(_EVENTS[Event(kind)](first, second, at_s))
        except Exception:
            # Handlers are others' code; the next event belongs to another leg.
            log.exception("media.event_handler_failed", leg=self.row, event_kind=Event(kind).name)

    def dispose(self) -> None:
        """Called by the engine when the tick no longer uses the row."""
        self.closed = True
        for opened in self._sockets:
            opened.close()
        for _, keys in self._playbacks:
            self._release(keys)
        self._playbacks.clear()
        self._recording = None
        self._listeners.forget()
        self._srtp.forget()

    def _take_ring(self) -> ListenRing:
        index, use = self._rows.take_listener(), next(self._rows.listener_uses)
        try:
            self._order(Command.LISTEN, index, use)
        except MediaError:
            self._rows.give_back_listener(index)
            raise
        memory = self._rows.memory
        self._listener = index
        return ListenRing(memory.listeners[index], memory.hub["decode"], use)

    def _give_back_ring(self) -> None:
        """From a closed leg the tick has taken it already."""
        if not self.closed:
            self._order(Command.LISTEN, _NONE)
        self._rows.give_back_listener(self._listener)

    def release_played(self) -> None:
        """Let go of sounds that the tick has finished or replaced."""
        current = int(self._row["playback"])
        playing = bool(self._row["playing"])
        while self._playbacks:
            playback, keys = self._playbacks[0]
            if playback > current or (playback == current and playing):
                return
            self._playbacks.popleft()
            self._release(keys)

    def _release(self, keys: Sequence[SoundKey]) -> None:
        for key in keys:
            self._rows.arena.release(key)

    @property
    def _row(self) -> np.void:
        row: np.void = self._rows.memory.legs[self.row]
        return row

    def _order(self, kind: Command, *arguments: int) -> None:
        self._send([(kind, self.row, self.generation, *arguments)])

    def _raise_if_closed(self) -> None:
        if self.closed:
            raise MediaStopped("the leg is closed")

    def _send(self, orders: Sequence[Order]) -> None:
        self._raise_if_closed()
        self._rows.order(orders)


def _words(description: LegDescription, *, ipv6: bool) -> tuple[int, ...]:
    """In the order of `layout.Described`."""
    high, low = address_words(description.address)
    signalled = address_words(description.signalled_from or "0.0.0.0")  # noqa: S104 - an address of nobody
    if (high == 0 and low >> 32 == _MAPPED) == ipv6:
        raise MediaError("the leg and the party speak different versions of IP")
    ptime_ms = min(max(description.ptime_ms // 10 * 10, _LEAST_PTIME_MS), _MOST_PTIME_MS)
    return (
        *(high, low, description.port, description.codec.value),
        *(*_types(description.sends), *_types(description.receives)),
        *(int(description.may_send), int(description.may_receive), ptime_ms * 8, *signalled),
    )


def _types(types: PayloadTypes) -> tuple[int, int]:
    return types.sound, -1 if types.events is None else types.events


_EVENTS: dict[Event, Callable[[int, int, float], MediaEvent]] = {
    Event.DIGIT: lambda key, _, at_s: DigitReceived(KEYS[key], at_s),
    Event.PLAYBACK_FINISHED: lambda playback, _, at_s: PlaybackFinished(PlaybackId(playback), at_s),
    Event.TALK_STARTED: lambda start, _, at_s: TalkStarted(start, at_s),
    Event.TALK_ENDED: lambda start, end, at_s: TalkEnded(start, end, at_s=at_s),
    Event.TALK_CUT: lambda start, end, at_s: TalkEnded(start, end, cut=True, at_s=at_s),
    Event.SILENT: lambda quiet_ns, _, at_s: MediaSilent(quiet_ns / 1e9, at_s),
    Event.RESUMED: lambda _first, _second, at_s: MediaResumed(at_s),
}
