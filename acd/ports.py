"""What dispatch needs from the outside.

Every method starts something and returns at once; it neither blocks nor raises. What becomes of it comes back
as an event through `Dispatcher.post`, which may be called from inside these methods.
"""

from typing import Protocol

from acd.effects import Effect
from acd.events import Event
from contacts.ids import AgentId, ContactId, OfferId, QueueId
from contacts.outcomes import QueueExit


class Phones(Protocol):
    """The agents' devices."""

    def ring(self, offer: OfferId, agent: AgentId, contact: ContactId, timeout_s: float) -> None:
        """Reports exactly one `OfferAnswered` or `OfferFailed`; after the former, one `AgentCallEnded`."""

    def stop_ringing(self, offer: OfferId) -> None:
        """Cancels; the offer's end is still reported."""

    def hang_up(self, offer: OfferId) -> None:
        """Ends a leg that is up; `AgentCallEnded` is still reported."""


class QueuePort(Protocol):
    """The callers, who listen to something while they wait."""

    def announce_position(self, contact: ContactId, position: int, of: int) -> None:
        """Spoken to the caller, who keeps waiting."""

    def bridge(self, contact: ContactId, agent: AgentId, offer: OfferId) -> None:
        """Ends the waiting and joins the caller with the agent's leg of that offer."""

    def return_to_queue(self, contact: ContactId) -> None:
        """The agent is gone without a word: the caller, still there, waits again and keeps the place."""

    def call_customer(self, contact: ContactId, offer: OfferId | None) -> None:
        """Calls the customer of a callback; reports one `CustomerReached` or `CustomerNotReached`."""

    def stop_calling_customer(self, contact: ContactId) -> None:
        """Ends that call, if it is not answered yet."""

    def left(self, contact: ContactId, queue: QueueId, how: QueueExit, waited_s: float) -> None:
        """The waiting is over. Unless it was answered, the flow of a caller who is still there goes on."""


class Ledger(Protocol):
    """Where decisions are kept, in order: the events alone, fed to a new core, decide the same again."""

    def decided(self, event: Event, effects: tuple[Effect, ...], now: float) -> None:
        """Called before any of the effects is carried out; `now` is the loop's clock."""
