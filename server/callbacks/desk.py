"""The callback desk: takes promises, says to dispatch who may be called, and has customers called.

What it owes stands in the journal; the book decides, dispatch says whose turn it is, and `Dialling` calls.
"""

from __future__ import annotations

import asyncio
import secrets
from bisect import bisect_left
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, assert_never

import structlog

from acd.agent_state import AcdError
from acd.callback_book import CallbackBook, MayCall, PromisedCall, check_time
from acd.callback_settings import CallbackSettings
from acd.calling_slots import slots
from acd.events import CallbackDue, CallFirst, ContactLeft, CustomerNotReached, CustomerReached, LeaveReason
from acd.events import Event as DispatchEvent
from acd.returning import ReturningCallers
from contacts.facts.callback import CallbackGivenUp, CallbackPromised
from contacts.facts.contact import ContactFact
from contacts.facts.queue import QueueJoined
from contacts.ids import ContactId, OfferId, QueueId
from server.callbacks.dialling import AttemptEnd, Dialling, Reached
from server.callbacks.promises import OpenCallback, after_attempt
from server.intake.customer import CallbackWish
from server.intake.durable_first import DurableFirst
from server.intake.ports import Lines
from server.tasks import Tasks
from telephony.call import Call
from telephony.call_events import CallEvent

log = structlog.get_logger(__name__)

LONGEST_SLEEP_S = 30.0
MAY_STILL_RING = timedelta(minutes=3)
NO_LINE_AGAIN = timedelta(minutes=1)


class CallbackContact(Protocol):
    """A contact whose customer is owed a call, as the desk needs it."""

    @property
    def away(self) -> bool: ...

    def tell(self, told: ContactFact) -> None: ...

    def call_customer(self, call: Call, listener: Callable[[CallEvent], None]) -> None:
        """The call to the customer becomes their leg; `listener` hears its events after the contact."""


@dataclass(frozen=True, slots=True)
class DeskClocks:
    """The loop's clock, and the one on the wall, with its zone."""

    now: Callable[[], float]
    utc: Callable[[], datetime]


Staffing = Callable[[QueueId], int]
"""How many agents who serve a queue are signed in."""


