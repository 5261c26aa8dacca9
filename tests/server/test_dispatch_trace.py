"""What dispatch was told is in the journal, and told again it decides the same."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from acd.dispatch import Dispatch
from acd.effects import QueueStayEnded, RingAgent
from acd.events import (
    AgentCallEnded,
    AgentRegistered,
    ContactEnqueued,
    ContactLeft,
    Event,
    LeaveReason,
    OfferAnswered,
    OfferFailed,
    OfferFailure,
    TimePassed,
)
from acd.settings import AcdSettings, AgentSettings, QueueSettings
from contacts.facts.entry import JournalEntry
from contacts.facts.queue import OfferMade, WrapUpFinished, WrapUpStarted
from contacts.facts.system import DispatchSnapshot, DispatchTold
from contacts.ids import AgentId, ContactId, DeviceId, OfferId, QueueId
from server.journal import ledger as ledger_module
from server.journal.dispatch_trace import tell_again
from server.journal.ledger import JournalLedger
from server.journal.reading import entries_after
from tests.server.ground import journalling, opened

SALES = QueueId("sales")
AGENTS = tuple(AgentId(name) for name in ("alice", "bob", "carol"))
SETTINGS = AcdSettings(
    agents=tuple(AgentSettings(name=name, skills={"sales": 3}) for name in AGENTS),
    queues=(QueueSettings(name="sales", wrap_up_s=2.0, ring_timeout_s=5.0, max_wait_s=20.0),),
)


class Day:
    """Dispatch under chance, its orders answered at once or later, all of it told to the ledger."""

    def __init__(self, ledger: JournalLedger, seed: int) -> None:
        self.dispatch = Dispatch(SETTINGS, 100.0)
        self.ledger = ledger
        self.chance = random.Random(seed)
        self.now = 100.0
        self.ringing: list[OfferId] = []
        self.talking: list[OfferId] = []
        self.waiting: list[ContactId] = []
        ledger.watch(self.dispatch.dump, self.now)

    def tell(self, event: Event) -> None:
        effects = self.dispatch.handle(event, self.now)
        self.ledger.decided(event, effects, self.now)
        self.ringing += [effect.offer for effect in effects if isinstance(effect, RingAgent)]
        gone = {effect.contact for effect in effects if isinstance(effect, QueueStayEnded)}
        self.waiting = [contact for contact in self.waiting if contact not in gone]

    def live(self, steps: int) -> None:
        for agent in AGENTS:
            self.tell(AgentRegistered(agent, DeviceId(f"{agent}-1")))
        for number in range(steps):
            self.now += self.chance.random() * 2
            self._step(number)

    def _step(self, number: int) -> None:
        chosen = self.chance.randrange(6)
        if chosen == 0:
            contact = ContactId(f"c{number}")
            self.waiting.append(contact)
            self.tell(ContactEnqueued(contact, SALES, priority=self.chance.randrange(3)))
        elif chosen == 1 and self.ringing:
            offer = self.ringing.pop(0)
            self.talking.append(offer)
            self.tell(OfferAnswered(offer))
        elif chosen == 2 and self.ringing:
            self.tell(OfferFailed(self.ringing.pop(0), OfferFailure.BUSY))
        elif chosen == 3 and self.talking:
            self.tell(AgentCallEnded(self.talking.pop(0)))
        elif chosen == 4 and self.waiting:
            self.tell(ContactLeft(self.waiting.pop(0), LeaveReason.HUNG_UP))
        else:
            self.tell(TimePassed())


@pytest.fixture(params=range(3))
async def written(request: pytest.FixtureRequest, tmp_path: Path) -> list[JournalEntry]:
    with opened(tmp_path / "trunkline.db") as ground:
        async with journalling(*ground, capacity=100_000) as journal:
            Day(JournalLedger(journal), request.param).live(600)
            await journal.durable()
            return entries_after(ground[0], 0, 100_000)


def replay(entries: list[JournalEntry]) -> list[bool]:
    """Of each event, whether dispatch decides the same again."""
    return [again.decide()[1] for again in tell_again(entries)]


async def test_a_stretch_of_the_journal_replayed_gives_the_same_effects(written: list[JournalEntry]) -> None:
    replayed = replay(written)
    assert all(replayed)
    assert len(replayed) > 600


async def test_without_a_snapshot_there_is_nothing_to_begin_with(written: list[JournalEntry]) -> None:
    assert not replay(written[200:]), "there is no snapshot in this stretch"
    assert isinstance(written[0].fact, DispatchSnapshot)


async def test_snapshots_come_every_so_many_events_and_each_is_a_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "SNAPSHOT_EVERY", 50)
    with opened(tmp_path / "trunkline.db") as ground:
        async with journalling(*ground, capacity=100_000) as journal:
            Day(JournalLedger(journal), 7).live(300)
            await journal.durable()
        entries = entries_after(ground[0], 0, 100_000)
    beginnings = [n for n, entry in enumerate(entries) if isinstance(entry.fact, DispatchSnapshot)]
    assert len(beginnings) > 5
    for beginning in beginnings:
        assert all(replay(entries[beginning:]))


async def test_a_replay_that_decides_otherwise_is_seen(written: list[JournalEntry]) -> None:
    """As a journal in which one event has been taken out."""
    enqueued = next(
        number
        for number, entry in enumerate(written)
        if isinstance(entry.fact, DispatchTold) and entry.fact.event["event"] == "contact enqueued"
    )
    assert not all(replay(written[:enqueued] + written[enqueued + 1 :]))


async def test_what_dispatch_decided_is_told_to_the_contacts(written: list[JournalEntry]) -> None:
    facts = [entry.fact for entry in written]
    assert any(isinstance(fact, OfferMade) for fact in facts)
    starts = [fact for fact in facts if isinstance(fact, WrapUpStarted)]
    ends = [fact for fact in facts if isinstance(fact, WrapUpFinished)]
    assert starts
    assert 0 <= len(starts) - len(ends) <= len(AGENTS)


async def test_a_full_journal_costs_facts_but_no_decision(tmp_path: Path) -> None:
    with opened(tmp_path / "trunkline.db", commit_interval_s=60) as (engine, writer):
        async with journalling(engine, writer, capacity=5) as journal:
            day = Day(JournalLedger(journal), 1)
            day.live(50)
            assert journal.health().behind == 5
            await asyncio.to_thread(writer.stop)
