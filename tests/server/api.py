"""The API on a real unix socket and a real TCP port, over fakes of everything behind it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar

from prometheus_client import CollectorRegistry

from acd.callback_book import CallbackBook
from acd.calling_slots import slots
from acd.calling_windows import CallingRules
from acd.dispatch import Dispatch
from acd.events import AgentEvent, CallFirst, Event
from acd.explanation import Explanation
from acd.settings import AcdSettings, AgentSettings, NoAgents, QueueSettings
from acd.snapshot import DispatchStatus
from config.settings import HttpSettings
from contacts.facts.entry import JournalEntry
from contacts.facts.fact import Fact
from contacts.facts.queue import QueueJoined
from contacts.facts.system import AccessRefused, AccessUsed
from contacts.ids import AgentId, ContactId, QueueId
from contacts.privacy import Privacy
from recordings.archive import Archive
from recordings.catalogue import Catalogue
from recordings.evidence.keeper import EvidenceKeeper
from recordings.evidence.signing import Signer
from recordings.files import RecordingFiles
from recordings.life import RecordingLife
from recordings.retention import Retention
from recordings.saved_recordings import SavedRecordings
from recordings.search import TranscriptSearch
from server.access.door import Door, DoorClocks
from server.access.local_socket import listen_locally
from server.access.roles import Role
from server.access.tokens import TokenBook
from server.callbacks.lost import LostCaller
from server.callbacks.ordering import CallbackOrder
from server.callbacks.promises import OpenCallback
from server.client.client import ApiClient
from server.http.app import make_app
from server.http.event_feed import EventFeed
from server.http.listening import WebServer
from server.http.off_loop import OffLoop
from server.http.ports import (
    ApiPorts,
    ContactEvent,
    ContactLine,
    ContactLines,
    DispatchTrace,
    ReloadOutcome,
    TrunkStatus,
    UnknownPageError,
)
from server.http.status import Health, PartHealth, WebhookStatus
from server.intake.dial_plan import NO_SUCH
from server.intake.transfers import NOT_TALKING
from server.journal.erasure import StillInProgressError, UnknownContactError
from server.journal.reading import ANY_CONTACT, ContactsWanted
from server.outside.notices import Notice
from server.outside.number_lists import ListedNumber, ListedNumbers, NumberList
from server.store.store import open_store
from telephony.admission import Refusal

T = TypeVar("T")

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CALLER = "+4930123456"
ACD = AcdSettings(
    agents=(
        AgentSettings(name="alice", display="Alice", skills={"support": 5}),
        AgentSettings(name="bob", skills={"sales": 3}),
    ),
    queues=(
        QueueSettings(name="support", skills={"support": 1}, no_agents=NoAgents.WAIT),
        QueueSettings(name="sales", skills={"sales": 1}, no_agents=NoAgents.WAIT),
    ),
)


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)
    awake: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.awake.set()

    async def sleep(self, delay_s: float) -> None:
        """Returns at once, or, while `awake` is not set, when it is."""
        self.slept.append(delay_s)
        await self.awake.wait()

    def monotonic(self) -> float:
        return self.now

    def utc(self) -> datetime:
        return NOW + timedelta(seconds=self.now - 1000.0)


class FactBook:
    """A journal in memory."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.error: Exception | None = None
        self.entries: list[JournalEntry] = []
        self.listeners: list[Callable[[JournalEntry], None]] = []
        self.reads = 0

    def append(self, fact: Fact) -> JournalEntry:
        if self.error is not None:
            raise self.error
        self.facts.append(fact)
        entry = JournalEntry(
            sequence=len(self.facts),
            instance="one",
            boot="first",
            at=NOW,
            clock_s=0.0,
            settings="same",
            fact=fact,
        )
        self.entries.append(entry)
        for listener in tuple(self.listeners):
            listener(entry)
        return entry

    def note(self, fact: Fact) -> None:
        self.append(fact)

    def subscribe(self, listener: Callable[[JournalEntry], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def after(self, sequence: int, limit: int) -> list[JournalEntry]:
        self.reads += 1
        return self.entries[sequence : sequence + limit]

    def newest(self) -> int:
        return len(self.entries)

    def used(self) -> list[AccessUsed]:
        return [fact for fact in self.facts if isinstance(fact, AccessUsed)]

    def refused(self) -> list[AccessRefused]:
        return [fact for fact in self.facts if isinstance(fact, AccessRefused)]


class SteppedDispatch:
    """The real core of dispatch under the test's clock; its orders are dropped."""

    def __init__(self, clock: Clock, settings: AcdSettings = ACD) -> None:
        self._clock = clock
        self.core = Dispatch(settings, clock.now)

    def snapshot(self) -> DispatchStatus:
        return self.core.snapshot(self._clock.now)

    def explain(self, contact: ContactId) -> Explanation | None:
        return self.core.explain(contact)

    def post(self, event: AgentEvent) -> None:
        self.tell(event)

    def tell(self, event: Event) -> tuple[object, ...]:
        return self.core.handle(event, self._clock.now)


@dataclass
class ListedContacts:
    """An archive of `count` contacts, each with one event; ids are contact0, contact1, ..."""

    count: int = 3
    told: list[JournalEntry] = field(default_factory=list)
    wanted: ContactsWanted = ANY_CONTACT

    def page(
        self, limit: int, after: str | None, most: Privacy, wanted: ContactsWanted = ANY_CONTACT
    ) -> ContactLines:
        self.wanted = wanted
        if after is not None and not after.isdecimal():
            raise UnknownPageError(after)
        first = int(after or 0)
        caller = CALLER if most is not Privacy.PUBLIC else ""
        lines = tuple(
            ContactLine(f"contact{n}", NOW, 12.5, caller, "100", "support", ("alice",), None)
            for n in range(first, min(first + limit, self.count))
        )
        return ContactLines(lines, str(first + limit) if first + limit < self.count else None)

    def events(self, contact: str, most: Privacy) -> tuple[ContactEvent, ...]:
        if contact not in {f"contact{n}" for n in range(self.count)}:
            return ()
        fields = {"caller": CALLER} if most is not Privacy.PUBLIC else {}
        return (ContactEvent(1, NOW, "contact.started", fields, "call"),)

    def accesses(
        self, limit: int, before: int | None, subject: str | None
    ) -> tuple[list[JournalEntry], int | None]:
        del before
        return [entry for entry in self.told if subject in (None, getattr(entry.fact, "subject", None))][
            :limit
        ], None

    def dispatch_trace(self, contact: str) -> DispatchTrace | None:
        known = contact in {f"contact{n}" for n in range(self.count)}
        return DispatchTrace(tuple(self.told), whole=True) if known else None


@dataclass
class Erasures:
    """An eraser that remembers; contact1 is in progress."""

    erased: list[str] = field(default_factory=list)
    by: list[str] = field(default_factory=list)

    async def erase(self, contact: ContactId, by: str) -> int:
        if contact == "contact1":
            raise StillInProgressError(contact)
        if not contact.startswith("contact"):
            raise UnknownContactError(contact)
        self.erased.append(contact)
        self.by.append(by)
        return 3


@dataclass
class RecordingOnTheLine:
    """Who did what to it."""

    paused: bool = False
    told: list[str] = field(default_factory=list)

    def pause(self, by: str) -> bool:
        return self._tell("paused", by, to=True)

    def resume(self, by: str) -> bool:
        return self._tell("resumed", by, to=False)

    def withdraw(self, by: str) -> bool:
        self.told.append(f"withdrawn by {by}")
        return True

    def _tell(self, what: str, by: str, *, to: bool) -> bool:
        changed, self.paused = self.paused is not to, to
        if changed:
            self.told.append(f"{what} by {by}")
        return changed


@dataclass
class Line:
    """The customers on the line."""

    callers: dict[str, str] = field(default_factory=dict)
    draining: bool = False
    recordings: dict[str, RecordingOnTheLine] = field(default_factory=dict)

    def recording(self, contact: ContactId) -> RecordingOnTheLine | None:
        return self.recordings.get(contact)

    def caller(self, contact: ContactId) -> str:
        return self.callers.get(contact, "")


@dataclass
class Notices:
    """A board in memory."""

    put_up: dict[str, Notice] = field(default_factory=dict)

    def on(self, now: datetime) -> tuple[Notice, ...]:
        return tuple(each for each in self.put_up.values() if now < each.until)

    def put(self, notice: Notice) -> None:
        self.put_up[notice.name] = notice

    def clear(self, name: str, now: datetime) -> bool:
        return self.put_up.pop(name, None) is not None


@dataclass
class KeptProfiles:
    """Profiles in memory."""

    values: dict[str, dict[str, str]] = field(default_factory=dict)

    def kept(self, caller: str) -> tuple[tuple[str, str], ...]:
        return tuple(self.values.get(caller, {}).items())

    def erase(self, caller: str) -> int:
        return len(self.values.pop(caller, {}))


class NumbersInMemory:
    """The real lists without a database."""

    def __init__(self) -> None:
        self.numbers = ListedNumbers("DE")

    def put(self, entry: ListedNumber) -> None:
        self.numbers.put(entry)

    def remove(self, wanted: NumberList, number: str, now: datetime) -> ListedNumber | None:
        return self.numbers.remove(wanted, number, now)


@dataclass
class Reloads:
    """A reloader that answers as it was told to."""

    outcome: ReloadOutcome = field(default_factory=lambda: ReloadOutcome(changed=("agents",)))
    asked_by: list[str] = field(default_factory=list)

    async def reload(self, by: str) -> ReloadOutcome:
        self.asked_by.append(by)
        return self.outcome


LOST = [
    LostCaller(ContactId("contact2"), CALLER, "support", NOW - timedelta(hours=1), 61.0, "abandoned"),
    LostCaller(ContactId("contact1"), "anonymous", "sales", NOW - timedelta(hours=2), 9.0, "overflowed"),
]


class PromisedCalls:
    """The real book and rules under the test's clock; nobody is dialled."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rules = CallingRules(home_country="DE")
        self._book = CallbackBook(self._rules)
        self._open: dict[ContactId, OpenCallback] = {}

    def open(self) -> tuple[OpenCallback, ...]:
        return tuple(self._open.values())

    def find(self, contact: ContactId) -> OpenCallback | None:
        return self._open.get(contact)

    def owed_to(self, number: str) -> ContactId | None:
        return self._book.owed_to(number)

    def number(self, typed: str) -> str:
        return self._book.full_number(typed)

    def times(self, number: str, queue: QueueId) -> tuple[datetime, ...]:
        room = queue == "support"
        return slots(
            self._rules, self.number(number), self._clock.utc(), minutes=30, wanted=3, room=lambda *_: room
        )

    def order(self, order: CallbackOrder) -> OpenCallback:
        contact, utc = ContactId(f"callback{len(self._open)}"), self._clock.utc()
        self._book.promise(contact, order.number, utc, order.not_before)
        place = QueueJoined(contact=contact, queue=order.queue, agent=order.agent, callback=True)
        first = order.first or CallFirst.CUSTOMER
        number = self.number(order.number)
        held = OpenCallback(contact, number, place, first, utc, utc, order.not_before, order.by)
        self._open[contact] = held
        return held

    def cancel(self, contact: ContactId, by: str) -> bool:
        self._book.settled(contact)
        return self._open.pop(contact, None) is not None


HEALTHY = Health(
    True, (), "1.2.3", 60.0, ("127.0.0.1:5060",), 2, False, (PartHealth("journal", "", {"waiting": 0}),)
)


def no_recordings(folder: Path) -> SavedRecordings:
    """A vault with nothing in it."""
    store = open_store(folder / "recordings.db")
    catalogue, files = Catalogue(store), RecordingFiles(folder / "recordings")
    evidence = EvidenceKeeper(files.directory, Signer.open(folder / "keys"))
    life = RecordingLife(catalogue, files, evidence)
    archive, search = Archive(files, catalogue), TranscriptSearch(store)
    return SavedRecordings(archive, search, life, files, evidence, lambda _: [], Retention(0))


class OrderedCustomers:
    """What agents ordered for their customers; `bob` can be reached, nobody else."""

    def __init__(self) -> None:
        self.orders: list[tuple[str, str]] = []
        self.talking = True

    def transfer(self, agent: AgentId, to: str) -> Refusal | None:
        if not self.talking:
            return NOT_TALKING
        self.orders.append((agent, to))
        return None if to == "bob" else NO_SUCH

    def hold(self, agent: AgentId, *, on: bool) -> Refusal | None:
        if not self.talking:
            return NOT_TALKING
        self.orders.append((agent, "hold" if on else "resume"))
        return None


class Api:
    """One API with its fakes, and clients of it."""

    def __init__(self, folder: Path, archive: ListedContacts | None = None) -> None:
        self.folder = folder
        self.clock = Clock()
        self.facts = FactBook()
        self.tokens = TokenBook(folder)
        self.dispatch = SteppedDispatch(self.clock)
        self.archive = archive or ListedContacts()
        self.erasures = Erasures()
        self.line = Line()
        self.notices = Notices()
        self.profiles = KeptProfiles()
        self.lists = NumbersInMemory()
        self.reloads = Reloads()
        self.health = HEALTHY
        self.on_health: Callable[[], object] = lambda: None
        self.door = Door(
            self.tokens, self.facts, DoorClocks(self.clock.monotonic, self.clock.utc, self.clock.sleep)
        )
        self.off_loop = OffLoop()
        self.feed = EventFeed(self.facts, self.off_loop)
        self.url = ""
        self.callbacks = PromisedCalls(self.clock)
        self.awaited = 0
        self.agents_customers = OrderedCustomers()
        self.recordings = cache(lambda: no_recordings(folder))

    def ports(self) -> ApiPorts:
        return ApiPorts(
            door=self.door,
            tokens=self.tokens,
            off_loop=self.off_loop,
            health=self._health,
            registry=CollectorRegistry(),
            archive=self.archive,
            eraser=self.erasures,
            note=self.facts.append,
            recordings=self.kept,
            feed=self.feed,
            dispatch=self.dispatch,
            acd=lambda: ACD,
            customers=self.line,
            agents_customers=self.agents_customers,
            notices=self.notices,
            profiles=self.profiles,
            lists=self.lists,
            callbacks=self.callbacks,
            lost_callers=lambda since, limit: LOST[:limit],
            durable=self._durable,
            trunks=lambda: (TrunkStatus("carrier", ("192.0.2.0/24",), 30, 4),),
            webhooks=lambda: (
                WebhookStatus("crm", "https://crm.example/hook", 90, 10, 80, 0, "answers 500"),
            ),
            gate=self.line,
            reloader=self.reloads,
            monotonic=self.clock.monotonic,
            utc=self.clock.utc,
        )

    async def _durable(self) -> None:
        self.awaited += 1

    def kept(self) -> SavedRecordings:
        return self.recordings()

    def _health(self) -> Health:
        self.on_health()
        return self.health

    def token(self, role: Role, agent: str = "") -> str:
        return self.tokens.create(f"a {role.value}", role, NOW, agent=agent)[1]

    def local(self) -> ApiClient:
        return ApiClient(self.folder)

    def remote(self, token: str | None = None) -> ApiClient:
        return ApiClient(self.url, token)


@asynccontextmanager
async def serving(
    folder: Path, archive: ListedContacts | None = None, tls: HttpSettings | None = None
) -> AsyncIterator[Api]:
    """Listens on both doors until the context is left."""
    api = Api(folder, archive)
    app = make_app(api.ports())
    tcp = socket.create_server(("127.0.0.1", 0))
    servers = [WebServer(app, tcp, tls), WebServer(app, listen_locally(folder))]
    api.url = servers[0].address
    async with asyncio.TaskGroup() as group:
        for server in servers:
            group.create_task(server.serve())
            await server.started()
        try:
            yield api
        finally:
            api.feed.close()
            for server in servers:
                await server.stop()
    api.off_loop.close()


async def aside(call: Callable[[], T]) -> T:
    """A blocking client beside the server's loop."""
    return await asyncio.to_thread(call)
