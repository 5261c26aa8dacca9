"""A contact in one row."""

from datetime import timedelta

from hypothesis import given

from contacts.facts import contact, queue, recording
from contacts.facts.fact import Fact
from contacts.folds.summary import SUMMARISED, begun
from contacts.ids import AgentId, LegId, QueueId
from contacts.outcomes import ContactOutcome, EndedBy, QueueExit
from tests.contacts.facts_of import any_fact
from tests.contacts.folds.summing import summary_of
from tests.contacts.folds.test_timeline import JOINED
from tests.contacts.story import ALICE, CONTACT, CUSTOMER, START, story

BEGAN = contact.ContactStarted(contact=CONTACT, caller="0301", number="100", trunk="t", flow="welcome")
SALES = QueueId("sales")
LEG = LegId("l1")


def left(by: EndedBy = EndedBy.PARTICIPANT) -> Fact:
    return contact.LegEnded(contact=CONTACT, participant=CUSTOMER, leg=LEG, by=by)


def test_a_whole_contact_in_one_row() -> None:
    summary = summary_of(
        story(
            (0.0, BEGAN),
            (0.0, JOINED[0]),
            (0.1, contact.LegAnswered(contact=CONTACT, participant=CUSTOMER, leg=LEG)),
            (5.0, queue.QueueJoined(contact=CONTACT, queue=SALES)),
            (9.0, JOINED[1]),
            (10.0, contact.ConversationStarted(contact=CONTACT, participant=ALICE)),
            (60.0, left()),
            (60.1, queue.QueueExited(contact=CONTACT, queue=SALES, exit=QueueExit.ANSWERED, waited_s=5.0)),
            (60.5, contact.ContactClosed(contact=CONTACT, outcome=ContactOutcome.SERVED)),
        )
    )
    assert summary is not None
    assert (summary.caller, summary.number, summary.trunk, summary.flow) == ("0301", "100", "t", "welcome")
    assert (summary.queue, summary.agents, summary.waited_s) == ("sales", ("alice",), 5.0)
    assert summary.answered_at == START + timedelta(seconds=0.1)
    assert summary.outcome is ContactOutcome.SERVED


def test_finding_50_what_is_saved_after_the_call_does_not_make_it_longer() -> None:
    summary = summary_of(
        story(
            (0.0, BEGAN),
            (0.0, JOINED[0]),
            (30.0, left()),
            (33.0, contact.ContactClosed(contact=CONTACT, outcome=ContactOutcome.LEFT_IN_FLOW)),
            (90.0, recording.TranscriptReady(contact=CONTACT, recording="r", words=3)),
        )
    )
    assert summary is not None
    assert summary.duration_s == 30.0
    assert summary.ended_at == START + timedelta(seconds=30)


def test_an_agent_whose_phone_only_rang_did_not_serve_them() -> None:
    summary = summary_of(
        story(
            (0.0, BEGAN),
            (1.0, JOINED[1]),
            (2.0, contact.LegRinging(contact=CONTACT, participant=ALICE, leg=LEG)),
        )
    )
    assert summary is not None
    assert summary.agents == ()
    assert summary.outcome is None


def test_waits_in_several_queues_add_up_and_the_last_one_is_named() -> None:
    told: list[tuple[float, Fact]] = [(0.0, BEGAN)]
    for name in ("sales", "support"):
        told.append((1.0, queue.QueueJoined(contact=CONTACT, queue=QueueId(name))))
        exited = queue.QueueExited(
            contact=CONTACT, queue=QueueId(name), exit=QueueExit.OVERFLOWED, waited_s=7.5
        )
        told.append((2.0, exited))
    summary = summary_of(story(*told))
    assert summary is not None
    assert (summary.queue, summary.waited_s) == ("support", 15.0)


def test_a_contact_that_nobody_saw_end_ends_when_it_is_closed() -> None:
    closed = contact.ContactClosed(contact=CONTACT, outcome=ContactOutcome.INTERRUPTED, duration_s=12.0)
    summary = summary_of(story((0.0, BEGAN), (400.0, closed)))
    assert summary is not None
    assert summary.duration_s == 12.0
    assert summary.ended_at == START + timedelta(seconds=400)


def test_facts_without_the_start_are_no_contact() -> None:
    assert summary_of(story((1.0, left()))) is None


def test_a_fact_of_no_interest_leaves_the_very_same_row() -> None:
    [entry] = story((1.0, queue.WrapUpStarted(contact=CONTACT, agent=AgentId("alice"))))
    tally = begun(BEGAN, START)
    assert tally.after(entry) is tally


@given(any_fact())
def test_only_the_types_that_are_named_change_the_row(fact: Fact) -> None:
    [entry] = story((1.0, fact))
    tally = begun(BEGAN, START)
    if type(fact) not in SUMMARISED:
        assert tally.after(entry).summary is tally.summary
