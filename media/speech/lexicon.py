"""How words are pronounced: the dictionary that ships with pocketsphinx, and espeak-ng for what it lacks."""

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from media.speech import espeak
from media.speech.errors import VocabularyError
from media.speech.settings import Voice

_VOICE: Final = Voice("en-us")

# espeak-ng's en-us phonemes in IPA to the phones of CMU's dictionary; longer ones are tried first.
_PHONES: Final = {
    "aɪɚ": "AY ER",
    "aɪə": "AY AH",
    "aʊ": "AW",
    "aɪ": "AY",
    "eɪ": "EY",
    "oʊ": "OW",
    "ɔɪ": "OY",
    "tʃ": "CH",
    "dʒ": "JH",
    "ɑːɹ": "AA R",
    "ɔːɹ": "AO R",
    "oːɹ": "AO R",
    "ɛɹ": "EH R",
    "ɪɹ": "IH R",
    "ʊɹ": "UH R",
    "əl": "AH L",
    "n̩": "AH N",
    "iː": "IY",
    "uː": "UW",
    "ɑː": "AA",
    "ɔː": "AO",
    "ɜː": "ER",
    "i": "IY",
    "u": "UW",
    "ɪ": "IH",
    "ᵻ": "IH",
    "ɛ": "EH",
    "æ": "AE",
    "a": "AA",
    "ɑ": "AA",
    "ɐ": "AH",
    "ʌ": "AH",
    "ə": "AH",
    "ɚ": "ER",
    "ɔ": "AO",
    "o": "OW",
    "ʊ": "UH",
    "e": "EH",
    "p": "P",
    "b": "B",
    "t": "T",
    "d": "D",
    "ɾ": "T",
    "ʔ": "T",
    "k": "K",
    "ɡ": "G",
    "f": "F",
    "v": "V",
    "θ": "TH",
    "ð": "DH",
    "s": "S",
    "z": "Z",
    "ʃ": "SH",
    "ʒ": "ZH",
    "h": "HH",
    "x": "K",
    "m": "M",
    "n": "N",
    "ŋ": "NG",
    "l": "L",
    "ɫ": "L",
    "ɹ": "R",
    "r": "R",
    "j": "Y",
    "w": "W",
}
_LONGEST: Final = max(map(len, _PHONES))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Lines of a pronouncing dictionary; `guessed` words have a pronunciation by rule, `mute` ones none."""

    lines: tuple[str, ...]
    guessed: tuple[str, ...]
    mute: tuple[str, ...]


def model_directory() -> Path:
    """pocketsphinx's own model, found without importing the engine into this process."""
    package = importlib.util.find_spec("pocketsphinx")
    if package is None or package.origin is None:
        raise VocabularyError("pocketsphinx is not installed; reinstall trunkline")
    return Path(package.origin).parent / "model" / "en-us"


def dictionary_path() -> Path:
    return model_directory() / "cmudict-en-us.dict"


def lexicon(words: Iterable[str]) -> Lexicon:
    """Reads the dictionary from disk each time (0.1 s) rather than holding its 134,000 words in memory."""
    wanted = set(words)
    lines, known = [], set()
    with dictionary_path().open(encoding="utf-8") as file:
        for line in file:
            word = line.partition(" ")[0].partition("(")[0]
            if word in wanted:
                known.add(word)
                lines.append(line.strip())
    unknown = sorted(wanted - known)
    guesses = {word: guess(word) for word in unknown}
    lines += [f"{word} {phones}" for word, phones in guesses.items() if phones]
    return Lexicon(
        tuple(lines),
        tuple(word for word in unknown if guesses[word]),
        tuple(word for word in unknown if not guesses[word]),
    )


def guess(word: str) -> str:
    """Phones of a word as espeak-ng would say it; empty when its letters or a sound of it are not English."""
    if not word.replace("'", "").isascii():
        return ""  # espeak-ng would name the script instead: "Japanese letter"
    ipa = "".join(character for character in espeak.phonemes(word, _VOICE) if character not in "ˈˌ‍ _-")
    phones: list[str] = []
    at = 0
    while at < len(ipa):
        piece = next((ipa[at : at + n] for n in range(_LONGEST, 0, -1) if ipa[at : at + n] in _PHONES), None)
        if piece is None and ipa[at] != "ː":
            return ""
        phones += [_PHONES[piece]] if piece else []
        at += len(piece) if piece else 1
    return " ".join(phones)
