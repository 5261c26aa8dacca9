"""Calls followed live: who is heard, who is not, and what of it is told."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from contacts.contact import CUSTOMER
from contacts.facts.contact import ContactClosed, ConversationStarted
from contacts.facts.speech import TranscriptDeferred, TranscriptFinal, TranscriptPartial, WordsSpotted
from contacts.ids import ContactId, ParticipantId
from contacts.privacy import ERASED, Privacy
from media.errors import MediaError
from media.g711 import ulaw_encode
from media.sound_tap import Heard
from media.speech.vocabulary import General
from server.live_transcripts.following import Hearing, LiveFollowing
from server.tasks import Tasks
from tests.fakes.keeping import MemoryJournal
from tests.fakes.media import FakeEngine
from tests.fakes.recognizers import FakeRecognizer, LoudIsVoice
from tests.fakes.stepped_loop import stepped
from tests.server.in_process import serving

SAYS = ulaw_encode(np.full(8000, 8000, np.int16)).tobytes()
QUEUE = """
flow: menu
version: 1
language: en
start: support
nodes:
  support:
    queue: support
    music: hold
    max_wait: 600s
    overflow: sorry
    otherwise: sorry
  sorry:
    hangup: normal
    prompt: We are sorry.
"""


@stepped
async def test_both_voices_of_a_conversation_become_facts_while_it_goes_on() -> None:
    async with serving(QUEUE) as server:
        server.sign_in("alice")
        phone = await server.call()
        await server.until(lambda: server.facts(ConversationStarted))
        agent = server.facts(ConversationStarted)[0].participant
        phone.leg.say(SAYS)
        await server.until(lambda: server.recognizer.of("customer").fed)
        server.recognizer.of("customer").partial("where is")
        await server.until(lambda: server.recognizer.of("customer").utterances)
        server.recognizer.of("customer").final("where is my parcel")
        assert [fact.text for fact in server.facts(TranscriptPartial)] == ["where is"]
        (final,) = server.facts(TranscriptFinal)
        assert (final.participant, final.text) == (CUSTOMER, "where is my parcel")
        assert server.recognizer.of(agent).fed == [], "the agent does not speak, and hears no echo"
        assert not server.facts(ContactClosed)
        phone.hang_up()
    assert all(session.closed for session in server.recognizer.sessions)


@stepped
async def test_s10_a_phrase_of_a_rule_is_told_within_two_seconds_of_being_said() -> None:
    async with serving(QUEUE) as server:
        phone = await server.call()
        await server.until(lambda: server.recognizer.sessions)
        began = asyncio.get_running_loop().time()
        phone.leg.say(SAYS)
        customer = server.recognizer.of("customer")
        await server.until(lambda: customer.fed)
        customer.partial("I will cancel my contract")
        await server.until(lambda: server.facts(WordsSpotted))
        assert asyncio.get_running_loop().time() - began < 2.0
        (spotted,) = server.facts(WordsSpotted)
        assert (spotted.rule, spotted.participant) == ("leaving", CUSTOMER)
        phone.hang_up()


@stepped
async def test_a_hang_up_ends_what_was_being_said_and_its_words_are_still_told() -> None:
    async with serving(QUEUE) as server:
        phone = await server.call()
        await server.until(lambda: server.recognizer.sessions)
        phone.leg.say(SAYS)
        await server.until(lambda: server.recognizer.of("customer").fed)
        phone.hang_up()
        await server.until(lambda: server.facts(ContactClosed))
        await server.until(lambda: server.recognizer.of("customer").closed)
    assert server.recognizer.of("customer").utterances == 1
    assert [fact.reason for fact in server.facts(TranscriptDeferred)] == ["closed"]


@stepped
async def test_a_voice_too_many_is_told_and_transcribed_later() -> None:
    journal, engine = MemoryJournal(asyncio.get_running_loop().time), FakeEngine()
    async with Tasks() as tasks:
        hearing = Hearing(FakeRecognizer(), General(), (), 1, LoudIsVoice)
        following = LiveFollowing(hearing, journal.note, tasks, asyncio.get_running_loop().time)
        first, second = following.of(ContactId("a")), following.of(ContactId("b"))
        first.follow(CUSTOMER, engine.open_leg(lambda _: None))
        second.follow(CUSTOMER, engine.open_leg(lambda _: None))
        (deferred,) = journal.facts(TranscriptDeferred)
        assert (deferred.contact, deferred.end_s) == ("b", None)
        assert (following.status().tracks, following.status().refused) == (1, 1)
        first.end()
        second.follow(ParticipantId("agent-1"), engine.open_leg(lambda _: None))
        assert following.status().tracks == 1
        second.end()


class _Voice:
    """Somebody who says nothing; one that is lost cannot even be asked."""

    missed = 0
    ended = False

    def __init__(self, lost: Exception | None = None) -> None:
        self.closed = False
        self.reads = 0
        self._lost = lost

    def tap(self) -> _Voice:
        return self

    def read(self, _most: int) -> Heard | None:
        self.reads += 1
        if self._lost is not None:
            raise self._lost
        return None

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("fault", [MediaError("the ring is gone"), ValueError("a bug of ours")])
@stepped
async def test_a_voice_that_is_lost_costs_no_other_its_words(fault: Exception) -> None:
    journal = MemoryJournal(asyncio.get_running_loop().time)
    async with Tasks() as tasks:
        hearing = Hearing(FakeRecognizer(), General(), (), 8, LoudIsVoice)
        following = LiveFollowing(hearing, journal.note, tasks, asyncio.get_running_loop().time)
        tasks.background(following.run())
        contact, lost, other = following.of(ContactId("a")), _Voice(fault), _Voice()
        contact.follow(ParticipantId("agent-1"), lost)
        contact.follow(CUSTOMER, other)
        await asyncio.sleep(1)
        assert (lost.closed, lost.reads) == (True, 1)
        before = other.reads
        await asyncio.sleep(1)
        assert other.reads > before
        again = _Voice(MediaError("the ring is gone"))
        contact.follow(ParticipantId("agent-2"), again)
        contact.end()
        assert other.closed
        assert again.closed


def test_words_are_personal_and_erased_with_the_contact() -> None:
    final = TranscriptFinal(
        contact=ContactId("a"), participant=CUSTOMER, start_s=1.0, end_s=2.0, text="my name is", words=()
    )
    assert "text" not in final.shown(Privacy.PUBLIC)
    assert "words" not in final.shown(Privacy.PUBLIC)
    assert final.erased().text == ERASED
