"""What a `collect` can take: which entries are whole, and what they come to."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ivr_flows.expressions.functions import Scope, luhn, to_number
from ivr_flows.expressions.tree import Type

MAX_DIGITS = 64
NO_SCOPE = Scope()


@dataclass(frozen=True, slots=True)
class Length:
    """How many keys an entry has."""

    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.low}" if self.low == self.high else f"{self.low}-{self.high}"


@dataclass(frozen=True, slots=True)
class EntryType:
    """A type of entry. `read` returns the value as it is kept, or None when the keys are no such thing."""

    length: Length
    read: Callable[[str], str | None]
    type: Type
    doc: str
    point: bool = False
    """The star stands for a decimal point."""


def _integer(keys: str) -> str | None:
    return str(int(keys)) if keys.isdigit() else None


def _money(keys: str) -> str | None:
    number = to_number(keys.replace("*", "."))
    return None if number is None else f"{number.quantize(Decimal('0.01'))}"


def _date(keys: str) -> str | None:
    """Read day, month and year."""
    try:
        return date(int(keys[4:]), int(keys[2:4]), int(keys[:2])).isoformat() if len(keys) == 8 else None
    except ValueError:
        return None


def _time(keys: str) -> str | None:
    hour, minute = (int(keys[:-2]), int(keys[-2:])) if len(keys) >= 3 else (24, 0)
    return f"{hour:02}:{minute:02}" if hour < 24 and minute < 60 else None


def _phone(keys: str) -> str | None:
    """Read a number as it is dialled; 00 in front stands for +."""
    return "+" + keys[2:] if keys.startswith("00") else keys


def _card(keys: str) -> str | None:
    return keys if luhn(NO_SCOPE, keys) else None


ENTRIES: Mapping[str, EntryType] = {
    "digits": EntryType(Length(1, MAX_DIGITS), lambda keys: keys, Type.DIGITS, "digits as they are"),
    "integer": EntryType(Length(1, 9), _integer, Type.NUMBER, "a whole number"),
    "money": EntryType(Length(1, 12), _money, Type.NUMBER, "a sum; the star is the point", point=True),
    "date": EntryType(Length(8, 8), _date, Type.DATE, "day, month and year: 24122026"),
    "time": EntryType(Length(3, 4), _time, Type.TEXT, "hour and minute: 930 or 1730"),
    "phone": EntryType(Length(5, 17), _phone, Type.TEXT, "a telephone number"),
    "card": EntryType(Length(13, 19), _card, Type.DIGITS, "a card number with a right check digit"),
}

_ATOM = r"(?:[0-9]|\\d|\[[0-9-]+\]|\.)"
_PATTERN = re.compile(rf"(?:(?:{_ATOM}|\||\((?:{_ATOM}|\|)*\))(?:\{{\d{{1,2}}(?:,\d{{1,2}})?\}}|\?)?)+")


def compiled(pattern: str) -> re.Pattern[str] | None:
    """Return a pattern made of digits, classes, choices and counts; None for anything that could run away."""
    if len(pattern) > 100 or not _PATTERN.fullmatch(pattern):
        return None
    try:
        return re.compile(pattern)
    except re.error:
        return None
