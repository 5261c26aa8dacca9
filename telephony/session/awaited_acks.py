"""The 2xx responses to INVITEs that nobody has acknowledged yet (RFC 3261 section 13.3.1.4)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from telephony.session.events import Respond, SessionEffect, SessionTimer, Wake
from telephony.sip.message import Response
from telephony.sip.timers import TimerValues
from telephony.sip.transaction_events import TransactionId


@dataclass(frozen=True, slots=True)
class AwaitedAck:
    """One 2xx; `offers` when its body is our offer and the ACK brings the answer."""

    transaction: TransactionId
    response: Response
    interval_s: float
    offers: bool


@dataclass(slots=True)
class AwaitedAcks:
    """By the CSeq number of the INVITE, which its ACK repeats."""

    timers: TimerValues
    _held: dict[int, AwaitedAck] = field(default_factory=dict)

    def __contains__(self, cseq: int | None) -> bool:
        return cseq in self._held

    @property
    def offering(self) -> bool:
        """Whether an offer of ours is without its answer."""
        return any(awaited.offers for awaited in self._held.values())

    def send(
        self, cseq: int, transaction: TransactionId, response: Response, *, offers: bool, now: float
    ) -> list[SessionEffect]:
        self._held[cseq] = AwaitedAck(transaction, response, self.timers.t1_s, offers)
        return [
            Respond(transaction, response),
            Wake(SessionTimer.REPEAT_OK, cseq, now + self.timers.t1_s),
            Wake(SessionTimer.NO_ACK, cseq, now + self.timers.timeout_s),
        ]

    def repeat(self, cseq: int, now: float) -> list[SessionEffect]:
        """ "The interval starts at T1 seconds and doubles for each retransmission until it reaches T2", over
        reliable transports too, for a later hop may be unreliable."""
        awaited = self._held.get(cseq)
        if awaited is None:
            return []
        interval_s = min(2 * awaited.interval_s, self.timers.t2_s)
        self._held[cseq] = replace(awaited, interval_s=interval_s)
        return [
            Respond(awaited.transaction, awaited.response),
            Wake(SessionTimer.REPEAT_OK, cseq, now + interval_s),
        ]

    def take(self, cseq: int) -> AwaitedAck | None:
        """The ACK is here, or is no longer waited for."""
        return self._held.pop(cseq, None)

    def clear(self) -> None:
        self._held.clear()
