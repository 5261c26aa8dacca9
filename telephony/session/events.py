"""The words of a call's signalling: commands to it, facts it tells, effects it orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import NewType

from telephony.sip.hop import Hop
from telephony.sip.message import Request, Response
from telephony.sip.transaction_events import TransactionId

SessionId = NewType("SessionId", str)


class Party(Enum):
    """Who ended a call."""

    PEER = "peer"
    US = "us"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Hangup:
    """How a call ended. `status` is the SIP status that says so, 200 for a BYE.

    `silent`: nothing at all had come from the other side, not even a 100.
    """

    by: Party
    status: int
    reason: str
    silent: bool = field(default=False, compare=False)


# Commands


@dataclass(frozen=True, slots=True)
class Ring:
    """Tell the caller that somebody is being alerted: 180."""


@dataclass(frozen=True, slots=True)
class Accept:
    """Answer the incoming call with this session description."""

    body: bytes


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call, whatever that takes now: BYE, CANCEL or a final refusal.

    `elsewhere`: another telephone took it, so that this one must not show a missed call (RFC 3326).
    """

    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class TakeAnswer:
    """Acknowledge the answer that was held back (`AnswerHeld`): the call is established from here on."""


@dataclass(frozen=True, slots=True)
class Reoffer:
    """Offer the peer another session description: re-INVITE."""

    body: bytes


@dataclass(frozen=True, slots=True)
class AcceptReoffer:
    """Agree to the peer's re-INVITE with this session description."""

    transaction: TransactionId
    body: bytes


@dataclass(frozen=True, slots=True)
class RefuseReoffer:
    """Everything stays as it was before the peer's re-INVITE."""

    transaction: TransactionId
    status: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """Turn the incoming call away with a final status; `headers` go with it."""

    status: int
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask an established peer whether it is still there; the call ends when it is not.

    Silence counts as an answer after `within_s`, or else when the transaction gives up.
    """

    within_s: float | None = None


@dataclass(frozen=True, slots=True)
class AcceptReferral:
    """Say that the transfer the peer asked for is being tried."""

    referral: int


@dataclass(frozen=True, slots=True)
class RefuseReferral:
    """Say that it is not; the call goes on as before."""

    referral: int
    status: int


@dataclass(frozen=True, slots=True)
class ReportReferral:
    """Tell the peer how the transfer gets on, as the status of the call it asked for."""

    referral: int
    status: int


ReferralCommand = AcceptReferral | RefuseReferral | ReportReferral
Within = Reoffer | Probe | AcceptReoffer | RefuseReoffer | ReferralCommand
"""Commands to an established call."""

Command = Ring | Accept | Refuse | HangUp | TakeAnswer | Within


# Facts


@dataclass(frozen=True, slots=True)
class Progress:
    """The called side sent a provisional response; its body may describe early media."""

    status: int
    reason: str
    body: bytes


@dataclass(frozen=True, slots=True)
class AnswerHeld:
    """The called side took a lasting call; nothing is acknowledged, and the answer not told, until the owner
    takes it. `ack`, sent to `to`, is what will acknowledge it, whichever run of the program sends it."""

    ack: bytes = field(repr=False)
    to: Hop


@dataclass(frozen=True, slots=True)
class Answered:
    """The called side took the call and answered our offer."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The peer has our 200; `answer` is the body of its ACK when the offer was ours, else None."""

    answer: bytes | None


@dataclass(frozen=True, slots=True)
class Reoffered:
    """The peer wants other media, or with an empty body our offer; it waits for our word."""

    transaction: TransactionId
    body: bytes


@dataclass(frozen=True, slots=True)
class ReofferAnswered:
    """The peer agreed to our re-INVITE."""

    body: bytes


@dataclass(frozen=True, slots=True)
class ReofferDue:
    """Our re-INVITE met one of the peer; now it is our turn, with an offer that knows of theirs."""


@dataclass(frozen=True, slots=True)
class RefreshDue:
    """The session has to be refreshed by an offer of what holds already."""


@dataclass(frozen=True, slots=True)
class ReofferFailed:
    """The peer refused our re-INVITE; the call goes on as before."""

    status: int


@dataclass(frozen=True, slots=True)
class DigitSignalled:
    """A key came as INFO."""

    digit: str


@dataclass(frozen=True, slots=True)
class Referred:
    """The peer wants its call to be transferred to `target`, in place of the call that `replaces` names."""

    referral: int
    target: str
    replaces: str


@dataclass(frozen=True, slots=True)
class TargetFailed:
    """One of several targets did not take the call; the next is tried, if there is one."""

    hop: Hop


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over for its owner, though messages about that may still travel."""

    hangup: Hangup


Fact = (
    Progress
    | AnswerHeld
    | Answered
    | Acknowledged
    | Reoffered
    | ReofferAnswered
    | ReofferDue
    | RefreshDue
    | ReofferFailed
    | DigitSignalled
    | Referred
    | TargetFailed
    | Ended
)


# Effects


class SessionTimer(Enum):
    """What a session wants to be woken for."""

    REMIND = "repeat the provisional response"
    REPEAT_OK = "repeat the 2xx"
    NO_ACK = "give up waiting for the ACK"
    NO_FINAL = "give up waiting for what the CANCEL brings"
    GLARE = "try the re-INVITE again"
    PROBE = "give up waiting for the answer to a probe"
    REFRESH = "refresh the session"
    EXPIRE = "end a session that nobody refreshed"
    NEXT_TARGET = "give up waiting for any word of a target"
    REPEAT_PROVISIONAL = "repeat the provisional response that wants a PRACK"


@dataclass(frozen=True, slots=True)
class Wake:
    """Call back at that time; the CSeq number tells which INVITE it was about."""

    timer: SessionTimer
    cseq: int
    at: float


@dataclass(frozen=True, slots=True)
class SendRequest:
    """Start a client transaction with that branch, which the request's Via already has."""

    request: Request
    branch: str
    to: Hop


@dataclass(frozen=True, slots=True)
class SendAck:
    """The ACK of a 2xx: outside any transaction, once for every time the 2xx comes."""

    request: Request
    to: Hop


@dataclass(frozen=True, slots=True)
class Respond:
    """Answer through the server transaction."""

    transaction: TransactionId
    response: Response


@dataclass(frozen=True, slots=True)
class Abandon:
    """The INVITE with that branch got no final response after its CANCEL: nothing more is expected of it."""

    branch: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Let the owner of the call know."""

    fact: Fact


SessionEffect = SendRequest | SendAck | Respond | Wake | Abandon | Tell
