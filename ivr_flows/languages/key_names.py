"""What a caller says who speaks a key instead of pressing it.

Menus of these languages understand their keys by name unless an option's own words say otherwise.
"""

from collections.abc import Mapping
from itertools import product

EN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DE = ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")

KEY_NAMES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {**{str(key): (word,) for key, word in enumerate(EN)}, "*": ("star",), "#": ("pound", "hash")},
    "de": {**{str(key): (word,) for key, word in enumerate(DE)}, "*": ("stern",), "#": ("raute",)},
    "ja": {
        "0": ("ゼロ", "れい"),
        "1": ("いち",),
        "2": ("に",),
        "3": ("さん",),
        "4": ("よん", "し"),
        "5": ("ご",),
        "6": ("ろく",),
        "7": ("なな", "しち"),
        "8": ("はち",),
        "9": ("きゅう", "く"),
        "*": ("こめ",),
        "#": ("シャープ",),
    },
}

OPERATOR_WORDS: Mapping[str, tuple[str, ...]] = {
    "en": ("operator",),
    "de": ("mitarbeiter",),
    "ja": ("オペレーター",),
}

MAX_SPOKEN_KEYS = 2
"""Longer keys are not said as a row of digits by anybody; their options have words of their own."""


def key_names(key: str, language: str) -> tuple[str, ...]:
    """Return the ways to say a key, none where the language is not known here."""
    names = KEY_NAMES.get(primary(language), {})
    if len(key) > MAX_SPOKEN_KEYS or any(char not in names for char in key):
        return ()
    return tuple(" ".join(words) for words in product(*(names[char] for char in key)))


def operator_words(language: str) -> tuple[str, ...]:
    return OPERATOR_WORDS.get(primary(language), ())


def primary(language: str) -> str:
    """Return `en` for `en-GB`."""
    return language.partition("-")[0].lower()
