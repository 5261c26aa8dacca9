"""What of a call is recorded: rules, consent, pauses, withdrawal."""

from __future__ import annotations

import numpy as np

from config.capture import CaptureRule, Keep
from contacts.contact import CUSTOMER
from contacts.facts.contact import ContactClosed, ConversationStarted
from contacts.facts.flow import ConsentAnswered
from contacts.facts.queue import QueueJoined
from contacts.facts.recording import (
    ConsentWithdrawn,
    RecordingDestroyed,
    RecordingFinished,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingWithheld,
)
from contacts.facts.speech import TranscriptDeferred, TranscriptPartial
from contacts.ids import ContactId, QueueId
from media.frames import Frames
from media.g711 import ULAW_SILENCE
from media.layout import MASKED
from server.intake.capture_policy import CapturePolicy, CaptureSubject, KeySequence
from server.intake.masked_feed import MaskedFeed
from tests.fakes.stepped_loop import stepped
from tests.server.in_process import InProcess, serving

CONSENT = """
flow: menu
version: 7
language: en
start: ask
nodes:
  ask:
    consent: May we record this call? Press one for yes, two for no.
    rule: {rule}
    regions: {{"+1": opt-out, "+49": opt-in}}
    refused: alone
    next: support
  support:
    queue: support
    music: hold
    max_wait: 600s
    overflow: bye
    otherwise: bye
  alone:
    say: You are not recorded.
    next: support
  bye:
    hangup: normal
"""
OPT_IN = CONSENT.format(rule="opt-in")
QUESTION = "May we record this call? Press one for yes, two for no."
PLAIN = """
flow: menu
version: 1
language: en
start: support
nodes:
  support:
    queue: support
    music: hold
    max_wait: 600s
    overflow: bye
    otherwise: bye
  bye:
    hangup: normal
"""


async def talking(server: InProcess) -> ContactId:
    await server.until(lambda: server.facts(ConversationStarted))
    return server.facts(ConversationStarted)[0].contact


@stepped
async def test_s01_nothing_is_written_and_nobody_listens_before_the_yes() -> None:
    async with serving(OPT_IN) as server:
        phone = await server.call()
        await server.until(lambda: QUESTION in phone.hears())
        assert not server.recordings.live
        assert not server.recognizer.sessions
        phone.press("1")
        await server.until(lambda: server.facts(RecordingStarted))
        assert server.recognizer.sessions
        (consent,) = server.facts(ConsentAnswered)
        assert (consent.rule, consent.answer) == ("opt-in", "yes")
        assert (consent.flow_version, consent.language) == ("7", "en")
        assert len(consent.prompt) == 16
        phone.hang_up()
    assert server.facts(RecordingFinished)


@stepped
async def test_s01_a_caller_who_says_no_leaves_no_recording_and_no_transcript() -> None:
    async with serving(OPT_IN) as server:
        server.sign_in("alice")
        phone = await server.call()
        await server.until(lambda: QUESTION in phone.hears())
        phone.press("2")
        await server.until(lambda: "You are not recorded." in phone.hears())
        await talking(server)
        await server.pass_time(5)
        phone.hang_up()
    assert not server.facts(RecordingStarted)
    assert not server.recordings.finished
    assert not server.recognizer.sessions
    assert [fact.answer for fact in server.facts(ConsentAnswered)] == ["no"]
    assert server.facts(RecordingWithheld)
    assert server.facts(ContactClosed)


@stepped
async def test_s01_silence_is_no_consent_where_a_yes_is_needed() -> None:
    async with serving(OPT_IN) as server:
        phone = await server.call()
        await server.until(lambda: "You are not recorded." in phone.hears())
        assert [fact.answer for fact in server.facts(ConsentAnswered)] == ["silence"]
        phone.hang_up()
    assert not server.facts(RecordingStarted)


@stepped
async def test_s01_silence_is_enough_where_only_a_no_counts() -> None:
    async with serving(CONSENT.format(rule="opt-out")) as server:
        phone = await server.call()
        await server.until(lambda: server.facts(RecordingStarted))
        assert [fact.answer for fact in server.facts(ConsentAnswered)] == ["not refused"]
        phone.hang_up()


@stepped
async def test_s01_an_announcement_is_heard_to_its_end_before_recording_begins() -> None:
    async with serving(CONSENT.format(rule="announced")) as server:
        phone = await server.call()
        await server.until(lambda: QUESTION in phone.hears())
        assert not server.recordings.live
        phone.press("2")
        await server.until(lambda: server.facts(RecordingStarted))
        assert [fact.answer for fact in server.facts(ConsentAnswered)] == ["announced"]
        phone.hang_up()


