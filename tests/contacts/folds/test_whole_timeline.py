"""One contact's timeline holds what happened, what was said, and what was done with the recording of it."""

from __future__ import annotations

from contacts.contact import CUSTOMER
from contacts.facts.contact import ContactClosed, ContactStarted, ParticipantJoined, ParticipantRole
from contacts.facts.fact import Fact
from contacts.facts.flow import ConsentAnswered
from contacts.facts.recording import (
    ConsentWithdrawn,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingWithheld,
)
from contacts.facts.speech import TalkMeasured, TranscriptDeferred, TranscriptFinal, WordsSpotted
from contacts.folds.timeline import Timeline
from contacts.ids import ContactId, ParticipantId
from contacts.outcomes import ContactOutcome

ONE = ContactId("contact")
ALICE = ParticipantId("agent-1")

STORY: tuple[Fact, ...] = (
    ContactStarted(contact=ONE, caller="0301234567", number="100"),
    ParticipantJoined(contact=ONE, participant=CUSTOMER, role=ParticipantRole.CUSTOMER),
    ParticipantJoined(contact=ONE, participant=ALICE, role=ParticipantRole.AGENT, agent="alice"),
    RecordingWithheld(contact=ONE, reason="consent is asked first"),
    ConsentAnswered(contact=ONE, flow="menu", rule="opt-in", answer="yes"),
    RecordingStarted(contact=ONE, recording="r1"),
    TranscriptFinal(contact=ONE, participant=CUSTOMER, start_s=1.0, end_s=2.0, text="i will cancel"),
    WordsSpotted(contact=ONE, participant=CUSTOMER, start_s=1.0, rule="leaving", phrase="cancel"),
    TranscriptDeferred(
        contact=ONE, participant=ALICE, start_s=2.0, end_s=3.0, reason="the recogniser is behind"
    ),
    RecordingPaused(contact=ONE, recording="r1", by="alice", at_most_s=300.0),
    RecordingResumed(contact=ONE, recording="r1", by="alice", masked_s=12.0),
    RecordingResumed(contact=ONE, recording="r1", overdue=True, masked_s=300.0),
    ConsentWithdrawn(contact=ONE, by="alice", destroyed=True),
    TalkMeasured(
        contact=ONE,
        recording="r1",
        joined_s=60.0,
        customer_s=20.0,
        agent_s=30.0,
        silence_s=12.0,
        cross_talk_s=2.0,
        customer_interruptions=3,
        agent_interruptions=1,
        customer_longest_s=9.0,
        agent_longest_s=11.0,
    ),
    ContactClosed(contact=ONE, outcome=ContactOutcome.SERVED),
)
TOLD = """\
call from 0301234567 to 100
caller takes part
alice takes part
not recorded: consent is asked first
consent to be recorded (opt-in): yes
recording r1 started
caller: i will cancel
leaving: caller said cancel
what alice says is transcribed later: the recogniser is behind
recording paused by alice
recording resumed by alice after 12 s
recording resumed by itself after 300 s: nobody did
consent to the recording withdrawn by alice; it is destroyed
of 60 s together caller spoke 20, agent 30, both 2.0, nobody 12; caller interrupted 3 times, agent 1
contact closed: served"""


def test_s31_one_timeline_tells_all_that_happened_and_was_said() -> None:
    timeline = Timeline()
    assert "\n".join(timeline.sentence(fact) for fact in STORY) == TOLD
