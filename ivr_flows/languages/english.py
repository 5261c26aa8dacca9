"""How English reads numbers, dates, times and sums, in words."""

from collections.abc import Mapping
from datetime import date

SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SIZES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_ORDINALS: Mapping[str, str] = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def cardinal(number: int) -> str:
    """Return a whole number in words, with the British "and"."""
    if number < 0:
        return "minus " + cardinal(-number)
    words: list[str] = []
    for size, name in _SIZES:
        count, number = divmod(number, size)
        if count:
            words += [_below_thousand(count), name]
    if words and 0 < number < 100:
        words.append("and")
    if number or not words:
        words.append(_below_thousand(number))
    return " ".join(words)


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return _below_hundred(rest)
    head = f"{SMALL[hundreds]} hundred"
    return f"{head} and {_below_hundred(rest)}" if rest else head


def _below_hundred(number: int) -> str:
    if number < 20:
        return SMALL[number]
    tens, ones = divmod(number, 10)
    return f"{TENS[tens]}-{SMALL[ones]}" if ones else TENS[tens]


def ordinal(number: int) -> str:
    head, sign, last = cardinal(number).rpartition("-")
    if not sign:
        head, sign, last = cardinal(number).rpartition(" ")
    last = last.removesuffix("y") + "ieth" if last.endswith("y") else _ORDINALS.get(last, last + "th")
    return head + sign + last


def decimal(number: str) -> str:
    whole, _, fraction = number.partition(".")
    behind = " ".join(SMALL[int(digit)] for digit in fraction)
    return cardinal(int(whole or "0")) + (" point " + behind if behind else "")


def spoken_date(day: date) -> str:
    return f"the {ordinal(day.day)} of {MONTHS[day.month - 1]} {_year(day.year)}"


def _year(year: int) -> str:
    century, rest = divmod(year, 100)
    if century % 10 == 0 and rest < 10:
        return cardinal(year)
    behind = "hundred" if rest == 0 else f"oh {SMALL[rest]}" if rest < 10 else cardinal(rest)
    return f"{cardinal(century)} {behind}"


def spoken_time(hour: int, minute: int) -> str:
    half = "a.m." if hour < 12 else "p.m."
    minutes = "" if minute == 0 else f" oh {SMALL[minute]}" if minute < 10 else f" {cardinal(minute)}"
    return f"{cardinal(hour % 12 or 12)}{minutes} {half}"
