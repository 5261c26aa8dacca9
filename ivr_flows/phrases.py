"""The form in which spoken phrases are compared."""

import unicodedata


def spoken_form(text: str) -> str:
    """Return the words alone: lower case, no punctuation, single spaces; apostrophes belong to words."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    kept = (char if _is_of_a_word(char) else " " for char in folded)
    return " ".join("".join(kept).split())


def _is_of_a_word(char: str) -> bool:
    # marks: the vowel signs and accents without which words of many scripts fall apart
    return char.isalnum() or char == "'" or unicodedata.category(char).startswith("M")
