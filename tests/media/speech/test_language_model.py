"""The bigram model is a probability distribution and prefers what the house says."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.speech.language_model import arpa_bigrams


class Model:
    """An ARPA file read back, with the back-off rule of the format."""

    def __init__(self, arpa: str) -> None:
        self.one: dict[str, tuple[float, float]] = {}
        self.two: dict[tuple[str, str], float] = {}
        self.counts = {
            int(line[6]): int(line.partition("=")[2]) for line in arpa.split("\n") if line.startswith("ngram")
        }
        section = 0
        for line in arpa.split("\n"):
            if line.startswith("\\"):
                section = int(line[1]) if line[1].isdigit() else 0
            elif section == 1 and line:
                logp, word, weight = line.split()
                self.one[word] = (10 ** float(logp), 10 ** float(weight))
            elif section == 2 and line:
                logp, first, second = line.split()
                self.two[first, second] = 10 ** float(logp)

    def probability(self, history: str, word: str) -> float:
        if (history, word) in self.two:
            return self.two[history, word]
        return self.one[history][1] * self.one[word][0]


SENTENCES = [("pay", "the", "bill"), ("pay", "by", "card"), ("the", "bill", "is", "paid")]


def test_header_counts_what_follows() -> None:
    model = Model(arpa_bigrams(SENTENCES))
    assert model.counts == {1: len(model.one), 2: len(model.two)}


def test_pairs_of_the_house_are_likelier_than_others() -> None:
    model = Model(arpa_bigrams(SENTENCES))
    assert model.probability("the", "bill") > 10 * model.probability("the", "card")
    assert (
        model.probability("<s>", "pay") > model.probability("<s>", "the") > model.probability("<s>", "card")
    )


def test_what_never_occurred_is_still_possible() -> None:
    model = Model(arpa_bigrams(SENTENCES))
    assert model.probability("card", "bill") > 0


words = st.sampled_from(["a", "b", "c", "d", "e"])


@given(st.lists(st.lists(words, min_size=1, max_size=6), min_size=1, max_size=12))
def test_probabilities_after_every_word_sum_to_one(sentences: list[list[str]]) -> None:
    model = Model(arpa_bigrams(sentences))
    said = [word for word in model.one if word != "<s>"]
    assert math.isclose(sum(model.one[word][0] for word in said), 1.0, abs_tol=0.01)
    for history in model.one:
        if history == "</s>":
            continue
        followers = {second for first, second in model.two if first == history}
        total = sum(model.probability(history, word) for word in said)
        if followers != set(said):
            assert total == pytest.approx(1.0, abs=0.01), history
