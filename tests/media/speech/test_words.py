"""Texts become the words that a voice says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.speech.words import spoken_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World!", "hello world"),
        ("It\u2019s the customer's", "it's the customer's"),
        ("'quoted' words", "quoted words"),
        ("9 to 5", "nine to five"),
        ("0", "zero"),
        ("21 days, 100 or 342", "twenty one days one hundred or three hundred forty two"),
        ("1,250,000", "one million two hundred fifty thousand"),
        ("3.05 percent", "three point zero five percent"),
        ("007", "zero zero seven"),
        ("1234567890123", "one two three four five six seven eight nine zero one two three"),
        ("the 1st, 12th, 20th and 33rd", "the first twelfth twentieth and thirty third"),
        ("$50 & 7%", "fifty dollars and seven percent"),
        ("e-mail", "e mail"),
        ("wait... what?", "wait what"),
        ("", ""),
        ("...", ""),
    ],
)
def test_text_is_spoken_as(text: str, words: str) -> None:
    assert " ".join(spoken_words(text)) == words


@given(st.text())
def test_words_hold_nothing_but_letters_and_apostrophes_and_are_their_own_words(text: str) -> None:
    words = spoken_words(text)
    assert all(part.isalpha() for word in words for part in word.split("'"))
    assert spoken_words(" ".join(words)) == words
