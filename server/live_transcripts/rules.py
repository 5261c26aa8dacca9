"""Words that somebody should know of while they are said (pure): which rules a text meets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from config.speech_rules import SpeechRule, Talker
from contacts.contact import CUSTOMER
from contacts.ids import ParticipantId
from media.speech.words import spoken_words


@dataclass(frozen=True, slots=True)
class Spotted:
    """A rule, and which of its phrases was said."""

    rule: str
    phrase: str = field(repr=False)


@dataclass(slots=True)
class SpeechRules:
    """For one voice: each rule once for an utterance, however often its partials and final say the phrase."""

    rules: Sequence[SpeechRule]
    participant: ParticipantId
    _utterance_s: float = -1.0
    _told: set[str] = field(default_factory=set)

    def spot(self, start_s: float, text: str) -> tuple[Spotted, ...]:
        """`start_s` tells utterances apart."""
        if start_s != self._utterance_s:
            self._utterance_s, self._told = start_s, set()
        found = tuple(
            spotted
            for rule in self.rules
            if rule.name not in self._told and _listens(rule, self.participant)
            for spotted in _first(rule, text)
        )
        self._told.update(spotted.rule for spotted in found)
        return found


def _listens(rule: SpeechRule, participant: ParticipantId) -> bool:
    match rule.said_by:
        case Talker.ANYBODY:
            return True
        case Talker.CUSTOMER:
            return participant == CUSTOMER
        case Talker.AGENT:
            return participant != CUSTOMER


def _first(rule: SpeechRule, text: str) -> Iterable[Spotted]:
    words = spoken_words(text)
    for phrase in rule.phrases:
        if _said(phrase, text, words):
            return (Spotted(rule.name, phrase),)
    return ()


def _said(phrase: str, text: str, words: tuple[str, ...]) -> bool:
    """Whole words in their order; in a script without spaces between words, anywhere."""
    wanted = spoken_words(phrase)
    if not wanted or not phrase.isascii():
        return phrase.replace(" ", "") in text.replace(" ", "")
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1))