@stepped
async def test_s01_of_both_parties_regions_the_stricter_rule_holds() -> None:
    async with serving(CONSENT.format(rule="announced")) as server:
        phone = await server.call(caller="+4930123456")
        await server.until(lambda: server.facts(ConsentAnswered), within_s=120)
        assert [(fact.rule, fact.answer) for fact in server.facts(ConsentAnswered)] == [("opt-in", "silence")]
        phone.hang_up()


@stepped
async def test_s01_a_withdrawal_ends_the_recording_and_destroys_it() -> None:
    async with serving(PLAIN) as server:
        server.sign_in("alice")
        phone = await server.call()
        contact = await talking(server)
        assert server.active[contact].recording.withdraw("alice")
        await server.until(lambda: server.recordings.destroyed)
        assert not server.recordings.live
        assert [fact.destroyed for fact in server.facts(ConsentWithdrawn)] == [True]
        assert server.facts(RecordingDestroyed)
        assert all(session.closed for session in server.recognizer.sessions)
        assert not server.facts(ContactClosed), "the call goes on"
        phone.hang_up()
    assert len(server.facts(ContactClosed)) == 1
    assert len(server.facts(RecordingStarted)) == 1


@stepped
async def test_s01_what_is_understood_only_after_the_withdrawal_is_told_to_nobody() -> None:
    async with serving(PLAIN) as server:
        server.sign_in("alice")
        phone = await server.call()
        contact = await talking(server)
        heard = server.recognizer.of(CUSTOMER)
        phone.leg.say(bytes([0x10]) * 16_000)
        await server.until(lambda: heard.utterances)
        server.active[contact].recording.withdraw("alice")
        await server.until(lambda: server.recordings.destroyed)
        heard.partial("my number is")
        assert not server.facts(TranscriptPartial)
        assert not server.facts(TranscriptDeferred), "nothing is kept that it could be transcribed from"
        phone.hang_up()


@stepped
async def test_s01_keys_of_the_agent_withdraw_too() -> None:
    async with serving(PLAIN, capture=CapturePolicy(withdrawal_keys="*9", destroy_withdrawn=False)) as server:
        server.sign_in("alice")
        phone = await server.call()
        await talking(server)
        server.line.far[-1].press("*9")
        await server.until(lambda: server.facts(RecordingFinished))
        assert [fact.by for fact in server.facts(ConsentWithdrawn)] == ["key"]
        assert not server.recordings.destroyed
        phone.hang_up()


@stepped
async def test_a_pause_that_nobody_ends_is_ended_and_told() -> None:
    async with serving(PLAIN, capture=CapturePolicy(pause_max_s=60)) as server:
        server.sign_in("alice")
        phone = await server.call()
        contact = await talking(server)
        recording = server.active[contact].recording
        assert recording.pause("alice")
        assert not recording.pause("alice"), "it is paused already"
        await server.pass_time(61)
        (resumed,) = server.facts(RecordingResumed)
        assert (resumed.overdue, resumed.masked_s) == (True, 60.0)
        assert server.metrics.registry.get_sample_value("trunkline_recordings_pause_overdue_total") == 1
        assert not recording.paused
        phone.hang_up()


@stepped
async def test_keys_of_the_agent_pause_and_resume_and_their_words_are_not_taken_meanwhile() -> None:
    async with serving(PLAIN, capture=CapturePolicy(pause_keys="*1")) as server:
        server.sign_in("alice")
        phone = await server.call()
        await talking(server)
        agent = server.line.far[-1]
        agent.press("*1")
        await server.until(lambda: server.facts(RecordingPaused))
        phone.leg.say(bytes([0x10]) * 16_000)
        await server.pass_time(3)
        assert server.recognizer.of(CUSTOMER).fed == []
        agent.press("*1")
        await server.until(lambda: server.facts(RecordingResumed))
        assert not server.facts(RecordingResumed)[0].overdue
        phone.hang_up()


@stepped
async def test_a_recording_that_a_queue_begins_anew_can_be_paused_though_the_one_before_was() -> None:
    rules = (CaptureRule(keep=Keep.NEVER, queue="private"), CaptureRule(keep=Keep.ALWAYS, queue="support"))
    async with serving(PLAIN, capture=CapturePolicy(rules)) as server:
        server.sign_in("alice")
        phone = await server.call()
        contact = await talking(server)
        recording = server.active[contact].recording
        recording.pause("alice")
        recording.told(QueueJoined(contact=contact, queue=QueueId("private")))
        await server.until(lambda: server.facts(RecordingFinished))
        recording.told(QueueJoined(contact=contact, queue=QueueId("support")))
        assert not recording.paused
        assert recording.pause("alice")
        phone.hang_up()


