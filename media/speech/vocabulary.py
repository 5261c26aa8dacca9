"""What the recogniser listens for: a house's texts, a menu's phrases, or anything in English."""

from collections.abc import Iterable
from dataclasses import dataclass

from media.speech.errors import VocabularyError
from media.speech.words import spoken_words


@dataclass(frozen=True)
class Vocabulary:
    """The words of a house and how they follow each other, learned from its texts.

    A text may hold several sentences; callers need not say any of them, only such words.
    """

    name: str
    sentences: tuple[str, ...]

    def spoken(self) -> tuple[tuple[str, ...], ...]:
        """The words of each sentence; raises VocabularyError when there are none."""
        return _spoken(self.name, (part for text in self.sentences for part in _sentences(text)))


@dataclass(frozen=True)
class Phrases:
    """A menu: exactly one of these is said. What is recognised comes back as it is written here.

    The recogniser rejects poorly: it finds one of the phrases in nearly everything. Confirm what it found.
    """

    phrases: tuple[str, ...]

    def spoken(self) -> tuple[tuple[str, ...], ...]:
        """The words of each phrase; raises VocabularyError when one has none."""
        for phrase in self.phrases:
            if not spoken_words(phrase):
                raise VocabularyError(f"phrase {phrase!r} holds no words")
        return _spoken("phrases", self.phrases)

    def written(self, heard: str) -> str:
        """The phrase whose words were heard."""
        words = spoken_words(heard)
        return next((phrase for phrase in self.phrases if spoken_words(phrase) == words), heard)


@dataclass(frozen=True)
class General:
    """Anything in the engine's language; on telephone audio pocketsphinx has every second word wrong."""


LanguageModel = Vocabulary | Phrases | General


def _sentences(text: str) -> Iterable[str]:
    """Splits at ends of sentences, so that the model does not learn that one follows another."""
    start = 0
    for index, character in enumerate(text):
        if character in "\n;:!?" or (character == "." and not text[index + 1 : index + 2].isdigit()):
            yield text[start:index]
            start = index + 1
    yield text[start:]


def _spoken(name: str, texts: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    spoken = tuple(words for words in map(spoken_words, texts) if words)
    if not spoken:
        raise VocabularyError(f"{name}: there is no word to listen for")
    return spoken
