"""Numbers, digits, sums, dates and times as words of a language.

A value that is no such thing is read as the text that it is: a caller hears something strange, not nothing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from ivr_flows.languages import english, japanese
from ivr_flows.languages.key_names import primary

_NUMBER = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,6}))?")
_SUM = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,2})?)\s*([A-Z]{3})")
_COUNT = re.compile(r"(-?[0-9]{1,12})\s*(.+)")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9])?")

Currency = tuple[str, str, str, str]
"""One and several of the whole, one and several of the hundredth; empty where there is none."""


@dataclass(frozen=True)
class SpokenLanguage:
    """How one language says things."""

    digits: tuple[str, ...]
    cardinal: Callable[[int], str]
    decimal: Callable[[str], str]
    date: Callable[[date], str]
    time: Callable[[int, int], str]
    counted: Callable[[int, str], str]
    currencies: Mapping[str, Currency]
    minus: str
    join: str


LANGUAGES: Mapping[str, SpokenLanguage] = {
    "en": SpokenLanguage(
        digits=english.SMALL[:10],
        cardinal=english.cardinal,
        decimal=english.decimal,
        date=english.spoken_date,
        time=english.spoken_time,
        counted=lambda number, what: f"{english.cardinal(number)} {what}",
        currencies={
            "GBP": ("pound", "pounds", "penny", "pence"),
            "USD": ("dollar", "dollars", "cent", "cents"),
            "EUR": ("euro", "euros", "cent", "cents"),
            "CHF": ("franc", "francs", "centime", "centimes"),
            "JPY": ("yen", "yen", "", ""),
        },
        minus="minus ",
        join=" and ",
    ),
    "ja": SpokenLanguage(
        digits=japanese.DIGITS,
        cardinal=japanese.cardinal,
        decimal=japanese.decimal,
        date=japanese.spoken_date,
        time=japanese.spoken_time,
        counted=japanese.counted,
        currencies={
            "JPY": ("円", "円", "", ""),
            "USD": ("ドル", "ドル", "セント", "セント"),
            "EUR": ("ユーロ", "ユーロ", "セント", "セント"),
            "GBP": ("ポンド", "ポンド", "ペンス", "ペンス"),
        },
        minus="マイナス",
        join=" ",
    ),
}


def say_number(text: str, language: str) -> str | None:
    """Return a number in words; None when it is none, or when the language is not known here."""
    of, match = LANGUAGES.get(primary(language)), _NUMBER.fullmatch(text)
    if of is None or match is None:
        return None
    sign, whole, fraction = match.groups()
    words = of.decimal(f"{whole}.{fraction}") if fraction else of.cardinal(int(whole))
    return of.minus + words if sign else words


def say_digits(text: str, language: str) -> tuple[str, ...] | None:
    of = LANGUAGES.get(primary(language))
    return None if of is None else tuple(of.digits[int(digit)] for digit in text if digit in "0123456789")


def say_money(text: str, language: str) -> str | None:
    """Read `12.50 GBP`."""
    of, match = LANGUAGES.get(primary(language)), _SUM.fullmatch(text.strip())
    if of is None or match is None or match[2] not in of.currencies:
        return None
    whole, _, rest = match[1].removeprefix("-").partition(".")
    one, several, one_part, several_parts = of.currencies[match[2]]
    parts = [_counted(of, int(whole), one, several)]
    if (hundredths := int(f"{rest:0<2}") if rest else 0) and one_part:
        parts.append(_counted(of, hundredths, one_part, several_parts))
        if whole == "0":
            parts.pop(0)
    return (of.minus if match[1].startswith("-") else "") + of.join.join(parts)


def _counted(of: SpokenLanguage, number: int, one: str, several: str) -> str:
    return of.counted(number, one if number == 1 else several)


def say_date(text: str, language: str) -> str | None:
    """Read `2026-12-24`."""
    of = LANGUAGES.get(primary(language))
    try:
        return None if of is None else of.date(date.fromisoformat(text.strip()))
    except ValueError:
        return None


def say_time(text: str, language: str) -> str | None:
    """Read `17:30`."""
    of, match = LANGUAGES.get(primary(language)), _TIME.fullmatch(text.strip())
    return None if of is None or match is None else of.time(int(match[1]), int(match[2]))


def say_count(text: str, language: str) -> str | None:
    """Read `3 people`, `3 人`."""
    of, match = LANGUAGES.get(primary(language)), _COUNT.fullmatch(text.strip())
    return None if of is None or match is None else of.counted(int(match[1]), match[2])
