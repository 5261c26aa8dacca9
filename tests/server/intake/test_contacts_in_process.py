"""Contacts from ring to close, with everything real but the line, the disk and the clock."""

from __future__ import annotations

import asyncio

from acd.settings import NoAgents, QueueSettings
from contacts.facts.contact import (
    ContactClosed,
    ContactFailed,
    ConversationEnded,
    ConversationStarted,
    HoldEnded,
    HoldStarted,
    LegEnded,
    ParticipantJoined,
    ParticipantRole,
    PromptFailed,
    PromptStarted,
    SecretEntry,
    TransferFinished,
)
from contacts.facts.entry import to_json
from contacts.facts.queue import (
    OfferRefused,
    QueueExited,
    QueueJoined,
    QueuePlaceRegained,
    QueuePositionTold,
)
from contacts.facts.recording import RecordingBroken, RecordingFinished, RecordingStarted, TranscriptReady
from contacts.outcomes import ContactOutcome, EndedBy, QueueExit, TransferResult
from media.g711 import ULAW_SILENCE
from media.speech.errors import SpeechError
from server.outside.web import WebReply
from telephony.call_events import Digit
from tests.fakes.line import Manners
from tests.fakes.stepped_loop import stepped
from tests.server.in_process import AGENTS, serving

MENU = """
flow: menu
version: 1
language: en
start: main
nodes:
  main:
    menu: [For support press one. For the weather press two.]
    options:
      1: {next: support, or_say: [support]}
      2: {next: weather, or_say: [weather]}
      3: {next: bank}
  weather:
    say: It rains.
    next: main
  support:
    queue: support
    music: hold
    max_wait: 60s
    overflow: sorry
    otherwise: nobody
  bank:
    transfer: {sip: "sip:bank@bank.example"}
    ring_for: 20s
    failed: sorry
    next: main
  sorry:
    hangup: normal
    prompt: We are sorry.
  nobody:
    hangup: normal
    prompt: Nobody is here.
"""
BANK = "sip:bank@bank.example"


@stepped
async def test_a_disk_that_hangs_delays_the_answer_by_seconds_and_is_counted() -> None:
    async with serving(MENU) as server:
        server.journal.hangs = True
        phone = server.line.dial("100")
        await server.until(lambda: phone.answered, within_s=10)
        late = {"reason": "late"}
        assert server.metrics.registry.get_sample_value("trunkline_journal_not_durable_total", late) == 1


@stepped
async def test_a_caller_hears_the_menu_presses_a_key_and_hears_the_answer() -> None:
    async with serving(MENU) as server:
        phone = await server.call()
        await server.until(lambda: "For support press one. For the weather press two." in phone.hears())
        phone.press("2")
        await server.until(lambda: "It rains." in phone.hears())
        assert server.facts(PromptStarted)
        phone.hang_up()
        assert server.outcome() in (None, ContactOutcome.LEFT_IN_FLOW)
    assert server.outcome() is ContactOutcome.LEFT_IN_FLOW


@stepped
async def test_the_contact_is_durable_before_the_call_is_answered() -> None:
    async with serving(MENU) as server:
        await server.call()
        assert server.journal.awaited == 1


@stepped
async def test_the_journal_of_a_served_caller_reads_as_it_happened() -> None:
    async with serving(MENU) as server:
        server.sign_in("alice")
        phone = await server.call()
        phone.press("1")
        await server.until(lambda: server.facts(ConversationStarted))
        agent = server.line.far[-1]
        assert phone.talks_with(agent)
        await server.pass_time(30)
        agent.hang_up()
        await server.until(lambda: server.facts(ConversationEnded))
        phone.hang_up()
    assert server.outcome() is ContactOutcome.SERVED
    kinds = server.kinds(server.contact)
    told = [
        "contact.started",
        "leg.started",
        "leg.answered",
        "recording.started",
        "queue.joined",
        "leg.ringing",
        "leg.answered",
        "talk.started",
        "queue.left",
        "talk.ended",
        "flow.ended",
        "recording.finished",
        "contact.closed",
    ]
    rest = iter(kinds)
    missing = [kind for kind in told if kind not in rest]
    assert not missing, kinds
    assert kinds[-1] == "contact.closed"
    assert kinds[0] == "contact.started"


