"""Which stretches of the right channel are a person's voice."""

from datetime import timedelta

import msgspec

from contacts.facts.contact import ConversationEnded, ConversationStarted, HoldEnded, HoldStarted, LegEnded
from contacts.facts.recording import RecordingStarted
from contacts.folds.agent_speech import Stretch, agent_speech
from contacts.ids import LegId, ParticipantId
from contacts.outcomes import EndedBy
from tests.contacts.story import ALICE, CONTACT, CUSTOMER, story

BOB = ParticipantId("p3")
RECORDING = RecordingStarted(contact=CONTACT, recording="r1")
CUSTOMER_GONE = LegEnded(contact=CONTACT, participant=CUSTOMER, leg=LegId("l"), by=EndedBy.PARTICIPANT)


def talks(who: ParticipantId = ALICE) -> ConversationStarted:
    return ConversationStarted(contact=CONTACT, participant=who)


def talked(who: ParticipantId = ALICE) -> ConversationEnded:
    return ConversationEnded(contact=CONTACT, participant=who)


def holds(who: ParticipantId) -> HoldStarted:
    return HoldStarted(contact=CONTACT, participant=who)


def resumes(who: ParticipantId) -> HoldEnded:
    return HoldEnded(contact=CONTACT, participant=who)


def test_an_agents_hold_splits_the_voice_and_the_end_of_the_call_ends_it() -> None:
    told = story(
        (1.0, RECORDING),
        (5.0, talks()),
        (9.0, holds(ALICE)),
        (12.0, resumes(ALICE)),
        (20.0, CUSTOMER_GONE),
        (20.1, talked()),
    )
    assert agent_speech(told, "r1") == (Stretch(4.0, 8.0), Stretch(11.0, 19.0))


def test_a_hold_by_the_customer_silences_nobody() -> None:
    told = story(
        (0.0, RECORDING), (1.0, talks()), (2.0, holds(CUSTOMER)), (3.0, resumes(CUSTOMER)), (4.0, talked())
    )
    assert agent_speech(told, "r1") == (Stretch(1.0, 4.0),)


def test_a_journal_that_breaks_off_leaves_the_last_stretch_open() -> None:
    assert agent_speech(story((0.0, RECORDING), (1.0, talks())), "r1") == (Stretch(1.0, None),)


def test_a_contact_that_nobody_served_has_none() -> None:
    assert agent_speech(story((0.0, RECORDING), (3.0, CUSTOMER_GONE)), "r1") == ()


def test_finding_18_whoever_the_customer_was_transferred_to_is_heard_too() -> None:
    told = story((0.0, RECORDING), (1.0, talks()), (2.0, talked()), (5.0, talks(BOB)), (9.0, talked(BOB)))
    assert agent_speech(told, "r1") == (Stretch(1.0, 2.0), Stretch(5.0, 9.0))


def test_while_one_of_two_holds_the_other_is_heard() -> None:
    told = story((0.0, RECORDING), (1.0, talks()), (2.0, talks(BOB)), (3.0, holds(ALICE)), (6.0, talked(BOB)))
    assert agent_speech(told, "r1") == (Stretch(1.0, 6.0),)


def test_a_talk_that_began_before_the_recording_is_heard_from_its_beginning() -> None:
    assert agent_speech(story((1.0, talks()), (3.0, RECORDING), (5.0, talked())), "r1") == (
        Stretch(0.0, 2.0),
    )


def test_each_recording_has_its_own_beginning() -> None:
    second = RecordingStarted(contact=CONTACT, recording="r2")
    told = story((0.0, RECORDING), (4.0, second), (5.0, talks()), (6.0, talked()))
    assert agent_speech(told, "r1") == (Stretch(5.0, 6.0),)
    assert agent_speech(told, "r2") == (Stretch(1.0, 2.0),)


def test_a_clock_that_was_set_back_in_mid_call_moves_nothing() -> None:
    told = story((0.0, RECORDING), (10.0, talks()), (20.0, talked()))
    set_back = [told[0], *(msgspec.structs.replace(e, at=e.at - timedelta(hours=1)) for e in told[1:])]
    assert agent_speech(set_back, "r1") == (Stretch(10.0, 20.0),)


def test_across_a_restart_the_wall_clock_tells() -> None:
    [began] = story((0.0, RECORDING))
    rest = story((2.0, talks()), (3.0, talked()), boot="another")
    moved = [msgspec.structs.replace(entry, clock_s=entry.clock_s - 900) for entry in rest]
    assert agent_speech([began, *moved], "r1") == (Stretch(2.0, 3.0),)
