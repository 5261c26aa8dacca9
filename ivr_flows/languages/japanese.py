"""How Japanese reads numbers, counters, dates and times, in kana: what a synthesiser cannot get wrong.

The sound changes follow the standard readings (NHK accent dictionary, numeral tables).
"""

from collections.abc import Mapping
from datetime import date

DIGITS = ("ゼロ", "いち", "に", "さん", "よん", "ご", "ろく", "なな", "はち", "きゅう")
_TENS = "じゅう"
_HUNDREDS = (
    "",
    "ひゃく",
    "にひゃく",
    "さんびゃく",
    "よんひゃく",
    "ごひゃく",
    "ろっぴゃく",
    "ななひゃく",
    "はっぴゃく",
    "きゅうひゃく",
)
_THOUSANDS = (
    "",
    "せん",
    "にせん",
    "さんぜん",
    "よんせん",
    "ごせん",
    "ろくせん",
    "ななせん",
    "はっせん",
    "きゅうせん",
)
_MYRIADS = ((10**12, "ちょう"), (10**8, "おく"), (10**4, "まん"))
_MYRIAD_CHANGES = {"いちちょう": "いっちょう", "はちちょう": "はっちょう", "じゅうちょう": "じゅっちょう"}


def cardinal(number: int) -> str:
    """Return the reading of a whole number up to 9999 trillion (10^16)."""
    if number < 0:
        return "マイナス" + cardinal(-number)
    if number == 0:
        return DIGITS[0]
    words = ""
    for size, name in _MYRIADS:
        count, number = divmod(number, size)
        if count:
            words += _with_myriad(_below_myriad(count), name)
    return words + _below_myriad(number)


def _with_myriad(count: str, name: str) -> str:
    for plain, changed in _MYRIAD_CHANGES.items():
        if (count + name).endswith(plain):
            return (count + name).removesuffix(plain) + changed
    return count + name


def _below_myriad(number: int) -> str:
    thousands, number = divmod(number, 1000)
    hundreds, number = divmod(number, 100)
    tens, ones = divmod(number, 10)
    ten = "" if tens == 0 else _TENS if tens == 1 else DIGITS[tens] + _TENS
    return _THOUSANDS[thousands] + _HUNDREDS[hundreds] + ten + (DIGITS[ones] if ones else "")


def decimal(number: str) -> str:
    """Return the reading of a number with a point, digit by digit behind it."""
    whole, _, fraction = number.partition(".")
    behind = "".join(DIGITS[int(digit)] for digit in fraction)
    return cardinal(int(whole or "0")) + ("てん" + behind if behind else "")


_GEMINATE = {
    "いち": "いっ",
    "ろく": "ろっ",
    "はち": "はっ",
    "じゅう": "じゅっ",
    "ひゃく": "ひゃっ",
    "びゃく": "びゃっ",
    "ぴゃく": "ぴゃっ",
}


def _counter(plain: str, after: Mapping[str, str], whole: Mapping[int, str] | None = None) -> "_Counter":
    return _Counter(plain, after, whole or {})


class _Counter:
    """What is joined to a number: its beginning and the ending of the number change together."""

    def __init__(self, plain: str, after: Mapping[str, str], whole: Mapping[int, str]) -> None:
        self._plain = plain
        self._after = after
        self._whole = whole

    def read(self, number: int) -> str:
        if number in self._whole:
            return self._whole[number]
        words = cardinal(number)
        for ending in sorted(self._after, key=len, reverse=True):
            if words.endswith(ending):
                return words.removesuffix(ending) + self._after[ending]
        return words + self._plain


_FUN = {ending: short + "ぷん" for ending, short in _GEMINATE.items()} | {
    "さん": "さんぷん",
    "よん": "よんぷん",
    "せん": "せんぷん",
    "まん": "まんぷん",
}
_HON = {ending: short + "ぽん" for ending, short in _GEMINATE.items()} | {
    "さん": "さんぼん",
    "せん": "せんぼん",
    "まん": "まんぼん",
}
_KO = {ending: short + "こ" for ending, short in _GEMINATE.items()}
_KAI = {ending: short + "かい" for ending, short in _GEMINATE.items()}
_SAI = {ending: short + "さい" for ending, short in _GEMINATE.items() if ending in ("いち", "はち", "じゅう")}

COUNTERS: Mapping[str, _Counter] = {
    "人": _counter("にん", {"よん": "よにん"}, {1: "ひとり", 2: "ふたり"}),
    "個": _counter("こ", _KO),
    "本": _counter("ほん", _HON),
    "回": _counter("かい", _KAI),
    "歳": _counter("さい", _SAI, {20: "はたち"}),
    "番": _counter("ばん", {}),
    "円": _counter("えん", {"よん": "よえん"}),
    "時": _counter("じ", {"よん": "よじ", "なな": "しちじ", "きゅう": "くじ"}, {0: "れいじ"}),
    "分": _counter("ふん", _FUN),
    "秒": _counter("びょう", {}),
    "月": _counter("がつ", {"よん": "しがつ", "なな": "しちがつ", "きゅう": "くがつ"}),
    "年": _counter("ねん", {"よん": "よねん"}),
}

_DAYS: Mapping[int, str] = {
    **dict(
        enumerate(
            (
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
            ),
            1,
        )
    ),
    14: "じゅうよっか",
    17: "じゅうしちにち",
    19: "じゅうくにち",
    20: "はつか",
    24: "にじゅうよっか",
    27: "にじゅうしちにち",
    29: "にじゅうくにち",
}


def counted(number: int, counter: str) -> str:
    """Return a number with its counter; one that is not known here follows the plain number."""
    known = COUNTERS.get(counter)
    return cardinal(number) + counter if known is None else known.read(number)


def spoken_date(day: date) -> str:
    """Return year, month and day."""
    of_month = _DAYS.get(day.day) or cardinal(day.day) + "にち"
    return f"{counted(day.year, '年')} {counted(day.month, '月')} {of_month}"


def spoken_time(hour: int, minute: int) -> str:
    """Return a time of day on the clock of twelve hours."""
    half = "ごぜん" if hour < 12 else "ごご"
    minutes = f" {counted(minute, '分')}" if minute else ""
    return f"{half} {counted(hour % 12, '時')}{minutes}"