@stepped
async def test_a_recording_is_kept_of_every_answered_call_and_names_who_served() -> None:
    async with serving(MENU) as server:
        server.sign_in("alice")
        phone = await server.call()
        phone.press("1")
        await server.until(lambda: server.facts(ConversationStarted))
        phone.hang_up()
    assert list(server.recordings.finished.values()) == ["alice"]
    assert server.facts(RecordingFinished)
    assert server.transcribing.handed == [(server.contact, "recording-1")]


@stepped
async def test_a_recording_too_short_for_a_word_is_told_as_transcribed_and_stands_in_no_line() -> None:
    async with serving(MENU) as server:
        server.recordings.lasted_s = 0.1
        phone = await server.call()
        phone.hang_up()
    assert server.transcribing.handed == []
    assert [fact.words for fact in server.facts(TranscriptReady)] == [0]


@stepped
async def test_music_and_position_are_heard_while_waiting() -> None:
    async with serving(MENU) as server:
        server.sign_in("alice", Manners(answers_after_s=None))
        phone = await server.call()
        phone.press("1")
        await server.until(lambda: server.facts(QueuePositionTold))
        await server.until(lambda: any("next caller" in name for name in phone.hears()))
        await server.until(lambda: phone.leg.playing is not None and phone.leg.playing.loop)


@stepped
async def test_finding_04_a_position_that_cannot_be_said_does_not_hang_up() -> None:
    async with serving(MENU) as server:
        server.sign_in("alice", Manners(answers_after_s=12))
        phone = await server.call()
        server.voice.mute = True
        phone.press("1")
        await server.until(lambda: server.facts(PromptFailed))
        await server.pass_time(5)
        assert not phone.over
        await server.until(lambda: server.facts(ConversationStarted))


@stepped
async def test_finding_04_a_prompt_that_cannot_be_rendered_does_not_end_the_call_as_a_fault() -> None:
    async with serving(MENU) as server:
        server.voice.mute = True
        phone = await server.call()
        await server.until(lambda: server.facts(PromptFailed))
        assert not server.facts(ContactFailed)
        phone.press("2")
        await server.pass_time(1)
        assert not phone.over


@stepped
async def test_finding_02_an_utterance_that_cannot_be_understood_costs_only_itself() -> None:
    async with serving(MENU) as server:
        phone = await server.call()
        server.recognition.next = SpeechError("too long")
        await server.until(lambda: not phone.leg.playing)
        phone.leg.say(bytes([ULAW_SILENCE - 40]) * 8000)
        await server.pass_time(3)
        assert not phone.over
        phone.press("2")
        await server.until(lambda: "It rains." in phone.hears())


@stepped
async def test_finding_02_music_into_a_menu_is_not_decoded_and_hangs_up_nobody() -> None:
    async with serving(MENU) as server:
        phone = await server.call()
        server.recognition.next = SpeechError("music must not be decoded")
        await server.until(lambda: not phone.leg.playing)
        phone.leg.say(bytes([ULAW_SILENCE - 40]) * 8000 * 40)
        await server.pass_time(5)
        assert server.recognition.asked == 0
        phone.press("2")
        await server.until(lambda: "It rains." in phone.hears())


@stepped
async def test_finding_03_a_caller_who_cannot_be_listened_to_has_the_keypad() -> None:
    async with serving(MENU) as server:
        server.engine.max_listeners = 0
        phone = await server.call()
        phone.press("2")
        await server.until(lambda: "It rains." in phone.hears())


TOLD = """
flow: told
version: 1
start: support
variables:
  product: router
nodes:
  support:
    queue: support
    music: hold
    announce: A caller about a router.
    tell: {product: product}
    otherwise: bye
  bye:
    hangup: normal
"""


