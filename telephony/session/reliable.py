"""Provisional responses that are acknowledged (RFC 3262), from both sides."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from telephony.session.events import Respond, SessionEffect, SessionTimer, Wake
from telephony.session.identity import Means
from telephony.session.outbound import within
from telephony.sip.dialog import Dialog
from telephony.sip.errors import SipSyntaxError
from telephony.sip.fields import parse_number
from telephony.sip.message import Request, Response
from telephony.sip.received import ReceivedResponse
from telephony.sip.transaction_events import TransactionId

_RACK = re.compile(r"([0-9]{1,10})[ \t]+([0-9]{1,10})[ \t]+INVITE", re.IGNORECASE)
_MAX_RSEQ = 2**31 - 1


@dataclass(frozen=True, slots=True)
class _Unacknowledged:
    response: Response
    rseq: int
    interval_s: float
    until: float


@dataclass(slots=True)
class ReliableProvisional:
    """The called side: one provisional response at a time is repeated until its PRACK comes."""

    means: Means
    transaction: TransactionId
    cseq: int
    _rseq: int = 0
    _waiting: _Unacknowledged | None = None

    def send(self, response: Response, now: float) -> list[SessionEffect]:
        """With its number; one that waits for its PRACK is replaced by none."""
        if self._waiting is not None:
            return []
        self._rseq = self._rseq + 1 if self._rseq else 1 + self.means.draw(1000)
        extra = (("Require", "100rel"), ("RSeq", str(self._rseq)))
        numbered = response.with_headers(response.headers.extending(extra))
        timers = self.means.timers
        self._waiting = _Unacknowledged(numbered, self._rseq, timers.t1_s, now + timers.timeout_s)
        return [Respond(self.transaction, numbered), self._wake(now, timers.t1_s)]

    def repeat(self, rseq: int, now: float) -> list[SessionEffect] | None:
        """None when nobody acknowledged it in time: "the UAS SHOULD reject the original request"."""
        waiting = self._waiting
        if waiting is None or waiting.rseq != rseq:
            return []
        if now >= waiting.until:
            return None
        interval_s = 2 * waiting.interval_s
        self._waiting = replace(waiting, interval_s=interval_s)
        return [Respond(self.transaction, waiting.response), self._wake(now, interval_s)]

    def acknowledge(self, prack: Request) -> bool:
        """Whether that PRACK is about the response that waits."""
        match = _RACK.fullmatch((prack.headers.get("RAck") or "").strip(" \t"))
        waiting = self._waiting
        if match is None or waiting is None or (int(match[1]), int(match[2])) != (waiting.rseq, self.cseq):
            return False
        self._waiting = None
        return True

    def settle(self) -> None:
        """The final response is sent: nothing is repeated any more."""
        self._waiting = None

    def _wake(self, now: float, after_s: float) -> Wake:
        return Wake(SessionTimer.REPEAT_PROVISIONAL, self._rseq, now + after_s)


@dataclass(slots=True)
class ReliableReceiver:
    """The calling side: what each fork has been acknowledged, in order."""

    means: Means
    _last: dict[str, int] = field(default_factory=dict)

    def acknowledge(self, received: ReceivedResponse, dialog: Dialog) -> list[SessionEffect] | None:
        """The PRACK; None for a response that came before, or out of order: it is not to be looked at."""
        try:
            rseq = parse_number(received.response.headers.get("RSeq") or "", _MAX_RSEQ, "RSeq")
        except SipSyntaxError:
            return None
        tag = received.to.tag or ""
        last = self._last.get(tag)
        if last is not None and rseq != last + 1:
            return None
        self._last[tag] = rseq
        extra = (("RAck", f"{rseq} {received.cseq.number} INVITE"),)
        return [within(dialog, self.means, dialog.request("PRACK", extra))]