class CallbackDesk:
    """`gateway` names the trunk, or host, that customers are called through; settings may change any time."""

    def __init__(
        self,
        settings: CallbackSettings,
        gateway: str | None,
        lines: Lines,
        durable: DurableFirst,
        active: Mapping[ContactId, CallbackContact],
        post: Callable[[DispatchEvent], None],
        tasks: Tasks,
        clocks: DeskClocks,
        do_not_call: Callable[[], Container[str]] = frozenset,
    ) -> None:
        self.settings = settings
        self.gateway = gateway
        self.staffing: Staffing = lambda _queue: 0
        self.returning = ReturningCallers(settings.return_within_s)
        self._do_not_call = do_not_call
        self._book = CallbackBook(settings.rules(do_not_call()), settings.policy)
        self._active = active
        self._post = post
        self._clocks = clocks
        self._open: dict[ContactId, OpenCallback] = {}
        self._dialling = Dialling(lines, durable, tasks, post, self._missed, self._reached)
        self._woken = asyncio.Event()

    def apply(self, settings: CallbackSettings, gateway: str | None) -> None:
        self.settings, self.gateway = settings, gateway
        self.returning.within_s = settings.return_within_s
        self._book.apply(settings.rules(self._do_not_call()), settings.policy)

    def open(self) -> tuple[OpenCallback, ...]:
        """Owed, the oldest promise first."""
        return tuple(sorted(self._open.values(), key=lambda each: each.promised_at))

    def find(self, contact: ContactId) -> OpenCallback | None:
        return self._open.get(contact)

    def call_first(self, contact: ContactId) -> CallFirst | None:
        held = self._open.get(contact)
        return None if held is None else held.first

    def due(self, contact: ContactId) -> bool:
        """Whether the customer may be called now: they are not on the line, and it is their time."""
        promise, active = self._book.find(contact), self._active.get(contact)
        return promise is not None and promise.due and active is not None and active.away

    def number(self, typed: str) -> str:
        """As it would be called; raises AcdError, whose words are for whoever typed it."""
        self._refresh()
        return self._book.full_number(typed)

    def check_time(self, not_before: datetime | None) -> None:
        """Raises AcdError for one that nobody can be promised."""
        check_time(self._clocks.utc(), not_before)

    def owed_to(self, number: str) -> ContactId | None:
        return self._book.owed_to(number)

    def slots(self, typed: str, queue: QueueId, wanted: int) -> tuple[datetime, ...]:
        """Times that may be chosen; raises AcdError."""
        number, settings = self.number(typed), self.settings
        room, taken = self.staffing(queue) * settings.calls_per_slot_and_agent, self._book.times()
        return slots(
            settings.rules(self._do_not_call()),
            number,
            self._clocks.utc(),
            minutes=settings.slot_minutes,
            wanted=wanted,
            room=lambda first, last: bisect_left(taken, last) - bisect_left(taken, first) < room,
        )

    def promise(self, wish: CallbackWish) -> OpenCallback:
        """Raises AcdError: no number, one that wants no calls, or one that is owed a call already."""
        if self.gateway is None:
            raise AcdError("there is no way out: set flows.number_gateway to a trunk")
        contact, utc = wish.place.contact, self._clocks.utc()
        active = self._active[contact]
        self._refresh()
        self._tell_due(self._book.promise(contact, wish.number, utc, wish.not_before))
        number = self._book.number_of(contact) or ""
        first = wish.first or self.settings.first
        since = utc - timedelta(seconds=wish.place.age_s)
        held = OpenCallback(contact, number, wish.place, first, utc, since, wish.not_before, wish.by)
        self._open[contact] = held
        active.tell(
            CallbackPromised(
                contact=contact, number=number, first=first.value, not_before=wish.not_before, by=wish.by
            )
        )
        active.tell(wish.place)
        self._woken.set()
        log.info("callback.promised", contact=contact, queue=wish.place.queue)
        return held

    def restore(self, left: OpenCallback) -> None:
        """Promised before the program was started again; its contact is among the active ones."""
        policy = self.settings.retry_after_s
        not_before = left.again_at or left.not_before or left.promised_at
        missed = min(left.missed, len(policy))
        self._book.take(PromisedCall(left.contact, left.number, not_before, missed))
        self._open[left.contact] = left
        self._tell_due(self._book.time_passed(self._clocks.utc()))
        promise, utc = self._book.find(left.contact), self._clocks.utc()
        lately = left.attempted_at is not None and utc - left.attempted_at < MAY_STILL_RING
        if left.call_id and lately and promise is not None and promise.due:
            # Their phone may be ringing, or have been answered, this very moment: the same call goes on.
            self._dial(left, repeated=True)

    def cancel(self, contact: ContactId, reason: str, called_again: str = "") -> bool:
        """Nothing is owed any more; says whether something was."""
        if self._open.pop(contact, None) is None:
            return False
        self._book.settled(contact)
        self._dialling.forget(contact)
        if active := self._active.get(contact):
            if active.away:
                # Before the contact hears of it, which would count as a customer who lost patience.
                self._post(ContactLeft(contact, LeaveReason.PULLED))
            active.tell(CallbackGivenUp(contact=contact, reason=reason, called_again=called_again))
        return True

    def cut_off(self, number: str, queue: QueueId, waited_s: float) -> None:
        """A caller who waited on the line is gone, and may come back."""
        self.returning.left(number, queue, waited_s, self._clocks.now())

    def place_lost(self, contact: ContactId) -> None:
        """Dispatch has no place for them any more, or nobody who could ever call."""
        self.cancel(contact, "nobody can serve them")

    # What the contact tells

    def customer_left(self, contact: ContactId) -> None:
        """They are away now, and wait to be called."""
        if (promise := self._book.find(contact)) is not None and promise.due:
            self._post(CallbackDue(contact, due=True))

    def waits_on_the_line(self, contact: ContactId) -> bool:
        """The customer did not hang up but waits after all, at the same place; says whether it was kept."""
        if contact not in self._open:
            return False
        self.cancel(contact, "they wait on the line")
        self._post(CustomerReached(contact))
        return True

    def called_again(self, number: str, joined: QueueJoined) -> float:
        """Who calls us and joins the queue in which they wait to be called has that place; its age."""
        contact = self._book.owed_to(number)
        held = None if contact is None else self._open.get(contact)
        if held is None or held.contact == joined.contact or held.place.queue != joined.queue:
            return self.returning.age_s(number, joined.queue, self._clocks.now())
        waited = self._clocks.utc() - held.waits_since
        self.cancel(held.contact, "they called again", called_again=joined.contact)
        return max(0.0, waited.total_seconds())

    # What dispatch orders

    def call_customer(self, contact: ContactId, offer: OfferId | None) -> None:
        """`offer`: the agent is on the line; else one is kept free."""
        held = self._open.get(contact)
        if held is None:
            log.warning("callback.not_owed", contact=contact)
            self._post(CustomerNotReached(contact, again=False))
            return
        if held.number in self._do_not_call():
            self.cancel(contact, "they want no calls")
            return
        if self._dialling.is_calling(contact, lambda: self.call_customer(contact, offer)):
            return
        held = replace(
            held, attempts=held.attempts + 1, call_id=secrets.token_hex(16), attempted_at=self._clocks.utc()
        )
        self._open[contact] = held
        self._dial(held, repeated=False)

    def stop_calling_customer(self, contact: ContactId) -> None:
        self._dialling.stop(contact)

    def _dial(self, held: OpenCallback, *, repeated: bool) -> None:
        active = self._active.get(held.contact)
        if active is None:
            return
        target = f"sip:{held.number}@{self.gateway}" if self.gateway else ""
        self._dialling.start(held, active, target, self.settings, repeated=repeated)

    # What came of it

    def _reached(self, reached: Reached) -> None:
        """The contact has heard of it already: the customer waits, and dispatch joins them with an agent."""
        self._open.pop(reached.contact, None)
        self._book.settled(reached.contact)
        if reached.talks:
            self._post(CustomerReached(reached.contact))

    def _missed(self, contact: ContactId, end: AttemptEnd) -> datetime | None:
        """When it is tried again; None: never, or when dispatch says so."""
        utc = self._clocks.utc()
        match end:
            case AttemptEnd.STOPPED:
                return None
            case AttemptEnd.NOT_PLACED:
                again = self._book.put_off(contact, utc + NO_LINE_AGAIN)
            case AttemptEnd.MISSED:
                again = self._book.not_reached(contact, utc)
            case _:
                assert_never(end)
        promise, held = self._book.find(contact), self._open.pop(contact, None)
        if not again or promise is None or held is None:
            return None
        self._open[contact] = after_attempt(
            held, placed=end is AttemptEnd.MISSED, again_at=promise.not_before
        )
        self._woken.set()
        return promise.not_before

    # Time

    def _refresh(self) -> None:
        self._book.apply(self.settings.rules(self._do_not_call()), self.settings.policy)

    def _tell_due(self, changed: tuple[MayCall, ...]) -> None:
        for change in changed:
            active = self._active.get(change.contact)
            if active is not None and active.away:
                self._post(CallbackDue(change.contact, change.due))

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.time_passed()):
                    await self._woken.wait()
            self._woken.clear()

    def time_passed(self) -> float:
        """Tells dispatch whose hours began or ended; returns the seconds until that may be so again."""
        utc = self._clocks.utc()
        self._refresh()
        self._tell_due(self._book.time_passed(utc))
        deadline = self._book.next_deadline()
        if deadline is None:
            return LONGEST_SLEEP_S
        return min(LONGEST_SLEEP_S, max(0.05, (deadline - utc).total_seconds()))
