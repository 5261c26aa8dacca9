"""The dispatcher: the asyncio shell around dispatch, with one timer and no decisions."""

import asyncio
from collections import deque
from typing import assert_never

import structlog

from acd.agent_registry import NotConfiguredError
from acd.agent_state import AcdError
from acd.dispatch import Dispatch
from acd.effects import (
    AgentStateChanged,
    AnnouncePosition,
    Bridge,
    CallCustomer,
    Effect,
    HangUpAgent,
    PhoneOrder,
    QueueOrder,
    QueueStayEnded,
    ReturnToQueue,
    RingAgent,
    StopCallingCustomer,
    StopRinging,
)
from acd.events import (
    ContactEnqueued,
    Event,
    OfferFailed,
    OfferFailure,
    SettingsChanged,
    TimePassed,
)
from acd.explanation import Explanation
from acd.ports import Ledger, Phones, QueuePort
from acd.settings import AcdSettings
from acd.snapshot import DispatchStatus
from contacts.ids import ContactId
from contacts.outcomes import QueueExit

log = structlog.get_logger(__name__)


class Dispatcher:
    """Feeds dispatch with facts and the clock and carries out its orders, one event after the other.

    Made and used in the loop's thread.
    """

    def __init__(self, settings: AcdSettings, phones: Phones, queue_port: QueuePort, ledger: Ledger) -> None:
        self._loop = asyncio.get_running_loop()
        self._dispatch = Dispatch(settings, self._loop.time())
        self._phones = phones
        self._queue_port = queue_port
        self._ledger = ledger
        self._deferred: deque[Event] = deque()
        self._deciding = False
        self._stopped = False
        self._timer: asyncio.TimerHandle | None = None

    def post(self, event: Event) -> None:
        """Decides at once, or, from inside a port's method, after the orders of the decision under way.

        Raises `AcdError` if the event itself is wrong: a name that is not configured, a contact that is here
        already. Posted from inside a port's method, such an event is logged instead, and a contact that was
        to join a queue has left it.
        """
        if self._deciding:
            self._deferred.append(event)
            return
        self._deciding = True
        try:
            self._decide(event)
        finally:
            self._decide_deferred()
            self._deciding = False
            self._rearm()

    def apply(self, settings: AcdSettings) -> None:
        """Other agents and queues from here on; see `acd.reconfiguration`."""
        self.post(SettingsChanged(settings))

    def dump(self) -> dict[str, object]:
        """What `Dispatch.restore` goes on from; nothing is being decided while this is called."""
        return self._dispatch.dump()

    def snapshot(self) -> DispatchStatus:
        return self._dispatch.snapshot(self._loop.time())

    def explain(self, contact: ContactId) -> Explanation | None:
        return self._dispatch.explain(contact)

    def stop(self) -> None:
        """No timer runs from here on; contacts are the business of whoever ends their calls."""
        self._stopped = True
        self._disarm()

    def _decide_deferred(self) -> None:
        while self._deferred:
            event = self._deferred.popleft()
            try:
                self._decide(event)
            except AcdError as error:
                log.exception("acd.event_refused", event_type=type(event).__name__)
                if isinstance(event, ContactEnqueued) and isinstance(error, NotConfiguredError):
                    # Whoever posted it heard of no error, and the caller waits to be told how it ended.
                    self._queue_port.left(event.contact, event.queue, QueueExit.FAILED, 0.0)

    def _decide(self, event: Event) -> None:
        now = self._loop.time()
        effects = self._dispatch.handle(event, now)
        try:
            self._ledger.decided(event, effects, now)
        except Exception:
            log.exception("acd.ledger_failed", event_type=type(event).__name__)
        for effect in effects:
            self._carry_out(effect)

    def _carry_out(self, effect: Effect) -> None:
        # A port that breaks its promise must not cost the other contacts of the same decision their orders.
        try:
            if isinstance(effect, PhoneOrder):
                self._tell_phones(effect)
            elif isinstance(effect, QueueOrder):
                self._tell_queue(effect)
            elif isinstance(effect, AgentStateChanged):
                _log_state(effect)
        except Exception:
            log.exception("acd.order_failed", order=type(effect).__name__)
            if isinstance(effect, RingAgent):
                self._deferred.append(OfferFailed(effect.offer, OfferFailure.UNREACHABLE))

    def _tell_phones(self, order: PhoneOrder) -> None:
        match order:
            case RingAgent(offer, agent, contact, ring_timeout_s):
                self._phones.ring(offer, agent, contact, ring_timeout_s)
            case StopRinging(offer):
                self._phones.stop_ringing(offer)
            case HangUpAgent(offer):
                self._phones.hang_up(offer)
            case _:
                assert_never(order)

    def _tell_queue(self, order: QueueOrder) -> None:
        match order:
            case Bridge(contact, agent, offer):
                self._queue_port.bridge(contact, agent, offer)
            case CallCustomer(contact, offer):
                self._queue_port.call_customer(contact, offer)
            case StopCallingCustomer(contact):
                self._queue_port.stop_calling_customer(contact)
            case ReturnToQueue(contact):
                self._queue_port.return_to_queue(contact)
            case AnnouncePosition(contact, position, of):
                self._queue_port.announce_position(contact, position, of)
            case QueueStayEnded(contact, queue, how, waited_s):
                self._queue_port.left(contact, queue, how, waited_s)
            case _:
                assert_never(order)

    def _rearm(self) -> None:
        deadline = None if self._stopped else self._dispatch.next_deadline()
        if self._timer is not None and self._timer.when() == deadline:
            return
        self._disarm()
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, self._time_passed)

    def _time_passed(self) -> None:
        self._timer = None
        self.post(TimePassed())

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _log_state(changed: AgentStateChanged) -> None:
    log.info(
        "acd.agent_state",
        agent=changed.agent,
        old=changed.old.value,
        new=changed.new.value,
        cause=changed.cause.value,
    )
