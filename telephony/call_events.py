"""What a call tells its owner."""

from __future__ import annotations

from dataclasses import dataclass, field

from media.events import MediaResumed, MediaSilent, PlaybackFinished, TalkEnded, TalkStarted
from telephony.session.events import Hangup
from telephony.sip.hop import Hop


@dataclass(frozen=True, slots=True)
class Ringing:
    """The called side sent a provisional response, 180 as a rule."""

    status: int


@dataclass(frozen=True, slots=True)
class AnswerWaits:
    """The called side took a lasting call: `Call.take_answer` sends `ack` to `to`, and `Answered` follows."""

    ack: bytes = field(repr=False)
    to: Hop


@dataclass(frozen=True, slots=True)
class Answered:
    """Sound flows."""


@dataclass(frozen=True, slots=True)
class Held:
    """The peer put the call on hold."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The peer took the call off hold."""


@dataclass(frozen=True, slots=True)
class Digit:
    """A key was pressed, however it was signalled; once per press, at `at_s`, however late it is told."""

    digit: str
    at_s: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """The peer wants its call to be transferred (REFER). `replaces` names the call that the new one replaces.

    Whoever owns the call says `accept_transfer` while handling this event, then calls the target and tells
    with `report_transfer` how that gets on; what nobody accepts is declined, and the call goes on.
    """

    referral: int
    target: str
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over; no event follows."""

    hangup: Hangup


CallEvent = (
    Ringing
    | AnswerWaits
    | Answered
    | Held
    | Resumed
    | Digit
    | TransferAsked
    | Ended
    | PlaybackFinished
    | TalkStarted
    | TalkEnded
    | MediaSilent
    | MediaResumed
)


class CallEnded(Exception):  # noqa: N818 - a fact, told by an exception
    """The call was over before what was asked for could be done."""

    def __init__(self, hangup: Hangup) -> None:
        super().__init__(f"{hangup.by.value}: {hangup.status} {hangup.reason}".rstrip())
        self.hangup = hangup


class HoldRefused(Exception):  # noqa: N818 - a fact, told by an exception
    """The peer did not agree to hold or resume; the call goes on as before."""

    def __init__(self, status: int) -> None:
        super().__init__(f"re-INVITE refused: {status}")
        self.status = status