@stepped
async def test_s25_the_agent_alone_hears_what_it_is_about_and_is_then_joined() -> None:
    async with serving(TOLD) as server:
        server.sign_in("alice")
        phone = await server.call()
        await server.until(lambda: len(server.line.far) == 2 and server.line.far[1].answered)
        agent = server.line.far[1]
        assert agent.hears() == ("A caller about a router.",)
        assert not phone.talks_with(agent)
        assert "A caller about a router." not in phone.hears()
        await server.until(lambda: server.facts(ConversationStarted), within_s=5)
        assert phone.talks_with(agent)
    assert server.facts(QueueJoined)[0].told == {"product": "router"}


@stepped
async def test_an_agent_who_hangs_up_while_being_told_costs_the_caller_no_place() -> None:
    async with serving(TOLD) as server:
        server.sign_in("alice")
        phone = await server.call()
        await server.until(lambda: len(server.line.far) == 2 and server.line.far[1].answered)
        server.line.far[1].hang_up()
        await server.until(lambda: server.facts(ConversationStarted), within_s=30)
        assert phone.talks_with(server.line.far[-1])
    assert server.outcome() is ContactOutcome.SERVED


@stepped
async def test_a_caller_who_hangs_up_while_the_agent_is_being_told_is_joined_with_nobody() -> None:
    async with serving(TOLD) as server:
        server.sign_in("alice")
        phone = await server.call()
        await server.until(lambda: len(server.line.far) == 2 and server.line.far[1].answered)
        phone.hang_up()
        await server.until(lambda: server.line.far[1].over, within_s=5)
    assert not server.facts(ConversationStarted)


CRM = """
flow: crm
version: 1
start: ask
variables:
  state: ""
nodes:
  ask:
    http: "https://crm.example/orders/{caller_number}"
    take: {state: order.state}
    timeout: 2s
    next: tell
    failed: sorry
  tell:
    say: "Your order is {state}."
    next: bye
  sorry:
    say: We cannot look it up now.
    next: bye
  bye:
    hangup: normal
"""


@stepped
async def test_s33_a_flow_asks_a_web_service_and_says_what_it_told() -> None:
    async with serving(CRM) as server:
        server.web.answers = [WebReply(200, {"order": {"state": "on its way"}})]
        phone = await server.call()
        await server.until(lambda: "Your order is on its way." in phone.hears())
    assert server.web.asked[0][1] == "https://crm.example/orders/0301234567"


@stepped
async def test_s33_a_service_that_does_not_answer_costs_the_caller_two_seconds_and_no_call() -> None:
    async with serving(CRM) as server:
        server.web.answers = [60.0]
        phone = server.line.dial("100")
        await server.until(
            lambda: phone.answered and "We cannot look it up now." in phone.hears(), within_s=4
        )


PIN = """
flow: pin
version: 1
start: ask
variables:
  pin: ""
  order: ""
nodes:
  ask:
    collect: pin
    prompt: Your PIN please.
    digits: 4
    secret: true
    next: plain
  plain:
    collect: order
    prompt: Your order number please.
    digits: 4
    next: bye
  bye:
    hangup: normal
    prompt: Goodbye.
"""


@stepped
async def test_finding_26_a_secret_is_shielded_while_it_is_keyed_and_stands_in_no_fact() -> None:
    async with serving(PIN) as server:
        phone = await server.call()
        await server.until(lambda: "Your PIN please." in phone.hears())
        assert phone.leg.shielded
        phone.press("8642")
        await server.until(lambda: "Your order number please." in phone.hears())
        assert not phone.leg.shielded
        phone.press("1357")
        await server.until(lambda: phone.over)
    journal = b"".join(to_json(entry.fact) for entry in server.journal.entries)
    assert b"8642" not in journal
    assert b"1357" in journal, "a plain variable's digits are found, so that the search is one"
    assert [told.on for told in server.facts(SecretEntry)] == [True, False]


