"""A whole server in process: real flows, dispatch, contacts and calls, on a fake line and a stepped clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from acd.callback_settings import CallbackSettings
from acd.dispatcher import Dispatcher
from acd.effects import Effect
from acd.events import AgentRegistered
from acd.events import Event as DispatchEvent
from acd.settings import AcdSettings, AgentSettings, QueueSettings
from config.calls import CallSettings, DialRule
from config.speech_rules import SpeechRule
from contacts.facts.contact import ContactClosed, ContactStarted
from contacts.facts.fact import Fact
from contacts.ids import AgentId, ContactId, DeviceId
from contacts.outcomes import ContactOutcome
from ivr_flows.known import Known
from ivr_flows.loader import parse_flow
from media.speech.synthesis import Voice
from media.speech.vocabulary import General
from server.callbacks.desk import CallbackDesk, DeskClocks
from server.checks.repertoire import Repertoire
from server.http.metrics import Metrics
from server.intake.active_contact import ActiveContact
from server.intake.agent_legs import AgentLegs
from server.intake.call_intake import CallIntake
from server.intake.caller_lists import CallerLists
from server.intake.capture_policy import CapturePolicy
from server.intake.dial_plan import DialPlan
from server.intake.durable_first import DurableFirst
from server.intake.exchange import Exchange
from server.intake.prompts import Prompts
from server.intake.queue_port import IntakeQueuePort
from server.intake.services import Services
from server.intake.third_party import TransferDialler
from server.live_transcripts.following import Hearing, LiveFollowing
from server.outside.asking import Kept, OutsideAsking
from server.outside.number_lists import ListedNumbers
from server.tasks import Tasks
from tests.fakes.keeping import (
    FakeNotices,
    FakeProfiles,
    FakeRecognition,
    FakeRecordings,
    FakeTranscribing,
    FakeVoice,
    FakeWeb,
    MemoryJournal,
)
from tests.fakes.line import FakeLine, FarPhone, Manners
from tests.fakes.media import FakeEngine
from tests.fakes.recognizers import FakeRecognizer, LoudIsVoice
from tests.patience import PATIENCE_S

CALLS = CallSettings(
    country="DE",
    dial=(DialRule(pattern="0.", trunk="carrier", caller_id="+4930555000"),),
    emergency=("112",),
    emergency_trunk="carrier",
)

F = TypeVar("F", bound=Fact)

FRAMES_S = 0.1
TEN = datetime(2026, 6, 10, 10, tzinfo=UTC)
CALLBACKS = CallbackSettings(home_country="DE", home_zone="Europe/Berlin")

AGENTS = (
    AgentSettings(name="alice", skills={"support": 5}),
    AgentSettings(name="bob", skills={"support": 3}),
)
SUPPORT = QueueSettings(name="support", skills={"support": 1}, wrap_up_s=0, pause_after_no_answer_s=10)


RECORD_ALL = CapturePolicy()
SPEECH_RULES = (SpeechRule(name="leaving", phrases=("cancel my contract",)),)


class _NoLedger:
    def decided(self, event: DispatchEvent, effects: tuple[Effect, ...], now: float) -> None:
        """Nobody reads what dispatch decided."""


class InProcess:
    """The running server, its far ends, and what it left in its journal."""

    def __init__(
        self,
        flows: dict[str, str],
        settings: AcdSettings,
        tasks: Tasks,
        callbacks: CallbackSettings | None = None,
        capture: CapturePolicy = RECORD_ALL,
    ) -> None:
        loop = asyncio.get_running_loop()
        known = Known(
            queues=frozenset(queue.name for queue in settings.queues),
            skills=frozenset(skill for agent in settings.agents for skill in agent.skills),
            agents=frozenset(agent.name for agent in settings.agents),
            dials_numbers=True,
        )
        self.engine = FakeEngine()
        self.line = FakeLine(self.engine)
        self.journal = MemoryJournal(loop.time)
        self.recordings = FakeRecordings()
        self.voice = FakeVoice()
        self.recognition = FakeRecognition()
        self.transcribing = FakeTranscribing()
        self.web = FakeWeb()
        self.notices = FakeNotices()
        self.profiles = FakeProfiles()
        kept = Kept(self.notices, self.profiles, lambda: datetime.now(UTC))
        self.metrics = Metrics()
        self.lists = ListedNumbers("DE")
        judged = CallerLists(self.lists, self.utc)
        self.active: dict[ContactId, ActiveContact] = {}
        legs = AgentLegs(self.line, self.line, self.active, self._post, tasks)
        self.clocks = DeskClocks(loop.time, self.utc)
        durable = DurableFirst(self.journal, self.metrics.not_durable)
        self.callbacks = CallbackDesk(
            callbacks or CALLBACKS,
            "gateway.example",
            self.line,
            durable,
            self.active,
            self._post,
            tasks,
            self.clocks,
            lambda: self.lists.do_not_call(self.utc()),
        )
        queue_port = IntakeQueuePort(self.active, legs, self.callbacks)
        self.dispatcher = Dispatcher(settings, legs, queue_port, _NoLedger())
        self.callbacks.staffing = lambda queue: sum(
            each.signed_in for each in self.dispatcher.snapshot().queues if each.queue == queue
        )
        self.recognizer = FakeRecognizer()
        hearing = Hearing(self.recognizer, General(), SPEECH_RULES, 10, LoudIsVoice)
        self.dialler = TransferDialler(self.line, "gateway.example")
        names = {agent.name: agent.name for agent in settings.agents}
        self.plan = DialPlan(CALLS, names, [queue.name for queue in settings.queues])
        self.exchange = Exchange(
            self.plan, lambda: self.intake.repertoire, self.active, judged.wants_no_calls
        )
        self.services = Services(
            journal=self.journal,
            durable=durable,
            prompts=Prompts(self.voice, Voice("test", 170, 50)),
            recordings=self.recordings,
            metrics=self.metrics,
            recognition=self.recognition,
            dialler=self.dialler,
            lines=self.line,
            exchange=self.exchange,
            transcribing=self.transcribing,
            outside=OutsideAsking(self.web, {}, kept, tasks, loop.time),
            post=self._post,
            tasks=tasks,
            callbacks=self.callbacks,
            now=loop.time,
            live=LiveFollowing(hearing, self.journal.note, tasks, loop.time),
            capture=capture,
            destroy=self.recordings.destroy,
            lists=judged,
        )
        tasks.background(self.services.live.run())
        repertoire = Repertoire({number: _flow(number, text, known) for number, text in flows.items()})
        self.intake = CallIntake(repertoire, self.services, self.active)
        self.line.on_call = self.intake.take

    def utc(self) -> datetime:
        """The wall clock: ten in the morning when the loop's clock reads 0."""
        return TEN + timedelta(seconds=asyncio.get_running_loop().time())

    # What the test does

    def sign_in(self, agent: str, *manners: Manners) -> None:
        """The agent's phones register; one that answers after a second when none is described."""
        self.line.phones[agent] = list(manners) or [Manners()]
        for device, _ in enumerate(self.line.phones[agent]):
            self._post(AgentRegistered(AgentId(agent), DeviceId(f"device-{device}")))

    async def call(self, number: str = "100", caller: str = "0301234567") -> FarPhone:
        """A call that has been answered."""
        phone = self.line.dial(number, caller)
        await self.until(lambda: phone.answered or phone.over)
        return phone

    async def until(self, happened: Callable[[], object], within_s: float = 600.0) -> None:
        """Steps until it is so; fails when it is not within that time."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        while not happened():
            assert loop.time() < end, "it did not happen"
            await asyncio.sleep(0.05)

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    # What the test sees

    def facts(self, kind: type[F], contact: str | None = None) -> list[F]:
        return self.journal.facts(kind, contact)

    def kinds(self, contact: str) -> list[str]:
        """The journal of one contact, by kind."""
        return [e.fact.kind() for e in self.journal.entries if e.fact.contact_id == contact]

    @property
    def contact(self) -> ContactId:
        """The newest."""
        return self.facts(ContactStarted)[-1].contact

    def outcome(self, contact: str | None = None) -> ContactOutcome | None:
        closed = self.facts(ContactClosed, contact or self.contact)
        assert len(closed) <= 1
        return closed[0].outcome if closed else None

    async def run(self) -> None:
        """The audio engine's frames, until cancelled."""
        while True:
            await asyncio.sleep(FRAMES_S)
            self.engine.now_s = asyncio.get_running_loop().time() - FRAMES_S
            self.engine.advance(FRAMES_S)

    def _post(self, event: DispatchEvent) -> None:
        self.dispatcher.post(event)


