"""What a flow notes becomes a fact of the contact, and a sentence that people read."""

from __future__ import annotations

import pytest

from contacts.facts.contact import PromptFailed
from contacts.facts.flow import FlowNoted, FlowStarted, NodeEntered
from contacts.folds.timeline import Timeline
from contacts.ids import ContactId
from ivr_flows.engine.instructions import Fact, Note
from server.intake.flow_facts import flow_fact

CONTACT = ContactId("c1")
WHERE: tuple[tuple[str, str | int], ...] = (("flow", "welcome"), ("node", "main"))
# Every field that any of them has.
TEXTS = [
    "kind",
    "by",
    "digit",
    "option",
    "variable",
    "value",
    "tags",
    "survey",
    "question",
    "complexity",
    "severity",
    "effort",
    "treatment",
    "what",
    "outcome",
    "item",
    "reason",
    "to",
    "case",
    "limit",
    "cause",
    "version",
]
NUMBERS = ["count", "score", "duration_s", "keys", "prompts", "repeats", "handed_on", "waited_s"]
ALL: tuple[tuple[str, str | int], ...] = (
    *WHERE,
    *((name, "some") for name in TEXTS),
    *((name, 3) for name in NUMBERS),
)


@pytest.mark.parametrize("noted", list(Fact), ids=lambda noted: noted.value)
def test_u19_every_note_of_a_flow_reads_as_words_and_not_as_a_name(noted: Fact) -> None:
    told = flow_fact(CONTACT, Note(noted, ALL))
    if told is not None:  # the contact tells it itself
        assert not Timeline().sentence(told).startswith("flow.")


def test_fields_that_would_be_ambiguous_have_other_names_in_the_fact() -> None:
    started = flow_fact(CONTACT, Note(Fact.STARTED, (*WHERE, ("version", "7"))))
    assert isinstance(started, FlowStarted)
    assert started.flow_version == "7"
    entered = flow_fact(CONTACT, Note(Fact.NODE_ENTERED, (*WHERE, ("kind", "menu"))))
    assert isinstance(entered, NodeEntered)
    assert (entered.node, entered.node_kind) == ("main", "menu")


def test_a_prompt_that_failed_is_the_contacts_own_fact() -> None:
    told = flow_fact(CONTACT, Note(Fact.PROMPT_FAILED, (*WHERE, ("reason", "disk full"))))
    assert told == PromptFailed(contact=CONTACT, reason="disk full")


def test_what_the_contact_tells_itself_is_not_told_twice() -> None:
    assert flow_fact(CONTACT, Note(Fact.QUEUE_LEFT, WHERE)) is None
    assert flow_fact(CONTACT, Note(Fact.TRANSFER_ENDED, WHERE)) is None


def test_a_note_without_a_type_of_its_own_keeps_its_details_as_text() -> None:
    told = flow_fact(CONTACT, Note(Fact.SCORED, (*WHERE, ("survey", "nps"), ("question", "q"), ("score", 9))))
    assert isinstance(told, FlowNoted)
    assert (told.flow, told.node, told.about) == ("welcome", "main", "flow.scored")
    assert told.details == {"survey": "nps", "question": "q", "score": "9"}
