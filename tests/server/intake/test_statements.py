"""What callers leave: an item of its own, besides the recording of the contact."""

from __future__ import annotations

import numpy as np
import pytest

from contacts.facts.contact import ContactClosed
from contacts.facts.flow import FlowEnded, FlowNoted, NodeEntered
from contacts.facts.recording import (
    RecordingDestroyed,
    RecordingFinished,
    StatementKept,
    StatementLost,
    StatementStarted,
)
from contacts.ids import ContactId
from media.events import TalkEnded, TalkStarted
from media.frames import Frames
from media.g711 import ULAW_SILENCE
from server.intake.branching_feed import BEFORE_FRAMES, BranchingFeed
from server.intake.capture_policy import CapturePolicy
from server.outside.web import WebReply
from tests.fakes.line import FarPhone
from tests.fakes.stepped_loop import stepped
from tests.server.in_process import InProcess, serving

VOICE = bytes([0x10]) * 8000
VOICEMAIL = """
flow: voicemail
start: leave
nodes:
  leave:
    record: voicemail
    prompt: Please speak.
    max: 20s
    silence: 3s
    ends_with: "#"
    next: thanks
    otherwise: nothing
  thanks: {say: Thank you., next: idle}
  nothing: {say: You said nothing., next: idle}
  idle: {say: {music: hold}, loop: true}
"""


async def at_the_beep(server: InProcess) -> FarPhone:
    phone = await server.call()
    await server.until(lambda: phone.hears() == ("builtin:beep",))
    await server.until(lambda: phone.hears() == ())
    return phone


def items(server: InProcess) -> dict[str, str]:
    return {str(item): what for item, what in server.recordings.what.items() if what}


@stepped
async def test_u5_a_voicemail_is_an_item_of_its_own_and_ends_with_a_key() -> None:
    async with serving(VOICEMAIL) as server:
        phone = await at_the_beep(server)
        phone.leg.say(VOICE)
        await server.pass_time(1.5)
        phone.press("#")
        await server.until(lambda: "Thank you." in phone.hears())
        [(item, what)] = items(server).items()
        assert what == "voicemail"
        await server.until(lambda: server.facts(StatementKept))
        [kept] = server.facts(StatementKept)
        assert (kept.recording, kept.what, kept.state) == (item, "voicemail", "complete")
        assert (server.contact, item) in server.transcribing.handed
        [noted] = [fact for fact in server.facts(FlowNoted) if fact.about == "flow.recorded"]
        assert noted.details["item"] == item


@stepped
async def test_u5_a_voicemail_is_destroyed_with_the_recording_when_consent_is_withdrawn() -> None:
    async with serving(VOICEMAIL) as server:
        phone = await at_the_beep(server)
        phone.leg.say(VOICE)
        await server.pass_time(1.5)
        phone.press("#")
        await server.until(lambda: server.facts(StatementKept))
        assert server.active[ContactId(server.contact)].recording.withdraw("officer")
        await server.until(lambda: len(server.recordings.destroyed) == 2)
        assert {fact.recording for fact in server.facts(RecordingDestroyed)} == set(server.recordings.what)
        phone.hang_up()


@stepped
async def test_u5_a_voicemail_that_is_being_left_when_consent_is_withdrawn_is_destroyed_as_it_ends() -> None:
    async with serving(VOICEMAIL) as server:
        phone = await at_the_beep(server)
        phone.leg.say(VOICE)
        await server.until(lambda: server.facts(StatementStarted))
        assert server.active[ContactId(server.contact)].recording.withdraw("officer")
        phone.press("#")
        await server.until(lambda: server.facts(StatementKept))
        await server.until(lambda: len(server.recordings.destroyed) == 2)
        phone.hang_up()


@stepped
async def test_u5_a_voicemail_stays_where_what_was_recorded_before_a_withdrawal_stays() -> None:
    async with serving(VOICEMAIL, capture=CapturePolicy(destroy_withdrawn=False)) as server:
        phone = await at_the_beep(server)
        phone.leg.say(VOICE)
        await server.pass_time(1.5)
        phone.press("#")
        await server.until(lambda: server.facts(StatementKept))
        server.active[ContactId(server.contact)].recording.withdraw("officer")
        await server.until(lambda: server.facts(RecordingFinished))
        phone.hang_up()
    assert not server.recordings.destroyed