def _flow(number: str, text: str, known: Known):  # type: ignore[no-untyped-def]
    loaded = parse_flow(text.encode(), f"{number}.yaml", path=Path(f"{number}.yaml"), known=known)
    assert loaded.flow is not None, loaded.findings
    return loaded.flow


@asynccontextmanager
async def serving(
    flow: str,
    *,
    agents: tuple[AgentSettings, ...] = AGENTS,
    queues: tuple[QueueSettings, ...] = (SUPPORT,),
    callbacks: CallbackSettings = CALLBACKS,
    more: Mapping[str, str] = MappingProxyType({}),
    capture: CapturePolicy = RECORD_ALL,
) -> AsyncIterator[InProcess]:
    """A server whose number 100 has this flow; left, every call has been ended and every contact closed."""
    async with Tasks() as tasks:
        numbers = {"100": flow, **more}
        server = InProcess(numbers, AcdSettings(agents=agents, queues=queues), tasks, callbacks, capture)
        tasks.background(server.run())
        tasks.background(server.callbacks.run())
        try:
            yield server
        finally:
            for phone in tuple(server.line.far):
                phone.hang_up()
            server.dispatcher.stop()
            for owed in server.callbacks.open():
                server.callbacks.cancel(owed.contact, "the test is over")
        async with asyncio.timeout(PATIENCE_S):
            await server.intake.idle()
        assert not server.recordings.live or server.recordings.breaks
        started = [fact.contact for fact in server.facts(ContactStarted)]
        closed = [fact.contact for fact in server.facts(ContactClosed)]
        assert sorted(started) == sorted(closed), "every contact closes exactly once"