@stepped
async def test_finding_29_a_key_is_judged_by_when_it_was_pressed_not_by_when_it_is_read() -> None:
    """After a stall of the process both have happened: the key came first, and the menu has not timed out."""
    async with serving(MENU) as server:
        phone = await server.call()
        await server.until(lambda: phone.leg.playing is None)
        pressed_at = asyncio.get_running_loop().time()
        await server.pass_time(0.5)
        phone.call.on_event(Digit("2", at_s=pressed_at))
        await server.until(lambda: server.facts(PromptStarted))
        [prompt] = server.facts(PromptStarted)
        assert prompt.after_key_ms >= 500


@stepped
async def test_finding_06_an_agents_killed_phone_gives_the_caller_music_and_the_next_agent() -> None:
    async with serving(MENU) as server:
        server.sign_in("alice")
        phone = await server.call()
        phone.press("1")
        await server.until(lambda: server.facts(ConversationStarted))
        server.line.far[-1].vanish()
        await server.until(lambda: phone.leg.playing is not None and phone.leg.playing.loop, within_s=10)
        assert not phone.over
        assert server.facts(QueuePlaceRegained)
        await server.pass_time(20)
        assert len(server.facts(ConversationStarted)) == 1, "the lost agent is offered nothing"
        server.sign_in("bob")
        await server.until(lambda: len(server.facts(ConversationStarted)) == 2)
        assert phone.talks_with(server.line.far[-1])
    assert server.outcome() is ContactOutcome.SERVED
    assert [told.lost for told in server.facts(ConversationEnded)] == [True, False]


@stepped
async def test_finding_06_the_caller_of_a_lost_agent_goes_before_everybody_else() -> None:
    async with serving(MENU) as server:
        server.sign_in("alice")
        first = await server.call(caller="1")
        first.press("1")
        await server.until(lambda: server.facts(ConversationStarted))
        second = await server.call(caller="2")
        second.press("1")
        await server.until(lambda: len(server.facts(QueueJoined)) == 2)
        server.line.far[1].vanish()
        await server.pass_time(1)
        server.sign_in("bob")
        await server.until(lambda: len(server.facts(ConversationStarted)) == 2)
        assert first.talks_with(server.line.far[-1])


@stepped
async def test_finding_18_a_transfer_is_told_as_a_talk_with_somebody_else() -> None:
    async with serving(MENU) as server:
        server.line.numbers[BANK] = Manners()
        phone = await server.call()
        phone.press("3")
        await server.until(lambda: server.facts(ConversationStarted))
        [joined] = [
            told for told in server.facts(ParticipantJoined) if told.role is ParticipantRole.THIRD_PARTY
        ]
        assert joined.address == BANK
        assert phone.talks_with(server.line.far[-1])
        phone.hang_up()
    assert server.outcome() is ContactOutcome.TRANSFERRED
    assert [told.result for told in server.facts(TransferFinished)] == [TransferResult.ANSWERED]
    assert server.line.far[-1].over


@stepped
async def test_a_transfer_that_is_busy_takes_the_flows_edge() -> None:
    async with serving(MENU) as server:
        server.line.numbers[BANK] = Manners(refuses=486)
        phone = await server.call()
        phone.press("3")
        await server.until(lambda: "We are sorry." in phone.hears())
        await server.until(lambda: phone.over)
    assert [told.result for told in server.facts(TransferFinished)] == [TransferResult.BUSY]
    assert server.outcome() is ContactOutcome.NOT_SERVED


@stepped
async def test_a_transfer_that_rings_too_long_is_given_up() -> None:
    async with serving(MENU) as server:
        server.line.numbers[BANK] = Manners(answers_after_s=None)
        phone = await server.call()
        phone.press("3")
        await server.until(lambda: server.facts(TransferFinished), within_s=25)
        assert server.facts(TransferFinished)[0].result is TransferResult.NO_ANSWER
        assert server.line.far[-1].over
        assert not phone.over


@stepped
async def test_a_caller_who_hangs_up_while_a_transfer_rings_ends_it() -> None:
    async with serving(MENU) as server:
        server.line.numbers[BANK] = Manners(answers_after_s=None)
        phone = await server.call()
        phone.press("3")
        await server.until(lambda: len(server.line.far) == 2)
        await server.pass_time(1)
        phone.hang_up()
        await server.until(lambda: server.line.far[-1].over, within_s=2)


