"""How much of what was said a transcript has right."""

from collections.abc import Sequence
from dataclasses import dataclass

from media.speech.words import spoken_words


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Words of the best alignment between what was said and what was heard."""

    said: int
    right: int
    substituted: int
    deleted: int
    inserted: int

    @property
    def fraction_right(self) -> float:
        """Words said that were heard, in order; inventing words does not lower it, see word_error_rate."""
        return self.right / self.said if self.said else 1.0

    @property
    def word_error_rate(self) -> float:
        """Can exceed 1 when words were invented."""
        errors = self.substituted + self.deleted + self.inserted
        return errors / self.said if self.said else float(errors > 0)

    def __add__(self, other: "Accuracy") -> "Accuracy":
        return Accuracy(
            self.said + other.said,
            self.right + other.right,
            self.substituted + other.substituted,
            self.deleted + other.deleted,
            self.inserted + other.inserted,
        )


NOTHING_SAID = Accuracy(0, 0, 0, 0, 0)


def compare(said: str, heard: str) -> Accuracy:
    """Case, punctuation and the way numbers are written do not count."""
    return align(spoken_words(said), spoken_words(heard))


def align(said: Sequence[str], heard: Sequence[str]) -> Accuracy:
    """Levenshtein alignment over words; among equally cheap ones the one with the most words right."""
    row = [Accuracy(0, 0, 0, 0, inserted) for inserted in range(len(heard) + 1)]
    for count, word in enumerate(said, start=1):
        above, row = row, [Accuracy(count, 0, 0, count, 0)]
        for column, other in enumerate(heard):
            row.append(
                min(
                    above[column] + (Accuracy(1, 1, 0, 0, 0) if word == other else Accuracy(1, 0, 1, 0, 0)),
                    above[column + 1] + Accuracy(1, 0, 0, 1, 0),
                    row[column] + Accuracy(0, 0, 0, 0, 1),
                    key=_cost,
                )
            )
    return row[-1]


def _cost(accuracy: Accuracy) -> tuple[int, int]:
    return accuracy.substituted + accuracy.deleted + accuracy.inserted, -accuracy.right