@stepped
async def test_u5_silence_ends_a_voicemail_and_a_pause_does_not() -> None:
    async with serving(VOICEMAIL) as server:
        phone = await at_the_beep(server)
        phone.leg.say(VOICE)
        await server.pass_time(3.0)
        assert phone.hears() == ()
        phone.leg.say(VOICE)
        await server.pass_time(3.0)
        assert phone.hears() == ()
        await server.until(lambda: "Thank you." in phone.hears(), within_s=3.0)


@stepped
async def test_u5_the_longest_time_ends_a_voicemail() -> None:
    async with serving(VOICEMAIL) as server:
        phone = await at_the_beep(server)
        phone.leg.say(VOICE * 40)
        await server.pass_time(19.0)
        assert phone.hears() == ()
        await server.until(lambda: "Thank you." in phone.hears(), within_s=2.0)


@stepped
async def test_u5_a_caller_who_says_nothing_leaves_no_item() -> None:
    async with serving(VOICEMAIL) as server:
        phone = await at_the_beep(server)
        await server.until(lambda: "You said nothing." in phone.hears(), within_s=5.0)
        assert items(server) == {}
        assert server.facts(StatementStarted) == []


@stepped
async def test_u5_what_was_said_until_the_caller_hung_up_is_kept() -> None:
    async with serving(VOICEMAIL) as server:
        phone = await at_the_beep(server)
        phone.leg.say(VOICE)
        await server.pass_time(1.0)
        contact = server.contact
        phone.hang_up()
        await server.until(lambda: server.facts(ContactClosed, contact))
        assert list(items(server).values()) == ["voicemail"]
        kinds = server.kinds(contact)
        assert kinds.index("statement.kept") < kinds.index("contact.closed")


@stepped
async def test_a_key_in_a_statement_is_none_of_the_flows() -> None:
    async with serving(VOICEMAIL) as server:
        phone = await at_the_beep(server)
        phone.leg.say(VOICE)
        await server.pass_time(0.5)
        phone.press("12")
        await server.pass_time(0.5)
        assert phone.hears() == ()
        phone.press("#")
        await server.until(lambda: "Thank you." in phone.hears())


@stepped
async def test_a_caller_who_speaks_before_the_beep_and_through_it_is_recorded() -> None:
    async with serving(VOICEMAIL) as server:
        phone = await server.call()
        await server.until(lambda: phone.hears() == ("builtin:beep",))
        phone.leg.tell(TalkStarted(0, server.engine.now_s))
        await server.until(lambda: phone.hears() == ())
        await server.pass_time(4.0)
        assert list(items(server).values()) == ["voicemail"]
        assert phone.hears() == ()
        phone.leg.tell(TalkEnded(0, 8000, at_s=server.engine.now_s))
        await server.until(lambda: "Thank you." in phone.hears(), within_s=4.0)


@stepped
async def test_a_disk_that_takes_no_item_costs_the_item_and_the_caller_goes_on() -> None:
    async with serving(VOICEMAIL) as server:
        phone = await at_the_beep(server)
        server.recordings.refuses = True
        phone.leg.say(VOICE)
        await server.until(lambda: "You said nothing." in phone.hears())
        assert server.facts(StatementLost)


@stepped
async def test_without_a_recording_of_the_contact_there_is_no_item() -> None:
    async with serving(VOICEMAIL) as server:
        server.recordings.refuses = True
        phone = await server.call()
        await server.until(lambda: "You said nothing." in phone.hears())
        assert items(server) == {}


@stepped
async def test_too_many_listeners_cost_the_detection_of_silence_only() -> None:
    async with serving(VOICEMAIL) as server:
        server.engine.max_listeners = 0
        phone = await server.call()
        await server.until(lambda: phone.hears() == ("builtin:beep",))
        await server.until(lambda: items(server))
        phone.press("#")
        await server.until(lambda: "Thank you." in phone.hears())


