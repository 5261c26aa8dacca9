"""Rules for what is said: whole phrases, of whom they are for, once for an utterance."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.speech_rules import SpeechRule
from contacts.ids import ParticipantId
from server.live_transcripts.rules import SpeechRules

CUSTOMER = ParticipantId("customer")
AGENT = ParticipantId("agent-1")
LEAVING = SpeechRule(name="leaving", phrases=("cancel my contract", "lawyer"))


def spotted(rule: SpeechRule, text: str, by: ParticipantId = CUSTOMER) -> list[str]:
    return [found.rule for found in SpeechRules((rule,), by).spot(1.0, text)]


@pytest.mark.parametrize(
    ("text", "meets"),
    [
        ("I will cancel my contract today", True),
        ("my LAWYER, will call you", True),
        ("cancel my second contract", False),
        ("two lawyers", False),
        ("", False),
    ],
)
def test_a_phrase_is_whole_words_in_their_order(text: str, meets: bool) -> None:
    assert bool(spotted(LEAVING, text)) is meets


def test_japanese_has_no_spaces_between_words() -> None:
    rule = SpeechRule(name="leaving", phrases=("解約",))
    assert spotted(rule, "すぐに 解 約 し たい") == ["leaving"]


def test_a_rule_may_be_for_the_agents_words() -> None:
    promise = SpeechRule(name="promise", phrases=("i guarantee",), said_by="agent")  # type: ignore[arg-type]
    assert spotted(promise, "I guarantee it", AGENT) == ["promise"]
    assert spotted(promise, "I guarantee it") == []


def test_partials_and_final_of_an_utterance_tell_it_once() -> None:
    rules = SpeechRules((LEAVING,), CUSTOMER)
    assert rules.spot(1.0, "cancel my contract")
    assert not rules.spot(1.0, "cancel my contract please")
    assert rules.spot(9.0, "cancel my contract")


def test_a_rule_without_phrases_is_a_mistake() -> None:
    with pytest.raises(ValidationError):
        SpeechRule(name="empty", phrases=())
