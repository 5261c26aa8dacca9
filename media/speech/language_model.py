"""A bigram model with absolute discounting, in the ARPA format."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from math import log10
from typing import Final

START: Final = "<s>"
END: Final = "</s>"
_DISCOUNT: Final = 0.5
_UNIGRAM_ADDED: Final = 0.5
_NEVER: Final = -99.0


def arpa_bigrams(sentences: Sequence[Sequence[str]]) -> str:
    """Each history's probabilities sum to one: what the discount takes from seen pairs goes to the unseen."""
    words: Counter[str] = Counter()
    pairs: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sentence in sentences:
        padded = [START, *sentence, END]
        words.update(padded[1:])
        for history, word in pairwise(padded):
            pairs[history][word] += 1
    unigrams = _unigrams(words)
    one, two = [], []
    for history in sorted({START, *unigrams}):
        one.append(f"{_log(unigrams.get(history))} {history} {_log(_back_off(pairs[history], unigrams))}")
        total = pairs[history].total()
        two += [
            f"{_log((count - _DISCOUNT) / total)} {history} {word}"
            for word, count in sorted(pairs[history].items())
        ]
    head = ["\\data\\", f"ngram 1={len(one)}", f"ngram 2={len(two)}"]
    return "\n".join([*head, "", "\\1-grams:", *one, "", "\\2-grams:", *two, "", "\\end\\", ""])


def _unigrams(words: Counter[str]) -> dict[str, float]:
    """Flattened a little, so that what a house says seldom can still be heard."""
    total = words.total() + _UNIGRAM_ADDED * len(words)
    return {word: (count + _UNIGRAM_ADDED) / total for word, count in words.items()}


def _back_off(followers: Counter[str], unigrams: dict[str, float]) -> float:
    if not followers:
        return 1.0
    freed = _DISCOUNT * len(followers) / followers.total()
    # Nothing is unseen only after a word that every other word follows; its weight is then never used.
    unseen = 1.0 - sum(unigrams[word] for word in followers)
    return freed / max(unseen, 1e-9)


def _log(probability: float | None) -> str:
    return f"{log10(probability):.4f}" if probability else f"{_NEVER:.4f}"
