"""Small numbers kept in the order of a key, of which the first inside a bit mask is found fast.

Agents and requirements are numbered from 0, and a set of them is an integer with their bits. "The idlest of
the free agents who qualify" is then one search: which of these numbers, in order of idleness, is the first
whose bit is set. Each chunk of the order keeps the mask of its members, so a search looks at some hundred
chunks at worst and at the members of one.
"""

from bisect import bisect_left, insort
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Any)

_SPLIT_AT = 128


class MaskedOrder(Generic[Key]):
    """Keys of one order must be comparable and different."""

    def __init__(self) -> None:
        self._keys: dict[int, Key] = {}
        self._chunks: list[list[tuple[Key, int]]] = []
        self._lasts: list[tuple[Key, int]] = []
        self._masks: list[int] = []

    def __len__(self) -> int:
        return len(self._keys)

    def key(self, number: int) -> Key:
        return self._keys[number]

    def set(self, number: int, key: Key) -> None:
        """Adds the number, or moves it."""
        if number in self._keys:
            if self._keys[number] == key:
                return
            self.discard(number)
        self._keys[number] = key
        entry = (key, number)
        if not self._chunks:
            self._chunks, self._lasts, self._masks = [[entry]], [entry], [1 << number]
            return
        which = min(bisect_left(self._lasts, entry), len(self._chunks) - 1)
        chunk = self._chunks[which]
        insort(chunk, entry)
        self._masks[which] |= 1 << number
        self._lasts[which] = chunk[-1]
        if len(chunk) > _SPLIT_AT:
            self._split(which)

    def discard(self, number: int) -> None:
        key = self._keys.pop(number, None)
        if key is None:
            return
        entry = (key, number)
        which = bisect_left(self._lasts, entry)
        chunk = self._chunks[which]
        del chunk[bisect_left(chunk, entry)]
        if chunk:
            self._masks[which] ^= 1 << number
            self._lasts[which] = chunk[-1]
        else:
            del self._chunks[which], self._lasts[which], self._masks[which]

    def first(self, mask: int) -> int | None:
        for chunk, members in zip(self._chunks, self._masks, strict=True):
            hit = members & mask
            if hit:
                return next(number for _, number in chunk if hit >> number & 1)
        return None

    def inside(self, mask: int) -> list[int]:
        """Every number whose bit is set, in order."""
        found: list[int] = []
        for chunk, members in zip(self._chunks, self._masks, strict=True):
            if hit := members & mask:
                found += [number for _, number in chunk if hit >> number & 1]
        return found

    def _split(self, which: int) -> None:
        chunk = self._chunks[which]
        halves = chunk[: len(chunk) // 2], chunk[len(chunk) // 2 :]
        self._chunks[which : which + 1] = halves
        self._lasts[which : which + 1] = [half[-1] for half in halves]
        self._masks[which : which + 1] = [sum(1 << number for _, number in half) for half in halves]
