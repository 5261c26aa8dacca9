"""The calls to customers: each at most once at a time, each attempt durable before its first packet.

A customer's answer is written down before they hear of it. So whatever moment the server is killed at, the
next one either knows that they were answered, or goes on with the very same call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

import structlog

from acd.callback_settings import CallbackSettings
from acd.events import CallbackDue, CustomerNotReached
from acd.events import Event as DispatchEvent
from contacts.facts.callback import (
    CallbackAnswered,
    CallbackAttempted,
    CallbackGivenUp,
    CallbackMissed,
)
from contacts.ids import ContactId
from media.errors import MediaError
from server.callbacks.promises import OpenCallback
from server.intake.durable_first import DurableFirst
from server.intake.ports import Lines
from server.tasks import Tasks
from telephony.call import Call
from telephony.call_events import Answered, AnswerWaits, CallEnded, CallEvent, Ended, HoldRefused
from telephony.session.events import Party
from telephony.sip.errors import SipSyntaxError
from telephony.sip.hop import Hop, Transport

if TYPE_CHECKING:
    from server.callbacks.desk import CallbackContact

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reached:
    """The customer took the call; `talks`: and is on the line."""

    contact: ContactId
    talks: bool


class AttemptEnd(Enum):
    """How a call that the customer did not take came to its end."""

    MISSED = "missed"
    """One attempt less for them."""
    NOT_PLACED = "not placed"
    """All our lines were taken: nobody was called, and it is tried again soon."""
    STOPPED = "stopped"
    """By dispatch, which will have them called when there is an agent again."""


@dataclass(slots=True, eq=False)
class _Attempt:
    """One call to a customer, from the order to its end."""

    contact: ContactId
    active: CallbackContact
    number: int
    call_id: str
    repeated: bool
    call: Call | None = None
    taken: bool = False
    """They answered: from here on nothing of ours takes the call from them."""
    stopped: bool = False
    forgotten: bool = False
    """Nothing is owed any more: its end is of no interest."""
    again: Callable[[], None] | None = field(default=None, repr=False)
    """What to do once this one is over: dispatch has asked for a call again."""


Missed = Callable[[ContactId, AttemptEnd], datetime | None]


class Dialling:
    """`missed` says when another attempt follows; `reached` is told once the contact has its customer."""

    def __init__(
        self,
        lines: Lines,
        durable: DurableFirst,
        tasks: Tasks,
        post: Callable[[DispatchEvent], None],
        missed: Missed,
        reached: Callable[[Reached], None],
    ) -> None:
        self._lines = lines
        self._durable = durable
        self._tasks = tasks
        self._post = post
        self._missed = missed
        self._reached = reached
        self._attempts: dict[ContactId, _Attempt] = {}

    def is_calling(self, contact: ContactId, again: Callable[[], None]) -> bool:
        """Whether a call is under way, as good as another; `again` follows one that is being ended."""
        running = self._attempts.get(contact)
        if running is not None and running.stopped and not running.taken:
            running.again = again
        return running is not None

    def start(
        self,
        held: OpenCallback,
        active: CallbackContact,
        target: str,
        settings: CallbackSettings,
        *,
        repeated: bool,
    ) -> None:
        """`held` has the attempt's number and Call-ID; `repeated`: another run of the program began it."""
        attempt = _Attempt(held.contact, active, held.attempts, held.call_id, repeated)
        self._attempts[held.contact] = attempt
        self._tasks.start(self._carry_out(attempt, target, settings))

    def stop(self, contact: ContactId) -> None:
        """An answer that is under way is taken all the same: nobody picks up a phone that then is dead."""
        attempt = self._attempts.get(contact)
        if attempt is None or attempt.taken:
            return
        attempt.stopped = True
        attempt.again = None
        if attempt.call is not None:
            self._tasks.start(attempt.call.hang_up("the agent has left"))

    def forget(self, contact: ContactId) -> None:
        """Nothing is owed any more."""
        self.stop(contact)
        if (attempt := self._attempts.get(contact)) is not None:
            attempt.forgotten = not attempt.taken

    async def _carry_out(self, attempt: _Attempt, target: str, settings: CallbackSettings) -> None:
        if not attempt.repeated:
            attempt.active.tell(
                CallbackAttempted(contact=attempt.contact, attempt=attempt.number, call_id=attempt.call_id)
            )
            await self._durable.wait(attempt.contact)
        if attempt.stopped:
            self._over(attempt, AttemptEnd.STOPPED)
            return
        try:
            call = await self._lines.place_call(
                target, caller=settings.shown_number or None, lasting=attempt.call_id
            )
        except (MediaError, SipSyntaxError, ValueError) as error:
            # No port or line is free, or no way out is set: that passes, and is no fault of the customer's.
            log.warning("callback.not_placed", contact=attempt.contact, reason=type(error).__name__)
            self._over(attempt, AttemptEnd.NOT_PLACED)
            return
        attempt.call = call
        attempt.active.call_customer(call, lambda event: self._on_event(attempt, event))
        await self._give_up_ringing(attempt, call, settings.ring_for_s)

    async def _give_up_ringing(self, attempt: _Attempt, call: Call, after_s: float) -> None:
        try:
            async with asyncio.timeout(after_s):
                await call.wait_answered()
        except CallEnded:
            return
        except TimeoutError:
            if not attempt.taken:
                await call.hang_up("no answer")

    def _on_event(self, attempt: _Attempt, event: CallEvent) -> None:
        match event:
            case AnswerWaits(ack, to):
                attempt.taken = True
                self._tasks.start(self._take(attempt, ack, to))
            case Answered():
                del self._attempts[attempt.contact]
                self._reached(Reached(attempt.contact, talks=True))
                if attempt.repeated and attempt.call is not None:
                    self._tasks.start(self._refresh(attempt.call))
            case Ended(hangup) if attempt.contact in self._attempts and not attempt.taken:
                end = AttemptEnd.STOPPED if attempt.stopped else AttemptEnd.MISSED
                status = hangup.status if hangup.by is Party.PEER else 0
                # Once the contact has heard that the leg is gone.
                self._tasks.start(self._end(attempt, end, status))
            case Ended() if self._attempts.get(attempt.contact) is attempt:
                # They hung up while their answer was being written down.
                del self._attempts[attempt.contact]
                self._reached(Reached(attempt.contact, talks=False))
            case _:
                pass

    async def _take(self, attempt: _Attempt, ack: bytes, to: Hop) -> None:
        answered = CallbackAnswered(
            contact=attempt.contact,
            attempt=attempt.number,
            ack=ack.decode("utf-8", "replace"),
            to=f"{to.transport.value} {to.host} {to.port}",
        )
        attempt.active.tell(answered)
        await self._durable.wait(attempt.contact)
        if attempt.call is not None:
            attempt.call.take_answer()

    async def _refresh(self, call: Call) -> None:
        """The answer was to the offer of a server that is dead: where our sound is now, has to be said."""
        with suppress(HoldRefused, CallEnded):
            await call.resume()

    async def _end(self, attempt: _Attempt, end: AttemptEnd, status: int) -> None:
        self._over(attempt, end, status)

    def _over(self, attempt: _Attempt, end: AttemptEnd, status: int = 0) -> None:
        del self._attempts[attempt.contact]
        if attempt.forgotten:
            return
        again_at = self._missed(attempt.contact, end)
        attempt.active.tell(
            CallbackMissed(
                contact=attempt.contact,
                attempt=attempt.number,
                status=status,
                placed=end is not AttemptEnd.NOT_PLACED,
                again_at=again_at,
            )
        )
        if end is AttemptEnd.STOPPED:
            if attempt.again is not None:
                attempt.again()
            return
        self._post(CustomerNotReached(attempt.contact, again=again_at is not None))
        # Where it was not dispatch that had them called, it does not wait for that either.
        self._post(CallbackDue(attempt.contact, due=False))
        if again_at is None:
            attempt.active.tell(CallbackGivenUp(contact=attempt.contact, reason="not reached"))


def hop_of(text: str) -> Hop:
    """What `CallbackAnswered.to` says; raises ValueError."""
    transport, host, port = text.split()
    return Hop(Transport(transport), host, int(port))
