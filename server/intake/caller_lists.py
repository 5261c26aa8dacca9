"""What the number lists mean for a call: whether it is taken, how high it stands, whether it is placed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from server.outside.number_lists import VIP_RAISE, NumberList, NumbersOnLists


@dataclass(frozen=True, slots=True)
class CallerLists:
    """The lists at this moment: what has expired does not count, and what was added counts at once."""

    numbers: NumbersOnLists
    utc: Callable[[], datetime]

    def blocked(self, caller: str) -> bool:
        return self.numbers.has(NumberList.BLOCK, caller, self.utc())

    def vip(self, caller: str) -> bool:
        return self.numbers.has(NumberList.VIP, caller, self.utc())

    def raised(self, caller: str) -> int:
        """Steps of priority above what was asked for."""
        return VIP_RAISE if self.vip(caller) else 0

    def wants_no_calls(self, number: str) -> bool:
        return self.numbers.has(NumberList.DO_NOT_CALL, number, self.utc())
