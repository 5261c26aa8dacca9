"""Everything that the contact core knows of its contact."""

from __future__ import annotations

from dataclasses import dataclass, field

from contacts.facts.contact import ContactOrigin
from contacts.facts.queue import QueueJoined
from contacts.history import History
from contacts.ids import ContactId, LegId
from contacts.participants import Participants
from contacts.standing import ContactPhase, Other, Through


@dataclass(slots=True)
class ContactState:
    """Changed by the core alone, one fact after the other."""

    contact: ContactId
    phase: ContactPhase = ContactPhase.STARTING
    origin: ContactOrigin = ContactOrigin.INCOMING
    participants: Participants = field(default_factory=Participants)
    history: History = field(default_factory=History)
    other: Other | None = None
    transferor: Other | None = None
    """Who talked with the customer and has somebody else called for them; they may have left meanwhile."""
    parted_leg: LegId | None = None
    """Of whoever handed the customer on last: its end means nothing any more."""
    queued: bool = False
    joined_queue: QueueJoined | None = None
    owed: bool = False
    """A callback is: the customer may hang up and the contact goes on."""
    recording: bool = False
    statements: set[str] = field(default_factory=set)
    """Those of the customer that are not durable yet."""
    flow: bool = False
    """It runs: its last word, FlowEnded, comes before the contact's."""
    flow_waits_for: Through = Through.DISPATCH
    """What the flow ordered last, a queue or a transfer: it waits to be told how that ended."""
    next_flow: str | None = None
    """The number whose flow takes the customer once the one that runs has said its last word."""

    @property
    def begun_by_agent(self) -> bool:
        return self.origin in (ContactOrigin.PLACED, ContactOrigin.INTERNAL)
