"""How well telephone speech is understood: the figures that the README may quote."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from media.speech.accuracy import NOTHING_SAID, Accuracy, compare
from media.speech.recogniser import SpeechWorkers
from media.speech.synthesis import Synthesiser
from media.speech.vocabulary import Phrases, Vocabulary
from media.speech.words import spoken_words

DEMONSTRATION = Path(__file__).parents[3] / "server" / "demonstration"
MENU = Phrases(
    (
        *(
            "sales",
            "support",
            "billing",
            "opening hours",
            "delivery",
            "invoice",
            "technical support",
            "returns",
        ),
        *(
            "speak to an agent",
            "repeat",
            "main menu",
            "account balance",
            "report a problem",
            "cancel my order",
        ),
        *(
            "change my address",
            "track my parcel",
            "internet connection",
            "payment",
            "yes please",
            "no thank you",
        ),
    )
)


async def understood(
    workers: SpeechWorkers,
    synthesiser: Synthesiser,
    telephone: Any,
    house: tuple[str, ...],
    said: tuple[str, ...],
) -> Accuracy:
    total = NOTHING_SAID
    vocabulary = Vocabulary("house", house)
    for sentence in said:
        recording = telephone.heard(await synthesiser.render(sentence))
        heard = await workers.transcribe(recording, vocabulary)
        total += compare(sentence, " ".join(utterance.text for utterance in heard))
    return total


def words_of(sentences: tuple[str, ...]) -> set[tuple[str, ...]]:
    return {spoken_words(sentence) for sentence in sentences}


async def test_sentences_in_a_houses_words_are_four_fifths_right(
    workers: SpeechWorkers,
    synthesiser: Synthesiser,
    telephone: Any,
    house_sentences: tuple[str, ...],
    spoken_sentences: tuple[str, ...],
) -> None:
    assert len(house_sentences) == 34
    assert not words_of(house_sentences) & words_of(spoken_sentences)
    accuracy = await understood(workers, synthesiser, telephone, house_sentences, spoken_sentences)
    assert accuracy.fraction_right >= 0.8, accuracy
    assert accuracy.word_error_rate <= 0.2, accuracy


@pytest.fixture
def conversation() -> tuple[str, ...]:
    turns = tomllib.loads((DEMONSTRATION / "conversation.toml").read_text())["turns"]
    return tuple(turn["text"] for turn in turns)


async def test_the_demonstrations_conversation_is_nine_tenths_right(
    workers: SpeechWorkers,
    synthesiser: Synthesiser,
    telephone: Any,
    text: Any,
    conversation: tuple[str, ...],
) -> None:
    house = text.lines(DEMONSTRATION / "house_sentences.txt")
    assert not words_of(Vocabulary("house", house).sentences) & words_of(conversation)
    accuracy = await understood(workers, synthesiser, telephone, house, conversation)
    assert accuracy.fraction_right >= 0.9, accuracy


async def test_a_menu_of_twenty_phrases_is_understood(
    workers: SpeechWorkers, synthesiser: Synthesiser, telephone: Any
) -> None:
    right = 0
    for phrase in MENU.phrases:
        heard = await workers.transcribe(telephone.heard(await synthesiser.render(phrase)), MENU)
        right += bool(heard) and heard[0].text == phrase
    assert right >= 0.8 * len(MENU.phrases)
