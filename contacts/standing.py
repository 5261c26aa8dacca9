"""Where a customer is, and who is there for them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from contacts.facts.contact import LegEnded
from contacts.ids import ParticipantId
from contacts.outcomes import TransferResult


class ContactPhase(Enum):
    """Where the customer is."""

    AWAY = "away"
    """Not on the line: to be called."""
    STARTING = "starting"
    """Their call is being set up."""
    IN_FLOW = "in flow"
    WAITING = "waiting"
    """In a queue, for an agent."""
    CONNECTING = "connecting"
    """Somebody is being called for them."""
    TALKING = "talking"
    ENDING = "ending"
    """Gone; what was rung, joined or recorded for them is being ended."""
    CLOSED = "closed"


class Through(Enum):
    """What brought the other party, and with it who ends their leg and what follows the talk."""

    DISPATCH = "dispatch"
    """An offer: dispatch ends the leg; the flow goes on after the talk, or the place is regained."""
    TRANSFER = "transfer"
    """A transfer: we end the leg; the flow goes on with the transfer's result."""
    OWN_CALL = "own call"
    """An agent who called the customer: we end the leg; the contact ends with either of them."""


@dataclass(frozen=True, slots=True)
class Other:
    """Whom the customer talks with, or who is being called for them."""

    participant: ParticipantId
    through: Through
    handed_on: bool = False
    """Whoever talked with the customer before sent them here: `through` is what had brought the first."""

    @property
    def transferred(self) -> bool:
        """A transfer is over when they are."""
        return self.handed_on or self.through is Through.TRANSFER

    @property
    def ended_by_dispatch(self) -> bool:
        """Who of us ends their leg when the customer is gone: dispatch, or the contact itself."""
        return self.through is Through.DISPATCH and not self.handed_on


def transfer_result(ended: LegEnded) -> TransferResult:
    """What the called party's refusal means to the flow."""
    if ended.status in (486, 600):
        return TransferResult.BUSY
    return TransferResult.NO_ANSWER if ended.status in (408, 480, 487) else TransferResult.FAILED
