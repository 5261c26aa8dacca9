"""Two parties who hear each other: bridge, hold with music, and keys passed on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum

from media.errors import MediaError
from media.sound import Sound
from telephony.call import Call
from telephony.call_events import CallEvent, Digit, Held, Resumed


class Side(Enum):
    """The two parties: the customer, and whoever is there for them."""

    CUSTOMER = "customer"
    OTHER = "other"


HoldListener = Callable[[Side, bool], None]


@dataclass(slots=True)
class Talk:
    """Begins bridged. `on_hold` is told who holds or resumes; a party on hold hears music."""

    customer: Call
    other: Call
    music: Sound
    on_hold: HoldListener
    _holding: set[Side] = field(default_factory=set)

    def begin(self) -> None:
        """Either may have left in this very moment; whoever owns the calls hears of it and ends this."""
        if self.customer.hangup is not None or self.other.hangup is not None:
            return
        self.customer.leg.bridge(self.other.leg)
        for side, call in ((Side.CUSTOMER, self.customer), (Side.OTHER, self.other)):
            if call.held_by_peer:
                # They come back to each other after somebody else, and nobody has resumed meanwhile.
                self._hold(side)

    def side_of(self, call: Call) -> Side | None:
        """None for the call of somebody who is no party to this."""
        if call is self.customer:
            return Side.CUSTOMER
        return Side.OTHER if call is self.other else None

    def end(self) -> None:
        """Leaves both legs silent; idempotent, whichever party has left already."""
        for call in (self.customer, self.other):
            if call.hangup is None:
                call.leg.unbridge()
                call.leg.stop_playback()
        self._holding.clear()

    def on_event(self, side: Side, event: CallEvent) -> None:
        """What one of the two calls told."""
        match event:
            case Held():
                self._hold(side)
            case Resumed():
                self._resume(side)
            case Digit(digit):
                self._pass_on(side, digit)
            case _:
                pass

    def _hold(self, side: Side) -> None:
        if side in self._holding:
            return
        self._holding.add(side)
        listener = self._opposite(side)
        if listener.hangup is None:
            with suppress(MediaError):
                listener.leg.play((self.music,), loop=True)
        self.on_hold(side, True)

    def _resume(self, side: Side) -> None:
        if side not in self._holding:
            return
        self._holding.discard(side)
        listener = self._opposite(side)
        if listener.hangup is None:
            listener.leg.stop_playback()
        self.on_hold(side, False)

    def _pass_on(self, side: Side, digit: str) -> None:
        listener = self._opposite(side)
        if listener.hangup is None:
            # A phone that takes no telephone-events hears nothing of the key.
            with suppress(MediaError):
                listener.leg.send_digits(digit)

    def _opposite(self, side: Side) -> Call:
        return self.other if side is Side.CUSTOMER else self.customer
