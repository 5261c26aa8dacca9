"""What the API needs of the rest of the server: one frozen set, filled in by the assembly.

Everything here is called on the event loop's own thread and does not block, except where it says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from prometheus_client import CollectorRegistry

from acd.events import AgentEvent
from acd.explanation import Explanation
from acd.settings import AcdSettings
from acd.snapshot import DispatchStatus
from contacts.facts.entry import JournalEntry
from contacts.facts.fact import Fact
from contacts.ids import AgentId, ContactId, QueueId
from contacts.privacy import Privacy
from recordings.saved_recordings import SavedRecordings
from server.access.door import Door
from server.access.tokens import TokenBook
from server.callbacks.lost import LostCaller
from server.callbacks.ordering import CallbackOrder
from server.callbacks.promises import OpenCallback
from server.http.event_feed import EventFeed
from server.http.off_loop import OffLoop
from server.http.status import Health, WebhookStatus
from server.journal.reading import ContactsWanted
from server.outside.notices import Notice
from server.outside.number_lists import ListedNumber, ListedNumbers, NumberList
from telephony.admission import Refusal


@dataclass(frozen=True, slots=True)
class ContactLine:
    """One contact in a list; `outcome` is None while it is in progress."""

    contact: str
    started_at: datetime
    duration_s: float
    caller: str
    """Empty for readers who see no numbers."""
    number: str
    queue: str
    agents: tuple[str, ...]
    outcome: str | None


@dataclass(frozen=True, slots=True)
class ContactLines:
    """Newest first; `next` asks for the page after this one, None after the last."""

    contacts: tuple[ContactLine, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class ContactEvent:
    """One event of a contact: its fields, as far as the reader may see them, and the same in words."""

    sequence: int
    at: datetime
    kind: str
    fields: dict[str, Any]
    text: str


@dataclass(frozen=True, slots=True)
class DispatchTrace:
    """A snapshot of dispatch and what it was told from there on; not `whole` when that was too much."""

    entries: tuple[JournalEntry, ...]
    whole: bool


class UnknownPageError(Exception):
    """The cursor is none that a page has given."""


class ContactArchive(Protocol):
    """The journal as its readers see it. Its methods block on the database."""

    def page(self, limit: int, after: str | None, most: Privacy, wanted: ContactsWanted) -> ContactLines:
        """One query, however many contacts there are; raises UnknownPageError."""
        ...

    def events(self, contact: str, most: Privacy) -> tuple[ContactEvent, ...]:
        """Empty where there is no such contact."""
        ...

    def accesses(
        self, limit: int, before: int | None, subject: str | None
    ) -> tuple[list[JournalEntry], int | None]:
        """Facts of accesses, newest first, and the number before which to go on; None at the beginning."""
        ...

    def dispatch_trace(self, contact: str) -> DispatchTrace | None:
        """What dispatch was told while the contact was there; None where there is no such contact."""
        ...


class Eraser(Protocol):
    """Takes what is personal out of the journal."""

    async def erase(self, contact: ContactId, by: str) -> int:
        """How many events had something personal. Raises what `server.journal.erasure` says."""
        ...


class Notices(Protocol):
    """What callers are told for a while."""

    def on(self, now: datetime) -> tuple[Notice, ...]: ...

    def put(self, notice: Notice) -> None:
        """Blocks; raises StoreError and TooManyNoticesError."""
        ...

    def clear(self, name: str, now: datetime) -> bool:
        """Blocks; raises StoreError. Whether it was on."""
        ...


class CallerProfiles(Protocol):
    """What flows keep about callers; its methods block on the database."""

    def kept(self, caller: str) -> tuple[tuple[str, str], ...]: ...

    def erase(self, caller: str) -> int:
        """How many values there were; raises StoreError."""
        ...


class NumberListing(Protocol):
    """The lists of numbers; what changes them blocks."""

    @property
    def numbers(self) -> ListedNumbers:
        """Those that calls are judged by."""
        ...

    def put(self, entry: ListedNumber) -> None:
        """Raises StoreError and TooManyNumbersError."""
        ...

    def remove(self, wanted: NumberList, number: str, now: datetime) -> ListedNumber | None:
        """What was there, if it counted; raises StoreError."""
        ...


class LiveDispatch(Protocol):
    """Agents and queues as they are."""

    def snapshot(self) -> DispatchStatus: ...

    def post(self, event: AgentEvent) -> None: ...

    def explain(self, contact: ContactId) -> Explanation | None: ...


class AgentsCustomers(Protocol):
    """What agents do with the customer they talk with; the refusal says why not."""

    def transfer(self, agent: AgentId, to: str) -> Refusal | None: ...

    def hold(self, agent: AgentId, *, on: bool) -> Refusal | None: ...


class Customers(Protocol):
    """Who is on the line."""

    def caller(self, contact: ContactId) -> str:
        """Their number; empty when it is unknown."""
        ...

    def recording(self, contact: ContactId) -> RunningRecording | None:
        """None for a contact that is not on the line."""
        ...


class RunningRecording(Protocol):
    """The recording of a contact that is on the line."""

    @property
    def paused(self) -> bool: ...

    def pause(self, by: str) -> bool:
        """False when there is nothing to pause."""
        ...

    def resume(self, by: str) -> bool: ...

    def withdraw(self, by: str) -> bool:
        """Whether anything was being recorded; nothing is any more."""
        ...


@dataclass(frozen=True, slots=True)
class TrunkStatus:
    """A carrier or PBX, and its calls now; `calls` is None where nobody counts them."""

    name: str
    networks: tuple[str, ...]
    max_calls: int | None
    calls: int | None


@dataclass(frozen=True, slots=True)
class ReloadOutcome:
    """Either all is applied, or nothing: then `problems` lists every mistake."""

    changed: tuple[str, ...] = ()
    """The tables of the settings that are other ones now."""
    restart_needed: tuple[str, ...] = ()
    """Settings that differ and take effect at the next start only."""
    problems: tuple[str, ...] = ()


class Reloader(Protocol):
    """Reads the settings and flows again and applies them whole or not at all."""

    async def reload(self, by: str) -> ReloadOutcome: ...


class Callbacks(Protocol):
    """Calls that customers are promised; see `server.callbacks`."""

    def open(self) -> tuple[OpenCallback, ...]:
        """Owed, the oldest promise first."""
        ...

    def find(self, contact: ContactId) -> OpenCallback | None: ...

    def owed_to(self, number: str) -> ContactId | None: ...

    def number(self, typed: str) -> str:
        """As it would be called; raises AcdError."""
        ...

    def times(self, number: str, queue: QueueId) -> tuple[datetime, ...]:
        """Raises AcdError."""
        ...

    def order(self, order: CallbackOrder) -> OpenCallback:
        """Raises AcdError."""
        ...

    def cancel(self, contact: ContactId, by: str) -> bool:
        """Whether one was owed."""
        ...


class CallGate(Protocol):
    """Whether new calls are taken."""

    draining: bool


@dataclass(frozen=True, slots=True)
class ApiPorts:
    """All of it. A new noun adds its port here and its `add_..._routes` in `server/http/app.py`."""

    door: Door
    tokens: TokenBook
    off_loop: OffLoop
    health: Callable[[], Health]
    registry: CollectorRegistry
    archive: ContactArchive
    eraser: Eraser
    note: Callable[[Fact], object]
    """Writes a fact to the journal; does not wait."""
    recordings: Callable[[], SavedRecordings]
    """Blocks, as everything does that it gives."""
    feed: EventFeed
    dispatch: LiveDispatch
    acd: Callable[[], AcdSettings]
    """The agents and queues that apply now."""
    customers: Customers
    agents_customers: AgentsCustomers
    notices: Notices
    profiles: CallerProfiles
    lists: NumberListing
    callbacks: Callbacks
    lost_callers: Callable[[datetime, int], list[LostCaller]]
    """Blocks."""
    durable: Callable[[], Awaitable[None]]
    """Returns once everything noted so far is durable; raises JournalError."""
    trunks: Callable[[], tuple[TrunkStatus, ...]]
    webhooks: Callable[[], tuple[WebhookStatus, ...]]
    gate: CallGate
    reloader: Reloader
    monotonic: Callable[[], float]
    utc: Callable[[], datetime]