@stepped
async def test_what_a_paused_customer_keys_reaches_no_agent() -> None:
    async with serving(PLAIN) as server:
        server.sign_in("alice")
        phone = await server.call()
        contact = await talking(server)
        agent = server.line.far[-1]
        server.active[contact].recording.pause("alice")
        phone.press("4")
        await server.pass_time(1)
        assert agent.leg.digits_sent == ""
        server.active[contact].recording.resume("alice")
        phone.press("5")
        await server.until(lambda: agent.leg.digits_sent == "5")
        phone.hang_up()


@stepped
async def test_a_call_that_no_rule_has_recorded_is_served_without() -> None:
    rules = (CaptureRule(keep=Keep.NEVER, number="100"),)
    async with serving(PLAIN, capture=CapturePolicy(rules)) as server:
        server.sign_in("alice")
        phone = await server.call()
        await talking(server)
        phone.hang_up()
    assert not server.facts(RecordingStarted)
    assert server.facts(RecordingWithheld)


@stepped
async def test_a_queue_may_have_its_callers_recorded_from_there_on() -> None:
    rules = (CaptureRule(keep=Keep.ALWAYS, queue="support"), CaptureRule(keep=Keep.NEVER))
    async with serving(PLAIN, capture=CapturePolicy(rules)) as server:
        phone = await server.call()
        await server.until(lambda: server.facts(RecordingStarted))
        phone.hang_up()


def test_s13_five_of_a_hundred_calls_are_recorded_and_always_the_same_ones() -> None:
    policy = CapturePolicy((CaptureRule(keep=Keep.SAMPLED, percent=5),))
    calls = [CaptureSubject(f"1a20ec{number:017x}") for number in range(1000)]
    drawn = [call.contact for call in calls if policy.at_answer(call) is Keep.ALWAYS]
    assert 30 <= len(drawn) <= 70
    assert drawn == [call.contact for call in calls if policy.at_answer(call) is Keep.ALWAYS]


def test_the_first_rule_that_fits_decides() -> None:
    policy = CapturePolicy(
        (
            CaptureRule(keep=Keep.NEVER, flow="survey"),
            CaptureRule(keep=Keep.ON_CONSENT, trunk="carrier"),
            CaptureRule(keep=Keep.NEVER, queue="anonymous"),
        )
    )
    assert policy.at_answer(CaptureSubject("a", flow="survey", trunk="carrier")) is Keep.NEVER
    assert policy.at_answer(CaptureSubject("a", trunk="carrier")) is Keep.ON_CONSENT
    assert policy.at_answer(CaptureSubject("a", number="100")) is Keep.ALWAYS
    assert policy.at_queue(CaptureSubject("a", queue="anonymous")) is Keep.NEVER
    assert policy.at_queue(CaptureSubject("a", queue="support")) is None


def test_a_sequence_of_keys_counts_only_as_a_whole() -> None:
    keys = KeySequence("*1")
    assert [keys.press(key) for key in "1*2**1*1"] == [False] * 5 + [True, False, True]
    assert not KeySequence("").press("1")


class _Loud:
    """Frames of a loud second, as many at a time as the reader comes late for."""

    finished = False
    dropped_frames = 0
    started_at_frame = 0

    def __init__(self) -> None:
        self._next = 0

    def come(self, count: int) -> Frames:
        self._next += count
        return Frames(self._next - count, np.zeros((2, count, 160), np.uint8))

    waiting = 0

    def read(self) -> Frames | None:
        count, self.waiting = self.waiting, 0
        return self.come(count) if count else None


def test_a_mask_is_silence_in_the_track_and_no_hole_in_it_however_late_it_is_read() -> None:
    feed = _Loud()
    masked = MaskedFeed(feed, 100.0)
    masked.mask(True, 102.0)
    masked.mask(False, 104.0)
    feed.waiting = 500
    frames = masked.read()
    assert frames is not None
    silent = np.flatnonzero((frames.samples == ULAW_SILENCE).all(axis=(1, 2)))
    assert (silent[0], silent[-1]) == (95, 204), "two seconds, and a tenth of one on both sides"
    assert len(silent) == 110
    assert len(frames) == 500
    assert frames.marks is not None
    assert np.flatnonzero((frames.marks == MASKED).all(axis=0)).tolist() == silent.tolist()


def test_what_was_said_under_the_mask_stays_masked_when_it_is_read_after_it() -> None:
    feed = _Loud()
    masked = MaskedFeed(feed, 0.0)
    masked.mask(True, 0.0)
    feed.waiting = 40
    masked.mask(False, 1.0)
    frames = masked.read()
    assert frames is not None
    assert (frames.samples == ULAW_SILENCE).all()
