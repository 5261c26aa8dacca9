"""What the demonstration waits for: the facts of one contact, and no other's."""

from __future__ import annotations

import asyncio

import pytest

from contacts.facts.contact import ContactClosed, ContactStarted
from contacts.facts.entry import JournalEntry
from contacts.facts.fact import Fact
from contacts.facts.recording import RecordingBroken, RecordingFinished, TranscriptFailed, TranscriptReady
from contacts.ids import ContactId
from server.demonstration.feed import Feed
from tests.fakes.keeping import MemoryJournal
from tests.fakes.stepped_loop import stepped
from tests.server.ground import closed, counted, started

PATIENCE_S = 20.0


class Told:
    """A feed, and the journal that tells it."""

    def __init__(self) -> None:
        self.shown: list[JournalEntry] = []
        self.feed = Feed(self.shown.append)
        self._journal = MemoryJournal(asyncio.get_running_loop().time)

    def tell(self, *facts: Fact) -> None:
        for fact in facts:
            self.feed.told(self._journal.append(fact))


@stepped
async def test_what_happened_before_the_first_contact_is_not_shown() -> None:
    told = Told()
    told.tell(counted("earlier", 1), closed("earlier"))
    assert told.feed.contact is None
    assert told.shown == []


@stepped
async def test_it_listens_to_the_first_contact_that_begins_and_to_no_other() -> None:
    told = Told()
    told.tell(started("ours"), started("other"), counted("other", 1), counted("ours", 2), closed("other"))
    assert told.feed.contact == "ours"
    assert [entry.fact.contact_id for entry in told.shown] == ["ours", "ours"]
    assert told.feed.seen(ContactClosed) == []


@stepped
async def test_a_fact_that_is_there_already_is_not_waited_for() -> None:
    told = Told()
    told.tell(started("ours", "anna"))
    assert (await told.feed.wait_for(ContactStarted, PATIENCE_S)).caller == "anna"


@stepped
async def test_a_fact_that_comes_later_wakes_who_waits() -> None:
    told = Told()
    told.tell(started("ours"))
    waiting = asyncio.create_task(told.feed.wait_for(ContactClosed, PATIENCE_S))
    await asyncio.sleep(PATIENCE_S / 2)
    told.tell(closed("other"))
    await asyncio.sleep(1)
    assert not waiting.done()
    told.tell(closed("ours"))
    assert (await waiting).contact == "ours"


@stepped
async def test_the_newest_of_a_kind_is_given() -> None:
    told = Told()
    told.tell(started("ours"), counted("ours", 1), counted("ours", 2))
    newest = await told.feed.wait_for(type(counted("ours", 0)), PATIENCE_S)
    assert newest.count == 2


@stepped
async def test_what_does_not_come_is_given_up_after_the_patience() -> None:
    told = Told()
    told.tell(started("ours"))
    begun = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await told.feed.wait_for(ContactClosed, PATIENCE_S)
    assert asyncio.get_running_loop().time() - begun == pytest.approx(PATIENCE_S)


@stepped
async def test_what_has_become_impossible_is_given_up_at_once() -> None:
    ours = ContactId("ours")
    told = Told()
    told.tell(started("ours"))
    begun = asyncio.get_running_loop().time()
    transcript = asyncio.create_task(told.feed.wait_for(TranscriptReady, PATIENCE_S))
    recording = asyncio.create_task(told.feed.wait_for(RecordingFinished, PATIENCE_S))
    await asyncio.sleep(1)
    told.tell(TranscriptFailed(contact=ours), RecordingBroken(contact=ours))
    with pytest.raises(TimeoutError, match=r"transcript\.failed instead of transcript\.ready"):
        await transcript
    with pytest.raises(TimeoutError, match=r"recording\.failed instead of recording\.finished"):
        await recording
    assert asyncio.get_running_loop().time() - begun == pytest.approx(1)
