"""Texts as the words that a voice says: numbers spelled out, apostrophes kept, other punctuation gone."""

import re
import unicodedata
from typing import Final

_ONES: Final = (
    *(
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES: Final = ((1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand"), (100, "hundred"))
_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_SIGNS: Final = {
    "%": " percent ",
    "&": " and ",
    "$": " dollars ",
    "€": " euros ",
    "£": " pounds ",
    "+": " plus ",
}
_LONGEST_CARDINAL: Final = 12

_AMOUNT: Final = re.compile(r"([$€£])\s?(\d[\d,]*(?:\.\d+)?)")
_TOKEN: Final = re.compile(
    r"\d+(?:,\d{3})+(?![\d])|\d+\.\d+|\d+(?:st|nd|rd|th)\b|\d+|[^\W\d_]+(?:'[^\W\d_]+)*"
)


def spoken_words(text: str) -> tuple[str, ...]:
    """Lower-case words in order; every one consists of letters and inner apostrophes only."""
    plain = _without_accents(text.replace("\u2019", "'").replace("\u2018", "'").lower())
    plain = _AMOUNT.sub(r"\2\1", plain)
    for sign, word in _SIGNS.items():
        plain = plain.replace(sign, word)
    return tuple(word for token in _TOKEN.findall(plain) for word in _token_words(token))


def _without_accents(text: str) -> str:
    """English dictionaries have cafe, not café."""
    parts = unicodedata.normalize("NFKD", text).lower()
    return "".join(part for part in parts if not unicodedata.combining(part))


def _token_words(token: str) -> tuple[str, ...]:
    if not token[0].isdigit():
        return (token,) if token.replace("'", "").isalpha() else ()
    if token[-1].isalpha():
        return _ordinal(int(token[:-2]))
    whole, _, decimals = token.replace(",", "").partition(".")
    spoken = cardinal(int(whole)) if _is_a_quantity(whole) else _digits(whole)
    return (*spoken, "point", *_digits(decimals)) if decimals else spoken


def _is_a_quantity(digits: str) -> bool:
    """A number with leading zeros, or too long to be said as a quantity, is read digit by digit."""
    return len(digits) <= _LONGEST_CARDINAL and (digits == "0" or not digits.startswith("0"))


def _digits(digits: str) -> tuple[str, ...]:
    return tuple(_ONES[int(digit)] for digit in digits)


def cardinal(number: int) -> tuple[str, ...]:
    """The American way, as the voice en-us says it: no "and" after the hundreds."""
    if number < 20:
        return (_ONES[number],)
    if number < 100:
        tens, ones = divmod(number, 10)
        return (_TENS[tens - 2], *((_ONES[ones],) if ones else ()))
    size, name = next((size, name) for size, name in _SCALES if number >= size)
    count, rest = divmod(number, size)
    return (*cardinal(count), name, *(cardinal(rest) if rest else ()))


def _ordinal(number: int) -> tuple[str, ...]:
    *front, last = cardinal(number)
    if last in _ORDINALS:
        return (*front, _ORDINALS[last])
    return (*front, f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
