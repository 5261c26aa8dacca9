"""Places in a queue without anybody on the line: the customer is called when it is their turn.

A place that is kept has its rank like any other, so nobody jumps the queue and nobody loses it. Customers are
called only while an agent is kept free for them or waits on the line: never more than can be served.
"""

from typing import assert_never

from acd.agent_registry import AgentRegistry
from acd.assignment import Assignment
from acd.effects import Effect, StopCallingCustomer
from acd.events import CallbackDue, CallbackEvent, CustomerNotReached, CustomerReached, PlaceKept
from acd.offers import Offers
from acd.places import QueuedContact, Whereabouts
from acd.queue_places import QueuePlaces
from contacts.outcomes import QueueExit


class CallbackPlaces:
    """Events about a contact that talks already, or is gone, change nothing."""

    def __init__(
        self,
        registry: AgentRegistry,
        places: QueuePlaces,
        offers: Offers,
        assignment: Assignment,
        outbox: list[Effect],
    ) -> None:
        self._registry = registry
        self._places = places
        self._offers = offers
        self._assignment = assignment
        self._outbox = outbox

    def handle(self, contact: QueuedContact, event: CallbackEvent, now: float) -> None:
        if contact.place is Whereabouts.TALKING:
            return
        match event:
            case PlaceKept():
                self._keep(contact, event, now)
            case CallbackDue(_, due):
                self._set_due(contact, due, now)
            case CustomerReached():
                self._reached(contact, now)
            case CustomerNotReached(_, again):
                self._not_reached(contact, again, now)
            case _:
                assert_never(event)

    def agent_gone(self, contact: QueuedContact, now: float) -> None:
        """The agent hung up while the customer was being called: another one, and another call."""
        self._outbox.append(StopCallingCustomer(contact.id))
        contact.offers, contact.place = [], Whereabouts.WAITING
        self._assignment.serve(contact, now)

    def _keep(self, contact: QueuedContact, event: PlaceKept, now: float) -> None:
        if contact.callback is not None:
            return
        contact.callback = event.callback
        self._places.keep(contact)
        self._offers.abandon(contact)
        self._start_again(contact, event.due, now)

    def _set_due(self, contact: QueuedContact, due: bool, now: float) -> None:
        if contact.callback is None or contact.due == due or contact.place is not Whereabouts.WAITING:
            return
        self._start_again(contact, due, now)

    def _start_again(self, contact: QueuedContact, due: bool, now: float) -> None:
        self._assignment.matching.remove_waiting(contact.group, contact.rank)
        contact.place, contact.due = Whereabouts.WAITING, due
        self._assignment.serve(contact, now)

    def _reached(self, contact: QueuedContact, now: float) -> None:
        """By our call, or because they called again: both at once are one conversation."""
        if contact.callback is None:
            return
        contact.callback, contact.due = None, True
        if contact.place is Whereabouts.CALLING and contact.offers:
            self._offers.customer_reached(contact, contact.offers[0])
            self._assignment.bridged(contact, now)
            return
        agent = self._assignment.unreserve(contact)
        self._places.regain(contact, now)
        if contact.place is Whereabouts.OFFERED:
            return
        contact.place = Whereabouts.WAITING
        self._assignment.matching.remove_waiting(contact.group, contact.rank)
        if agent is not None and agent.free:
            self._assignment.offer_to(contact, agent, now)
        else:
            self._assignment.serve(contact, now)

    def _not_reached(self, contact: QueuedContact, again: bool, now: float) -> None:
        if contact.place is not Whereabouts.CALLING:
            return
        self._offers.abandon(contact)
        self._assignment.unreserve(contact)
        contact.place, contact.due = Whereabouts.WAITING, False
        if not again:
            self._places.end_wait(contact, QueueExit.FAILED, self._assignment.matching, now)
