"""Memory for sounds: one array the tick reads, filled and freed by the control side."""

import bisect
from dataclasses import dataclass

import numpy as np

from media.errors import MediaExhausted
from media.layout import Octets
from media.sound import Sound

SoundKey = tuple[str, int, int]


@dataclass(slots=True)
class _Stored:
    offset: int
    size: int
    users: int


class Arena:
    """Sounds by content, counted by use; unused ones stay until the room is needed, oldest first."""

    def __init__(self, octets: Octets) -> None:
        self._octets = octets
        self._stored: dict[SoundKey, _Stored] = {}
        self._idle: dict[SoundKey, None] = {}
        self._free: list[tuple[int, int]] = [(0, len(octets))]

    def hold(self, sound: Sound) -> tuple[SoundKey, int]:
        """The sound's key and offset; it stays in place until released as often as held."""
        key = (sound.name, len(sound.ulaw), hash(sound.ulaw))
        stored = self._stored.get(key)
        if stored is None:
            stored = _Stored(self._allocate(len(sound.ulaw)), len(sound.ulaw), 0)
            end = stored.offset + stored.size
            self._octets[stored.offset : end] = np.frombuffer(sound.ulaw, dtype=np.uint8)
            self._stored[key] = stored
        stored.users += 1
        self._idle.pop(key, None)
        return key, stored.offset

    def release(self, key: SoundKey) -> None:
        stored = self._stored[key]
        stored.users -= 1
        if stored.users == 0:
            self._idle[key] = None

    def _allocate(self, size: int) -> int:
        """First fit, after dropping as many idle sounds as it takes."""
        while True:
            for index, (offset, room) in enumerate(self._free):
                if room >= size:
                    self._take(index, size)
                    return offset
            if not self._idle:
                raise MediaExhausted(f"no room for a sound of {size} bytes: raise media.prompt_memory_mb")
            self._drop(next(iter(self._idle)))

    def _take(self, index: int, size: int) -> None:
        offset, room = self._free[index]
        if room == size:
            del self._free[index]
        else:
            self._free[index] = (offset + size, room - size)

    def _drop(self, key: SoundKey) -> None:
        """Give the space back and join it with its free neighbours."""
        del self._idle[key]
        stored = self._stored.pop(key)
        offset, size = stored.offset, stored.size
        index = bisect.bisect(self._free, (offset, size))
        if index < len(self._free) and self._free[index][0] == offset + size:
            size += self._free.pop(index)[1]
        if index > 0 and sum(self._free[index - 1]) == offset:
            index -= 1
            before, room = self._free.pop(index)
            offset, size = before, size + room
        self._free.insert(index, (offset, size))
