"""What an expression may call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from ivr_flows.definition.hours import Calendar
from ivr_flows.expressions.tree import Type

Plain = str | Decimal | bool | None
"""A value while it is computed; None is no value, and whatever is made of it is none either."""

Table = Mapping[str, Mapping[str, str]]
"""A list of the flow: rows by their first column, each a mapping from column to text."""

NO_MOMENT = datetime.min


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression can see."""

    variables: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, Type] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    lists: Mapping[str, Table] = field(default_factory=dict)
    now: datetime = NO_MOMENT
    effort: int = 0


@dataclass(frozen=True, slots=True)
class Function:
    """`names` tells for each argument whether it names a calendar or a list instead of being a value."""

    takes: tuple[Type, ...]
    gives: Type
    compute: Callable[..., Plain]
    doc: str
    names: tuple[str, ...] = ()


def luhn(_scope: Scope, digits: str) -> bool:
    """Tell whether the last digit is the check digit of the others (ISO/IEC 7812)."""
    if not digits.isascii() or not digits.isdigit():
        return False
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _lookup(scope: Scope, table: str, key: str, column: str) -> Plain:
    return scope.lists[table].get(key, {}).get(column)


def _contained(scope: Scope, table: str, key: str) -> Plain:
    return key in scope.lists[table]


def _part(_scope: Scope, text: str, first: Decimal, last: Decimal) -> Plain:
    return text[max(0, int(first) - 1) : max(0, int(last))]


def _in_days(scope: Scope, days: Decimal) -> Plain:
    try:
        return (scope.now + timedelta(days=int(days))).date().isoformat()
    except OverflowError:
        return None


FUNCTIONS: Mapping[str, Function] = {
    "length": Function((Type.TEXT,), Type.NUMBER, lambda _s, text: Decimal(len(text)), "how many letters"),
    "starts": Function((Type.TEXT, Type.TEXT), Type.YES_NO, lambda _s, a, b: a.startswith(b), "begins with"),
    "ends": Function((Type.TEXT, Type.TEXT), Type.YES_NO, lambda _s, a, b: a.endswith(b), "ends with"),
    "contains": Function((Type.TEXT, Type.TEXT), Type.YES_NO, lambda _s, a, b: b in a, "contains"),
    "part": Function((Type.TEXT, Type.NUMBER, Type.NUMBER), Type.TEXT, _part, "its letters from .. to .."),
    "number": Function((Type.TEXT,), Type.NUMBER, lambda _s, text: to_number(text), "text as a number"),
    "text": Function((Type.NUMBER,), Type.TEXT, lambda _s, number: f"{number:f}", "a number as text"),
    "luhn": Function((Type.TEXT,), Type.YES_NO, luhn, "the check digit is right"),
    "today": Function(
        (), Type.DATE, lambda scope: scope.now.date().isoformat(), "the date in the flow's zone"
    ),
    "in_days": Function((Type.NUMBER,), Type.DATE, _in_days, "the date so many days from today"),
    "effort": Function(
        (),
        Type.NUMBER,
        lambda scope: Decimal(scope.effort),
        "how hard the caller had it so far: 1 for each key and prompt, 3 for each repeated question, "
        "5 for each hand-over, 2 for each minute waited",
    ),
    "hour": Function((), Type.NUMBER, lambda scope: Decimal(scope.now.hour), "the hour in the flow's zone"),
    "is_open": Function(
        (Type.TEXT,),
        Type.YES_NO,
        lambda scope, calendar: scope.calendars[calendar].is_open(scope.now),
        "a calendar of the flow is open",
        ("calendar",),
    ),
    "listed": Function((Type.TEXT, Type.TEXT), Type.YES_NO, _contained, "a list has such a row", ("list",)),
    "lookup": Function(
        (Type.TEXT, Type.TEXT, Type.TEXT), Type.TEXT, _lookup, "a column of a row of a list", ("list",)
    ),
}


def to_number(text: str) -> Decimal | None:
    stripped = text.strip()
    body = stripped.removeprefix("-")
    whole, _, fraction = body.partition(".")
    fits = whole.isascii() and whole.isdigit() and len(body) <= 22
    fits = fits and (not fraction or (fraction.isascii() and fraction.isdigit()))
    return Decimal(stripped) if fits else None