@stepped
async def test_finding_18_an_overflow_and_a_hang_up_in_the_goodbye_is_told_as_an_overflow() -> None:
    async with serving(MENU) as server:
        server.sign_in("alice", Manners(answers_after_s=None))
        phone = await server.call()
        phone.press("1")
        await server.until(lambda: "We are sorry." in phone.hears())
        phone.hang_up()
    assert server.outcome() is ContactOutcome.OVERFLOWED
    assert [told.exit for told in server.facts(QueueExited)] == [QueueExit.OVERFLOWED]


@stepped
async def test_a_caller_who_hangs_up_in_the_queue_has_abandoned_it() -> None:
    async with serving(MENU) as server:
        server.sign_in("alice", Manners(answers_after_s=None))
        phone = await server.call()
        phone.press("1")
        await server.pass_time(30)
        phone.hang_up()
    assert server.outcome() is ContactOutcome.ABANDONED
    assert server.line.far[-1].over, "the agent's phone rings no more"


@stepped
async def test_a_caller_who_hangs_up_in_the_queue_at_once_is_told_apart() -> None:
    async with serving(MENU) as server:
        server.sign_in("alice", Manners(answers_after_s=None))
        phone = await server.call()
        phone.press("1")
        await server.pass_time(2)
        phone.hang_up()
    assert server.outcome() is ContactOutcome.SHORT_ABANDONED


@stepped
async def test_all_devices_of_an_agent_ring_and_the_first_to_answer_has_the_caller() -> None:
    async with serving(MENU) as server:
        server.sign_in("alice", Manners(answers_after_s=None), Manners(answers_after_s=3))
        phone = await server.call()
        phone.press("1")
        await server.until(lambda: server.facts(ConversationStarted))
        desk, mobile = server.line.far[1:]
        assert phone.talks_with(mobile)
        await server.until(lambda: desk.over, within_s=1)
        assert len(server.facts(ConversationStarted)) == 1


@stepped
async def test_an_agent_who_does_not_answer_costs_the_caller_no_place() -> None:
    async with serving(MENU) as server:
        server.sign_in("alice", Manners(refuses=486))
        phone = await server.call()
        phone.press("1")
        await server.until(lambda: server.facts(OfferRefused))
        assert not phone.over
        server.sign_in("bob")
        await server.until(lambda: server.facts(ConversationStarted))


@stepped
async def test_a_hold_is_told_and_the_other_hears_music() -> None:
    async with serving(MENU) as server:
        server.sign_in("alice")
        phone = await server.call()
        phone.press("1")
        await server.until(lambda: server.facts(ConversationStarted))
        agent = server.line.far[-1]
        agent.hold()
        await server.until(lambda: server.facts(HoldStarted), within_s=1)
        assert phone.leg.playing is not None
        agent.resume()
        await server.until(lambda: server.facts(HoldEnded), within_s=1)
        assert server.facts(HoldStarted)[0].participant == "agent:alice"


@stepped
async def test_keys_pass_through_a_talk() -> None:
    async with serving(MENU) as server:
        server.sign_in("alice")
        phone = await server.call()
        phone.press("1")
        await server.until(lambda: server.facts(ConversationStarted))
        phone.press("5")
        await server.pass_time(0.1)
        agent = server.line.far[-1].leg
        assert agent.digits_sent == "5"


@stepped
async def test_a_recording_that_cannot_begin_costs_no_call() -> None:
    async with serving(MENU) as server:
        server.recordings.refuses = True
        phone = await server.call()
        phone.press("2")
        await server.until(lambda: "It rains." in phone.hears())
    assert server.facts(RecordingBroken)
    assert not server.facts(RecordingStarted)


@stepped
async def test_a_recording_that_cannot_be_finished_still_lets_the_contact_close() -> None:
    async with serving(MENU) as server:
        server.recordings.breaks = True
        phone = await server.call()
        phone.hang_up()
        await server.until(lambda: server.facts(ContactClosed))
    assert server.facts(RecordingBroken)


