"""Numbers, dates, times and sums in English and Japanese."""

import re
from datetime import date, timedelta

import pytest

from ivr_flows.languages import english, japanese
from ivr_flows.languages.spoken import say_count, say_date, say_digits, say_money, say_number, say_time

ONES = {"いち": 1, "に": 2, "さん": 3, "よん": 4, "ご": 5, "ろく": 6, "なな": 7, "はち": 8, "きゅう": 9}
ONES_SHORT = {**ONES, "ろっ": 6, "はっ": 8}
READING = re.compile(
    r"(?:(?P<thousand>に|さん|よん|ご|ろく|なな|はっ|きゅう)?(?P<t>せん|ぜん))?"
    r"(?:(?P<hundred>に|さん|よん|ご|ろっ|なな|はっ|きゅう)?(?P<h>ひゃく|びゃく|ぴゃく))?"
    r"(?:(?P<ten>に|さん|よん|ご|ろく|なな|はち|きゅう)?(?P<j>じゅう))?"
    r"(?P<one>いち|に|さん|よん|ご|ろく|なな|はち|きゅう)?"
)


def number_of(reading: str) -> int:
    """Read kana back, independently of how they were made."""
    match = READING.fullmatch(reading)
    assert match is not None, reading
    total = 0
    for count, unit, size in (("thousand", "t", 1000), ("hundred", "h", 100), ("ten", "j", 10)):
        if match[unit]:
            total += ONES_SHORT.get(match[count] or "", 1) * size
    return total + ONES.get(match["one"] or "", 0)


def test_japanese_numbers_from_0_to_9999_can_be_read_back() -> None:
    assert japanese.cardinal(0) == "ゼロ"
    readings = [japanese.cardinal(number) for number in range(1, 10_000)]
    assert [number_of(reading) for reading in readings] == list(range(1, 10_000))
    assert len(set(readings)) == len(readings)


def test_japanese_sound_changes_hold_in_every_number() -> None:
    for number in range(1, 10_000):
        reading = japanese.cardinal(number)
        assert ("さんびゃく" in reading) == (number // 100 % 10 == 3)
        assert ("ろっぴゃく" in reading) == (number // 100 % 10 == 6)
        assert ("はっぴゃく" in reading) == (number // 100 % 10 == 8)
        assert ("さんぜん" in reading) == (number // 1000 == 3)
        assert ("はっせん" in reading) == (number // 1000 == 8)


@pytest.mark.parametrize(
    ("number", "reading"),
    [
        (10_000, "いちまん"),
        (12_345, "いちまんにせんさんびゃくよんじゅうご"),
        (100_000_000, "いちおく"),
        (10**12, "いっちょう"),
        (8 * 10**12, "はっちょう"),
        (-5, "マイナスご"),
    ],
)
def test_japanese_numbers_beyond(number: int, reading: str) -> None:
    assert japanese.cardinal(number) == reading


@pytest.mark.parametrize(
    ("counter", "readings"),
    [
        ("人", "ひとり ふたり さんにん よにん ごにん ろくにん ななにん はちにん きゅうにん じゅうにん"),
        ("個", "いっこ にこ さんこ よんこ ごこ ろっこ ななこ はっこ きゅうこ じゅっこ"),
        ("本", "いっぽん にほん さんぼん よんほん ごほん ろっぽん ななほん はっぽん きゅうほん じゅっぽん"),
        ("分", "いっぷん にふん さんぷん よんぷん ごふん ろっぷん ななふん はっぷん きゅうふん じゅっぷん"),
        ("時", "いちじ にじ さんじ よじ ごじ ろくじ しちじ はちじ くじ じゅうじ"),
        ("月", "いちがつ にがつ さんがつ しがつ ごがつ ろくがつ しちがつ はちがつ くがつ じゅうがつ"),
        ("円", "いちえん にえん さんえん よえん ごえん ろくえん ななえん はちえん きゅうえん じゅうえん"),
    ],
)
def test_japanese_counters(counter: str, readings: str) -> None:
    assert [japanese.counted(number, counter) for number in range(1, 11)] == readings.split()


def test_every_counter_reads_every_number_to_9999_differently() -> None:
    for counter in japanese.COUNTERS:
        readings = {japanese.counted(number, counter) for number in range(1, 10_000)}
        assert len(readings) == 9_999


def test_japanese_days_of_a_month() -> None:
    days = [japanese.spoken_date(date(2026, 1, 1) + timedelta(days=n)).split()[2] for n in range(31)]
    assert days[:10] == [
        "ついたち",
        "ふつか",
        "みっか",
        "よっか",
        "いつか",
        "むいか",
        "なのか",
        "ようか",
        "ここのか",
        "とおか",
    ]
    assert (days[13], days[19], days[23]) == ("じゅうよっか", "はつか", "にじゅうよっか")
    assert len(set(days)) == 31


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (21, "twenty-one"),
        (100, "one hundred"),
        (342, "three hundred and forty-two"),
        (1001, "one thousand and one"),
        (1234, "one thousand two hundred and thirty-four"),
        (2_000_000, "two million"),
        (-7, "minus seven"),
    ],
)
def test_english_numbers(number: int, words: str) -> None:
    assert english.cardinal(number) == words


def test_english_numbers_to_9999_are_all_different() -> None:
    assert len({english.cardinal(number) for number in range(10_000)}) == 10_000


@pytest.mark.parametrize(
    ("said", "en", "ja"),
    [
        (say_number("-12.05", "en"), "minus twelve point zero five", None),
        (say_date("2026-12-24", "en-GB"), "the twenty-fourth of December twenty twenty-six", None),
        (say_date("2026-12-24", "ja"), None, "にせんにじゅうろくねん じゅうにがつ にじゅうよっか"),
        (say_date("2008-01-03", "en"), "the third of January two thousand and eight", None),
        (say_time("17:30", "en"), "five thirty p.m.", None),
        (say_time("09:05", "en"), "nine oh five a.m.", None),
        (say_time("17:30", "ja"), None, "ごご ごじ さんじゅっぷん"),
        (say_money("12.50 GBP", "en"), "twelve pounds and fifty pence", None),
        (say_money("1 USD", "en"), "one dollar", None),
        (say_money("0.99 EUR", "en"), "ninety-nine cents", None),
        (say_money("1980 JPY", "ja"), None, "せんきゅうひゃくはちじゅうえん"),
        (say_count("3 people", "en"), "three people", None),
        (say_count("3 人", "ja"), None, "さんにん"),
    ],
)
def test_what_is_said(said: str | None, en: str | None, ja: str | None) -> None:
    assert said == (en or ja)


@pytest.mark.parametrize("text", ["", "abc", "2026-13-01", "25:00", "1 2", "12.50 XXX", "१२"])
def test_what_is_none_of_these_is_not_read_as_one(text: str) -> None:
    for say in (say_date, say_time, say_money):
        assert say(text, "en") is None
    assert text == "1 2" or say_number(text, "en") is None


def test_digits_have_names() -> None:
    assert say_digits("407", "en") == ("four", "zero", "seven")
    assert say_digits("407", "ja") == ("よん", "ゼロ", "なな")
    assert say_digits("407", "tlh") is None
