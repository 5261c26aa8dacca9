"""Who hears whom: a room of legs, each with a part in it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from media import rooms
from media.call_sound import CallSound, RoomPart
from media.errors import MediaError
from media.layout import Command
from media.leg import Leg
from media.row_allocation import Order, RowAllocation

_NOWHERE = -1
_MOST_GAIN_DB = 20.0
_WORDS: dict[RoomPart, int] = {
    RoomPart.SPEAKER: rooms.SPEAKS,
    RoomPart.MONITOR: 0,
    RoomPart.COACH: rooms.COACHES,
    RoomPart.COACHED: rooms.SPEAKS | rooms.COACHED,
}


@dataclass(frozen=True, slots=True)
class Membership:
    """How one leg is in a room."""

    part: RoomPart
    gain_db: float

    @property
    def plain(self) -> bool:
        return self.part in (RoomPart.SPEAKER, RoomPart.COACHED) and self.gain_db == 0


class Room:
    """Two plain speakers are bridged, which is quicker; any others are mixed, each change in one tick."""

    def __init__(self, rows: RowAllocation, index: int) -> None:
        self._rows = rows
        self._index = index
        self._members: dict[Leg, Membership] = {}
        self._used = False
        self._closed = False

    @property
    def members(self) -> tuple[CallSound, ...]:
        return tuple(self._members)

    def join(self, leg: CallSound, part: RoomPart = RoomPart.SPEAKER, gain_db: float = 0.0) -> None:
        """Or take another part; the leg leaves whatever bridge it was in. A closed leg raises MediaError."""
        if self._closed or not isinstance(leg, Leg) or leg.closed:
            raise MediaError("an open leg of this engine joins an open room")
        if not (math.isfinite(gain_db) and gain_db <= _MOST_GAIN_DB):
            raise MediaError(f"a gain is at most {_MOST_GAIN_DB:.0f} dB")
        self._arrange(self._members | {leg: Membership(part, gain_db)}, ())

    def leave(self, leg: CallSound) -> None:
        """Into silence; nothing happens to a leg that is not here."""
        if isinstance(leg, Leg) and leg in self._members:
            rest = {each: how for each, how in self._members.items() if each is not leg}
            self._arrange(rest, (leg,))

    def close(self) -> None:
        """Everybody leaves. Idempotent."""
        if not self._closed:
            self._arrange({}, tuple(self._members))
            self._closed = True
            self._rows.free_rooms.append(self._index)

    def _arrange(self, members: dict[Leg, Membership], gone: Iterable[Leg]) -> None:
        members = {leg: how for leg, how in members.items() if not leg.closed}
        orders: list[Order] = [self._place(leg, _NOWHERE, 0, 0.0) for leg in gone if not leg.closed]
        if len(members) == 2 and all(how.plain for how in members.values()):
            one, other = members
            orders.append((Command.BRIDGE, one.row, one.generation, other.row, other.generation))
        else:
            orders += [
                self._place(leg, self._index, _WORDS[how.part], how.gain_db) for leg, how in members.items()
            ]
        if orders and self._rows.running:
            self._rows.order(orders)
        self._members = members

    def _place(self, leg: Leg, room: int, part: int, gain_db: float) -> Order:
        fresh = room >= 0 and not self._used
        self._used |= fresh
        gain_q8 = round(256 * 10 ** (gain_db / 20))
        return (Command.ROOM, leg.row, leg.generation, room, part, gain_q8, int(fresh))
