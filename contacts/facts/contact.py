"""Facts of one contact: who took part, what they heard and did, and how it ended."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from contacts.facts.fact import Fact, Promise
from contacts.ids import ContactId, LegId, ParticipantId
from contacts.outcomes import ContactOutcome, EndedBy, TransferResult
from contacts.privacy import Personal


class ContactOrigin(Enum):
    """How a contact began."""

    INCOMING = "incoming"
    """With a call that came in."""
    PLACED = "placed"
    """With a call that we, or an agent of ours, made."""
    INTERNAL = "internal"
    """With an agent's call to a colleague, who stands on the customer's side."""
    CALLBACK = "callback"
    """With no call yet: somebody is to be called."""


class ParticipantRole(Enum):
    """What a participant is to the contact."""

    CUSTOMER = "customer"
    AGENT = "agent"
    THIRD_PARTY = "third party"
    SUPERVISOR = "supervisor"


class ContactFact(Fact, frozen=True, kw_only=True):
    """A fact of the contact that it names."""

    contact: ContactId


class ContactStarted(ContactFact, frozen=True, kw_only=True, tag="contact.started"):
    """The contact exists. Durable before the call is answered."""

    promise: ClassVar[Promise] = Promise.FIRST

    origin: ContactOrigin = ContactOrigin.INCOMING
    caller: Personal = ""
    """The number that calls, or is to be called."""
    caller_name: Personal = ""
    number: str = ""
    """The number of ours that was called; empty where none was."""
    trunk: str = ""
    flow: str = ""
    call_id: str = ""
    """The SIP Call-ID of the call that it began with; empty where none was."""
    asserted: Personal = ""
    """P-Asserted-Identity, when a trunk gave one."""
    diverted_from: Personal = ""
    """The number that the call was sent on from (Diversion or History-Info)."""


class ParticipantJoined(ContactFact, frozen=True, kw_only=True, tag="participant.joined"):
    """Somebody has a part in the contact from here on, with or without a leg."""

    participant: ParticipantId
    role: ParticipantRole
    agent: str = ""
    """The agent's name, for agents and supervisors."""
    address: Personal = ""
    """Number or SIP URI, for all others."""


class LegStarted(ContactFact, frozen=True, kw_only=True, tag="leg.started"):
    """A call to or from a participant is being set up."""

    participant: ParticipantId
    leg: LegId
    call_id: str = ""


class LegRinging(ContactFact, frozen=True, kw_only=True, tag="leg.ringing"):
    """The participant's phone rings."""

    participant: ParticipantId
    leg: LegId


class LegAnswered(ContactFact, frozen=True, kw_only=True, tag="leg.answered"):
    """The leg is up, in both directions."""

    participant: ParticipantId
    leg: LegId
    setup_ms: float = 0.0
    """From the INVITE to the answer."""


class LegEnded(ContactFact, frozen=True, kw_only=True, tag="leg.ended"):
    """The leg is gone, answered or not."""

    participant: ParticipantId
    leg: LegId
    by: EndedBy
    reason: str = ""
    status: int = 0
    """The SIP status that refused it; 0 where none did."""
    duration_s: float = 0.0
    """Since the answer."""


class ConversationStarted(ContactFact, frozen=True, kw_only=True, tag="talk.started"):
    """The customer and another participant hear each other."""

    participant: ParticipantId
    """The other one."""
    waited_s: float = 0.0
    """Since the customer joined the queue; 0 outside of queues."""
    bridge_ms: float = 0.0
    """From the answer of the other leg to the sound."""


class ConversationEnded(ContactFact, frozen=True, kw_only=True, tag="talk.ended"):
    """They hear each other no more."""

    participant: ParticipantId
    lost: bool = False
    """Nobody hung up: the other one's phone is gone."""


class HoldStarted(ContactFact, frozen=True, kw_only=True, tag="talk.held"):
    """A participant put the other on hold, who hears music."""

    participant: ParticipantId


class HoldEnded(ContactFact, frozen=True, kw_only=True, tag="talk.resumed"):
    """The hold is over."""

    participant: ParticipantId


class TransferStarted(ContactFact, frozen=True, kw_only=True, tag="transfer.started"):
    """Somebody else is called for the customer."""

    participant: ParticipantId
    """Whom the customer is to talk with."""
    by: str = "flow"
    """`flow`, or the agent who asked for it; `customer` where callers may do that."""


class FlowChanged(ContactFact, frozen=True, kw_only=True, tag="transfer.flow"):
    """The customer is sent to the flow of another number of ours, from its beginning."""

    number: str
    by: str = ""
    """The agent who did that."""


class TransferRefused(ContactFact, frozen=True, kw_only=True, tag="transfer.refused"):
    """Somebody asked for a transfer that is not allowed, or not possible now: everything stays as it was."""

    participant: ParticipantId
    """Who asked."""
    rule: str


class TransferFinished(ContactFact, frozen=True, kw_only=True, tag="transfer.ended"):
    """The transfer is over; when it was answered, so is its conversation."""

    participant: ParticipantId
    result: TransferResult


class PromptStarted(ContactFact, frozen=True, kw_only=True, tag="prompt.started"):
    """The first prompt after a key: how long the customer waited for a reaction."""

    after_key_ms: float


class PromptFailed(ContactFact, frozen=True, kw_only=True, tag="prompt.failed"):
    """Something could not be said: the customer goes on without it."""

    reason: str


class SecretEntry(ContactFact, frozen=True, kw_only=True, tag="entry.secret"):
    """From here on (`on`), or no longer, what the customer keys is kept by nobody."""

    on: bool


class MediaReported(ContactFact, frozen=True, kw_only=True, tag="media.report"):
    """How a participant's sound travelled, told when the leg ends."""

    participant: ParticipantId
    packets_received: int = 0
    packets_sent: int = 0
    lost: int = 0
    late: int = 0
    concealed_ms: float = 0.0
    jitter_ms: float = 0.0
    playout_delay_ms: float = 0.0
    round_trip_ms: float | None = None
    lost_by_peer: int | None = None
    mos: float | None = None
    """How the participant sounded to us, from 1 to 4.4 (E-model, ITU-T G.107)."""


class SoundLost(ContactFact, frozen=True, kw_only=True, tag="media.silent"):
    """No sound arrives from a participant who should be heard."""

    participant: ParticipantId
    for_s: float


class SoundRegained(ContactFact, frozen=True, kw_only=True, tag="media.resumed"):
    """Sound arrives again."""

    participant: ParticipantId


class ContactFailed(ContactFact, frozen=True, kw_only=True, tag="contact.failed"):
    """A fault of ours: the calls of the contact are ended."""

    reason: str = ""


class PersonalErased(ContactFact, frozen=True, kw_only=True, tag="contact.erased"):
    """Numbers, names and what was keyed are gone from the contact's earlier facts."""

    by: str = ""
    """Who asked for it; empty where the time to keep them was over."""


class ContactClosed(ContactFact, frozen=True, kw_only=True, tag="contact.closed"):
    """Nobody is on the line any more and everything that was recorded is saved."""

    outcome: ContactOutcome
    reason: str = ""
    duration_s: float = 0.0
    """From its start to the end of the customer's last leg."""