COMPLAINT = """
flow: complaint
start: leave
hung_up: after
variables: {item: "", case: ""}
nodes:
  leave:
    record: complaint
    prompt: Please speak.
    item: item
    next: file
  file:
    http: https://crm.example/cases
    method: POST
    body: {item: item}
    take: {case: number}
    next: read_back
    failed: read_back
  read_back: {say: "Your case is {case}.", next: bye}
  after: {switch: {'item != "" and case == ""': file}, otherwise: bye}
  bye: {hangup: normal, prompt: Goodbye.}
"""


@stepped
async def test_s21_a_case_is_made_even_when_the_caller_hangs_up_in_the_statement() -> None:
    async with serving(COMPLAINT) as server:
        server.web.answers.append(WebReply(200, {"number": 7}))
        phone = await at_the_beep(server)
        phone.leg.say(VOICE)
        await server.pass_time(1.0)
        contact = server.contact
        phone.hang_up()
        await server.until(lambda: server.facts(ContactClosed, contact))
        [(item, what)] = items(server).items()
        assert what == "complaint"
        assert [(method, body) for method, _, body in server.web.asked] == [("POST", {"item": item})]
        assert [fact.cause for fact in server.facts(FlowEnded, contact)] == ["caller_left"]
        assert server.facts(NodeEntered, contact)[-1].node == "bye"


@stepped
async def test_s21_a_service_that_hangs_delays_the_close_of_the_contact_within_reason() -> None:
    async with serving(COMPLAINT) as server:
        server.web.answers.append(3600.0)
        phone = await at_the_beep(server)
        phone.leg.say(VOICE)
        await server.pass_time(1.0)
        contact = server.contact
        phone.hang_up()
        await server.until(lambda: server.facts(ContactClosed, contact), within_s=40.0)


class Ring:
    """A feed whose frames the test gives."""

    started_at_frame = 0
    dropped_frames = 0

    def __init__(self) -> None:
        self.waiting: list[Frames] = []
        self.finished = False
        self.next = 0

    def give(self, frames: int) -> None:
        samples = np.full((frames, 2, 160), ULAW_SILENCE, np.uint8)
        samples[:, 0, 0] = np.arange(self.next, self.next + frames) % 256
        self.waiting.append(Frames(self.next, samples.transpose(1, 0, 2)))
        self.next += frames

    def read(self) -> Frames | None:
        return self.waiting.pop(0) if self.waiting else None


def drained(feed: BranchingFeed) -> None:
    while feed.read() is not None:
        pass


def test_a_branch_holds_one_second_until_it_is_kept_and_counts_from_zero() -> None:
    ring = Ring()
    feed = BranchingFeed(ring)
    ring.give(500)
    drained(feed)
    branch = feed.branch()
    for _ in range(40):
        ring.give(5)
        drained(feed)
    branch.keep()
    ring.give(5)
    drained(feed)
    read = [branch.read() for _ in range(20)]
    frames = [each for each in read if each is not None]
    assert frames[0].first_frame == 0
    assert sum(len(each.samples) for each in frames) == BEFORE_FRAMES + 5
    assert frames[-1].samples[-1, 0, 0] == (ring.next - 1) % 256
    assert not branch.finished


def test_a_branch_ends_with_what_was_heard_when_it_was_ended() -> None:
    ring = Ring()
    feed = BranchingFeed(ring)
    branch = feed.branch()
    branch.keep()
    ring.give(5)
    branch.end()
    feed.read()
    ring.give(5)
    drained(feed)
    [frames] = [each for each in (branch.read(), branch.read()) if each is not None]
    assert len(frames.samples) == 5
    assert branch.finished


@pytest.mark.parametrize("before", [True, False])
def test_a_branch_of_a_recording_that_is_over_is_over(before: bool) -> None:
    ring = Ring()
    feed = BranchingFeed(ring)
    branch = feed.branch() if before else None
    ring.finished = True
    drained(feed)
    assert (branch or feed.branch()).finished


def test_a_branch_that_nobody_reads_is_bounded_and_counts_what_it_loses() -> None:
    ring = Ring()
    feed = BranchingFeed(ring)
    branch = feed.branch()
    branch.keep()
    for _ in range(100):
        ring.give(50)
        drained(feed)
    kept = 0
    while (frames := branch.read()) is not None:
        kept += len(frames.samples)
    assert kept + branch.dropped_frames == 5000
    assert kept == 60 * 50
