"""Why a contact went where it went: dispatch told again, from a real journal."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acd.dispatch import Dispatch
from acd.effects import RingAgent
from acd.events import (
    AgentRegistered,
    AgentUnregistered,
    BreakStarted,
    ContactEnqueued,
    ContactLeft,
    Event,
    LeaveReason,
    OfferAnswered,
    OfferFailed,
    OfferFailure,
)
from acd.settings import AcdSettings, AgentSettings, QueueSettings
from contacts.facts.entry import JournalEntry
from contacts.facts.system import DispatchSnapshot, DispatchTold
from contacts.ids import AgentId, ContactId, DeviceId, QueueId
from server.http.archive import JournalArchive
from server.http.ports import DispatchTrace
from server.http.why import WhyStep, why
from server.journal.dispatch_trace import told
from server.journal.ledger import JournalLedger
from tests.server.api import Api, aside, serving
from tests.server.ground import closed, journalling, opened, started
from tests.server.test_client import said

SETTINGS = AcdSettings(
    agents=(
        AgentSettings(name="alice", skills={"support": 5}),
        AgentSettings(name="bob", skills={"support": 2}),
        AgentSettings(name="carol", skills={"sales": 9}),
        AgentSettings(name="dave", skills={"support": 9}),
    ),
    queues=(QueueSettings(name="support", skills={"support": 3}),),
)
SUPPORT = QueueId("support")
ME = ContactId("contact1")
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Floor:
    """A dispatch whose every input is traced, as the ledger does."""

    def __init__(self) -> None:
        self.now = 100.0
        self.dispatch = Dispatch(SETTINGS, self.now)
        self.entries: list[JournalEntry] = []
        self._add(DispatchSnapshot(state=self.dispatch.dump(), clock_s=self.now))

    def tell(self, event: Event) -> list[RingAgent]:
        effects = self.dispatch.handle(event, self.now)
        self._add(told(event, effects, self.now))
        return [effect for effect in effects if isinstance(effect, RingAgent)]

    def register(self, *agents: str) -> None:
        for agent in agents:
            self.tell(AgentRegistered(AgentId(agent), DeviceId(f"{agent}-phone")))
            self.now += 1

    def _add(self, fact: DispatchSnapshot | DispatchTold) -> None:
        self.entries.append(
            JournalEntry(
                sequence=len(self.entries) + 1,
                instance="i",
                boot="b",
                at=AT,
                clock_s=self.now,
                settings="s",
                fact=fact,
            )
        )

    def why(self) -> tuple[WhyStep, ...]:
        return why(self.entries, ME)


def verdicts(step: WhyStep) -> dict[str, str]:
    return {agent.agent: agent.verdict for agent in step.agents}


def test_each_agent_has_a_reason_and_the_chosen_one_a_rule() -> None:
    floor = Floor()
    floor.register("alice", "bob", "carol")
    floor.tell(ContactEnqueued(ME, SUPPORT))
    [step] = floor.why()
    assert verdicts(step) == {
        "alice": "chosen",
        "bob": "has every skill, but not at the level",
        "carol": "lacks a skill",
        "dave": "offline",
    }
    assert "longest idle" in step.rule
    assert "joins queue support; alice is rung" in step.text
    assert step.faithful


def test_the_second_choice_is_explained_by_the_first_ones_silence() -> None:
    floor = Floor()
    floor.register("alice", "dave")
    [ring] = floor.tell(ContactEnqueued(ME, SUPPORT))
    floor.tell(OfferFailed(ring.offer, OfferFailure.NO_ANSWER))
    joined, again = floor.why()
    assert verdicts(joined)["dave"] == "free and qualified"
    assert verdicts(again)["dave"] == "chosen"
    assert again.rule


def test_an_agent_who_becomes_free_takes_the_first_in_line_and_breaks_are_reasons() -> None:
    floor = Floor()
    floor.register("alice", "dave")
    floor.tell(BreakStarted(AgentId("dave"), "lunch"))
    [ring] = floor.tell(ContactEnqueued(ContactId("other"), SUPPORT))
    floor.tell(OfferAnswered(ring.offer))
    floor.tell(ContactEnqueued(ME, SUPPORT))
    [joined] = floor.why()
    assert verdicts(joined)["alice"] == "in a call"
    assert verdicts(joined)["dave"] == "on a break"
    floor.now += 30
    floor.tell(ContactLeft(ME, LeaveReason.HUNG_UP))
    left = floor.why()[-1]
    assert "leaves the queue after 30 s" in left.text
    assert verdicts(left)["alice"] == "in a call"


def test_the_answer_is_that_of_then_and_not_of_now() -> None:
    floor = Floor()
    floor.register("alice")
    [ring] = floor.tell(ContactEnqueued(ME, SUPPORT))
    floor.tell(OfferAnswered(ring.offer))
    before = floor.why()
    floor.tell(AgentUnregistered(AgentId("alice"), DeviceId("alice-phone")))
    assert floor.why()[: len(before)] == before
    assert "talks with alice" in before[-1].text


def test_a_contact_that_nobody_could_serve_shows_what_everybody_was_doing() -> None:
    floor = Floor()
    floor.tell(ContactEnqueued(ME, SUPPORT))
    [step] = floor.why()
    assert "leaves the queue after 0 s" in step.text
    assert verdicts(step) == {"alice": "offline", "bob": "offline", "carol": "offline", "dave": "offline"}


def test_another_versions_decision_is_marked() -> None:
    floor = Floor()
    floor.register("alice")
    floor.tell(ContactEnqueued(ME, SUPPORT))
    last = floor.entries[-1]
    other = DispatchTold(event=last.fact.event, clock_s=last.fact.clock_s, effects=1, digest="other")  # type: ignore[attr-defined]
    changed: Sequence[JournalEntry] = [
        *floor.entries[:-1],
        JournalEntry(
            sequence=last.sequence,
            instance="i",
            boot="b",
            at=AT,
            clock_s=last.clock_s,
            settings="s",
            fact=other,
        ),
    ]
    assert not why(changed, ME)[-1].faithful


@pytest.fixture
async def trace(tmp_path: Path) -> DispatchTrace | None:
    """What the archive finds for a contact in a journal that the ledger wrote."""
    with opened(tmp_path / "trunkline.db") as ground:
        async with journalling(*ground, capacity=10_000) as journal:
            ledger, dispatch, now = JournalLedger(journal), Dispatch(SETTINGS, 100.0), 100.0
            ledger.watch(dispatch.dump, now)

            def tell(event: Event) -> None:
                ledger.decided(event, dispatch.handle(event, now), now)

            tell(AgentRegistered(AgentId("alice"), DeviceId("phone")))
            journal.append(started(ME))
            tell(ContactEnqueued(ME, SUPPORT))
            tell(ContactLeft(ME, LeaveReason.HUNG_UP))
            journal.append(closed(ME))
            await journal.durable()
            return JournalArchive(ground[0]).dispatch_trace(ME)


async def test_s59_a_contact_is_explained_from_the_journal_on_disk(trace: DispatchTrace | None) -> None:
    assert trace is not None
    assert trace.whole
    steps = why(trace.entries, ME)
    assert [verdicts(step)["alice"] for step in steps] == ["chosen", "is being rung for it"]
    assert all(step.faithful for step in steps)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path) as running:
        yield running


async def test_why_on_the_command_line_lists_every_agent(api: Api) -> None:
    floor = Floor()
    floor.register("alice", "bob")
    floor.tell(ContactEnqueued(ME, SUPPORT))
    api.archive.told = floor.entries
    text = await said(api, "why", "contact1")
    assert "rule: the contact came: longest idle" in text
    assert "-> alice" in text
    assert "bob    has every skill, but not at the level" in text
    assert await aside(lambda: api.local().get("/contacts/contact1/why"))


async def test_why_says_how_agents_stand_to_a_contact_that_waits_now(api: Api) -> None:
    api.dispatch.tell(ContactEnqueued(ContactId("contact2"), SUPPORT))
    found = await aside(lambda: api.local().get("/contacts/contact2/why"))
    assert {agent["agent"]: agent["verdict"] for agent in found["now"]}["alice"] == "offline"
