"""The timeline that people read."""

import re

import pytest
from hypothesis import given

from contacts.facts import contact, queue
from contacts.facts.entry import FACT_TYPES
from contacts.facts.fact import Fact
from contacts.folds.timeline import SENTENCES, Timeline
from contacts.ids import AgentId, LegId, OfferId, QueueId
from contacts.outcomes import EndedBy, QueueExit
from tests.contacts.facts_of import any_fact
from tests.contacts.story import ALICE, CONTACT, CUSTOMER, story

RAW = re.compile(r"\w+\.\w+ |\w+=|[a-z]_[a-z]|  |: ?$| of $| for $| to $|\(\)|: ,")
JOINED = (
    contact.ParticipantJoined(contact=CONTACT, participant=CUSTOMER, role=contact.ParticipantRole.CUSTOMER),
    contact.ParticipantJoined(
        contact=CONTACT, participant=ALICE, role=contact.ParticipantRole.AGENT, agent="alice"
    ),
)


def sentence(*facts: Fact) -> str:
    """The last one's."""
    timeline = Timeline()
    return [timeline.sentence(fact) for fact in (*JOINED, *facts)][-1]


def test_u19_every_type_of_fact_has_a_sentence() -> None:
    assert set(SENTENCES) == set(FACT_TYPES)


@given(any_fact())
def test_any_fact_can_be_told(fact: Fact) -> None:
    assert Timeline().sentence(fact)


BARE: list[Fact] = [
    contact.ContactStarted(contact=CONTACT),
    contact.ContactStarted(contact=CONTACT, origin=contact.ContactOrigin.CALLBACK),
    contact.LegEnded(contact=CONTACT, participant=ALICE, leg=LegId("x"), by=EndedBy.PARTICIPANT),
    contact.PromptFailed(contact=CONTACT, reason=""),
    queue.QueueJoined(contact=CONTACT, queue=QueueId("sales")),
    queue.QueuePositionTold(contact=CONTACT, queue=QueueId("sales"), position=1, of=0),
    queue.OfferRefused(contact=CONTACT, offer=OfferId("o"), agent=AgentId("alice"), reason=""),
    queue.OfferMade(
        contact=CONTACT, offer=OfferId("o"), agent=AgentId("alice"), rule="", waited_s=1.0, idle_s=2.0
    ),
]


@pytest.mark.parametrize("fact", BARE, ids=lambda fact: type(fact).__name__)
def test_u19_what_is_empty_is_not_named(fact: Fact) -> None:
    assert not RAW.search(sentence(fact)), sentence(fact)


def test_participants_are_called_by_their_names() -> None:
    ringing = contact.LegRinging(contact=CONTACT, participant=ALICE, leg=LegId("x"))
    assert sentence(ringing) == "alice's phone rings"
    lost = contact.SoundLost(contact=CONTACT, participant=CUSTOMER, for_s=5.0)
    assert sentence(lost) == "no sound from caller for 5 s"


def test_an_exit_from_a_queue_says_how_long_and_why() -> None:
    left = queue.QueueExited(
        contact=CONTACT, queue=QueueId("sales"), exit=QueueExit.OVERFLOWED, waited_s=30.04
    )
    assert sentence(left) == "left queue sales after 30.0 s: waited as long as the queue allows"


def test_a_line_has_the_seconds_since_the_contact_began() -> None:
    told = story(
        (0.0, contact.ContactStarted(contact=CONTACT, caller="0301", number="100", trunk="carrier")),
        (2.5, queue.QueuePositionTold(contact=CONTACT, queue=QueueId("sales"), position=3, of=4)),
    )
    timeline = Timeline()
    first, second = (timeline.line(entry) for entry in told)
    assert first.endswith("+0.00 s  call from 0301 to 100 over trunk carrier")
    assert second.endswith("+2.50 s  told: position 3 of 4")


def test_a_skill_that_any_level_satisfies_is_named_without_one() -> None:
    joined = queue.QueueJoined(contact=CONTACT, queue=QueueId("sales"), skills={"german": 1})
    assert sentence(joined) == "waiting in queue sales, needs skill german"
    joined = queue.QueueJoined(contact=CONTACT, queue=QueueId("sales"), skills={"german": 3, "tax": 1})
    assert sentence(joined) == "waiting in queue sales, needs skill german of level 3 and tax"
