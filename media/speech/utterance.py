"""What was recognised."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """Times count from the start of the recording; confidence is between 0 and 1."""

    text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """One talk spurt, decoded whole. Its text is empty when there was talk but no word was made out."""

    start_s: float
    end_s: float
    text: str
    confidence: float
    words: tuple[Word, ...]

    def moved(self, by_s: float) -> "Utterance":
        words = tuple(Word(w.text, w.start_s + by_s, w.end_s + by_s, w.confidence) for w in self.words)
        return Utterance(self.start_s + by_s, self.end_s + by_s, self.text, self.confidence, words)