@stepped
async def test_a_full_journal_loses_facts_and_no_call() -> None:
    async with serving(MENU) as server:
        phone = await server.call()
        server.journal.full = True
        phone.press("2")
        await server.until(lambda: "It rains." in phone.hears())
        server.journal.full = False


@stepped
async def test_a_fault_of_ours_ends_its_contact_only_and_is_told_as_one() -> None:
    async with serving(MENU) as server:
        server.sign_in("alice")
        other = await server.call(caller="2")
        phone = await server.call(caller="1")
        phone.press("1")
        server.engine.legs[1].bridge = None  # type: ignore[assignment, method-assign]
        await server.until(lambda: server.facts(ContactFailed))
        await server.until(lambda: phone.over)
        assert not other.over
        contact = server.facts(ContactFailed)[0].contact
        await server.until(lambda: server.outcome(contact))


@stepped
async def test_a_number_without_a_flow_is_refused() -> None:
    async with serving(MENU) as server:
        phone = server.line.dial("999")
        await server.pass_time(0.1)
        assert phone.status == 404


@stepped
async def test_a_flow_may_refuse_a_call_before_it_is_answered() -> None:
    async with serving("flow: f\nversion: 1\nstart: no\nnodes:\n  no: {hangup: busy}\n") as server:
        phone = server.line.dial("100")
        await server.until(lambda: phone.over)
        assert phone.status == 486
        assert not phone.answered
    assert server.outcome() is ContactOutcome.COMPLETED
    assert not server.facts(RecordingStarted)


@stepped
async def test_a_caller_who_gives_up_before_the_answer_leaves_a_closed_contact() -> None:
    async with serving(MENU) as server:
        phone = server.line.dial("100")
        phone.hang_up()
        await server.pass_time(1)
    assert server.outcome() is ContactOutcome.NOT_ANSWERED


@stepped
async def test_fifty_callers_and_two_agents_leave_fifty_closed_contacts() -> None:
    async with serving(MENU) as server:
        server.sign_in("alice")
        server.sign_in("bob")
        phones = [await server.call(caller=str(n)) for n in range(50)]
        for phone in phones:
            phone.press("1")
        for _ in range(8):
            await server.pass_time(4)
            talking = [far for far in server.line.far if far.leg.bridged is not None and far not in phones]
            for agent in talking:
                agent.hang_up()
        served = {told.contact for told in server.facts(ConversationStarted)}
        assert len(served) >= 8
        for phone in phones:
            phone.hang_up()
    assert len(server.facts(ContactClosed)) == 50


@stepped
async def test_a_contact_of_five_minutes_takes_no_time() -> None:
    async with serving(MENU) as server:
        server.sign_in("alice")
        phone = await server.call()
        phone.press("1")
        await server.until(lambda: server.facts(ConversationStarted))
        await server.pass_time(300)
        phone.hang_up()
        await server.until(lambda: server.facts(ContactClosed))
        [closed] = server.facts(ContactClosed)
        assert 300 <= closed.duration_s < 320


@stepped
async def test_a_server_that_stops_taking_calls_waits_for_those_it_has() -> None:
    async with serving(MENU) as server:
        phone = await server.call()
        idle = asyncio.create_task(server.intake.idle())
        await server.pass_time(1)
        assert not idle.done()
        phone.hang_up()
        await server.until(idle.done)


@stepped
async def test_who_hung_up_is_told() -> None:
    async with serving(MENU) as server:
        phone = await server.call()
        phone.hang_up()
        await server.until(lambda: server.facts(LegEnded))
        assert server.facts(LegEnded)[0].by is EndedBy.PARTICIPANT


@stepped
async def test_short_queues_have_their_own_agents() -> None:
    """A queue that nobody is signed in for gives the caller back to the flow, if it says so."""
    empty = QueueSettings(name="support", skills={"support": 1}, no_agents=NoAgents.OVERFLOW)
    async with serving(MENU, agents=AGENTS, queues=(empty,)) as server:
        phone = await server.call()
        phone.press("1")
        await server.until(lambda: "Nobody is here." in phone.hears())
