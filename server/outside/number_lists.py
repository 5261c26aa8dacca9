"""Number lists: whose calls are refused, who goes first in queues, and who is not called (pure).

Everything is looked up by the number in its international form, however it was written or sent.
"""

from __future__ import annotations

import heapq
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

import phonenumbers

MAX_NUMBERS = 10_000
"""On one list: above that it is a matter for the carrier."""
VIP_RAISE = 10
"""Steps of priority that a caller on the list `vip` is raised by, above what their flow asks for."""


class NumberList(Enum):
    """What being on it means."""

    BLOCK = "block"
    """Their calls are refused before any flow."""
    VIP = "vip"
    """They go first in queues, and flows can tell."""
    DO_NOT_CALL = "do-not-call"
    """Neither a callback nor an agent's call goes to them."""


@dataclass(frozen=True, slots=True)
class ListedNumber:
    """`entry` names it in events, which hold no number; `owner` answers for it."""

    entry: str
    on: NumberList
    number: str = field(repr=False)
    owner: str
    reason: str = field(repr=False)
    expires: datetime | None
    set_at: datetime
    set_by: str

    def counts(self, now: datetime) -> bool:
        return self.expires is None or now < self.expires


class NumbersOnLists(Protocol):
    """What calls are judged by. Nothing here waits."""

    def has(self, wanted: NumberList, typed: str, now: datetime) -> bool:
        """Whatever is no telephone number is on no list."""
        ...


class NoNumberError(Exception):
    """What was typed is no telephone number; the message does not quote it."""


class TooManyNumbersError(Exception):
    """More than a list takes."""


class ListedNumbers:
    """In memory. `country` is where numbers without a country code are; it may be exchanged at any time."""

    def __init__(self, country: str | None = None, entries: Iterable[ListedNumber] = ()) -> None:
        self.country = country
        self._lists: dict[NumberList, dict[str, ListedNumber]] = {each: {} for each in NumberList}
        for each in entries:
            self._lists[each.on][each.number] = each

    def full_number(self, typed: str) -> str:
        """The number with its country (+49...); raises NoNumberError."""
        try:
            parsed = phonenumbers.parse(typed, self.country)
        except phonenumbers.NumberParseException:
            raise NoNumberError("this is no telephone number") from None
        if not phonenumbers.is_possible_number(parsed):
            raise NoNumberError("no telephone number has that form")
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)

    def has(self, wanted: NumberList, typed: str, now: datetime) -> bool:
        if not self._lists[wanted]:
            return False
        try:
            return self.find(wanted, self.full_number(typed), now) is not None
        except NoNumberError:
            return False

    def find(self, wanted: NumberList, number: str, now: datetime) -> ListedNumber | None:
        """The entry of a full number, while it counts."""
        found = self._lists[wanted].get(number)
        return found if found is not None and found.counts(now) else None

    def do_not_call(self, now: datetime) -> Container[str]:
        """The full numbers that want no calls at that moment, without a copy of them."""
        return _Unwanted(self, now)

    def page(
        self, wanted: NumberList, now: datetime, limit: int, before: str | None = None
    ) -> tuple[ListedNumber, ...]:
        """Those that count, newest first; `before` is the entry that the page before ended with."""
        found = (
            each
            for each in tuple(self._lists[wanted].values())
            if each.counts(now) and (before is None or each.entry < before)
        )
        return tuple(heapq.nlargest(limit, found, key=lambda each: each.entry))

    def check_room(self, wanted: ListedNumber) -> None:
        """Raises TooManyNumbersError; what replaces an entry always fits."""
        held = self._lists[wanted.on]
        if wanted.number not in held and len(held) >= MAX_NUMBERS:
            raise TooManyNumbersError(f"{MAX_NUMBERS} numbers are on the list {wanted.on.value}")

    def put(self, entry: ListedNumber) -> None:
        """Replaces the entry of the same number on the same list; raises TooManyNumbersError."""
        self.check_room(entry)
        self._lists[entry.on][entry.number] = entry

    def remove(self, wanted: NumberList, number: str, now: datetime) -> ListedNumber | None:
        """What was there, if it counted; the number is a full one."""
        was = self._lists[wanted].pop(number, None)
        return was if was is not None and was.counts(now) else None

    def expired(self, now: datetime) -> tuple[ListedNumber, ...]:
        """What does not count any more, and is still held."""
        held = (each for entries in self._lists.values() for each in tuple(entries.values()))
        return tuple(each for each in held if not each.counts(now))


@dataclass(frozen=True, slots=True)
class _Unwanted:
    lists: ListedNumbers
    now: datetime

    def __contains__(self, number: object) -> bool:
        found = isinstance(number, str) and self.lists.find(NumberList.DO_NOT_CALL, number, self.now)
        return bool(found)
