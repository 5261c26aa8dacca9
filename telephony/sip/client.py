"""The non-INVITE client transaction (RFC 3261 section 17.1.2)."""

from __future__ import annotations

from enum import Enum
from typing import assert_never

from telephony.sip.hop import Hop
from telephony.sip.message import Request, Response
from telephony.sip.timers import Timer, TimerValues
from telephony.sip.transaction_events import (
    ClientEvent,
    Effect,
    Failure,
    PassToUser,
    ResponseArrived,
    SendMessage,
    StartTimer,
    Terminated,
    TimerFired,
    TransactionFailed,
    TransactionId,
    TransportFailed,
)


class ClientState(Enum):
    """The states of RFC 3261 figure 6."""

    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    TERMINATED = "terminated"


class Client:
    """Sends one request other than INVITE and ACK until it is answered."""

    def __init__(self, ident: TransactionId, request: Request, to: Hop, values: TimerValues) -> None:
        self.ident = ident
        self.request = request
        self.to = to
        self.state = ClientState.TRYING
        self._values = values
        self._interval_s = values.t1_s

    def start(self, now: float) -> list[Effect]:
        effects: list[Effect] = [
            SendMessage(self.request, self.to),
            StartTimer(Timer.F, now + self._values.timeout_s),
        ]
        if not self.to.transport.reliable:
            effects.append(StartTimer(Timer.E, now + self._interval_s))
        return effects

    def handle(self, event: ClientEvent, now: float) -> list[Effect]:
        match self.state:
            case ClientState.TRYING:
                return self._trying(event, now)
            case ClientState.PROCEEDING:
                return self._proceeding(event, now)
            case ClientState.COMPLETED:
                return self._completed(event)
            case ClientState.TERMINATED:
                return []
            case _:
                assert_never(self.state)

    def _trying(self, event: ClientEvent, now: float) -> list[Effect]:
        if event == TimerFired(Timer.E):
            # "When the timer fires again, it is reset to MIN(4*T1, T2)" and so on up to T2.
            self._interval_s = min(self._interval_s * 2, self._values.t2_s)
            return [SendMessage(self.request, self.to), StartTimer(Timer.E, now + self._interval_s)]
        return self._waiting(event, now)

    def _proceeding(self, event: ClientEvent, now: float) -> list[Effect]:
        if event == TimerFired(Timer.E):
            # "If Timer E fires while in the Proceeding state [...] Timer E MUST be reset with a value of T2."
            return [SendMessage(self.request, self.to), StartTimer(Timer.E, now + self._values.t2_s)]
        return self._waiting(event, now)

    def _waiting(self, event: ClientEvent, now: float) -> list[Effect]:
        match event:
            case ResponseArrived(response):
                return self._on_response(response, now)
            case TimerFired(Timer.F):
                return [TransactionFailed(self.ident, Failure.TIMEOUT), *self._end()]
            case TransportFailed():
                return [TransactionFailed(self.ident, Failure.TRANSPORT), *self._end()]
            case _:
                return []

    def _on_response(self, response: Response, now: float) -> list[Effect]:
        passed = PassToUser(self.ident, response)
        if response.status < 200:
            self.state = ClientState.PROCEEDING
            return [passed]
        if self.to.transport.reliable:
            # "Timer K [...] zero seconds for reliable transports."
            return [passed, *self._end()]
        self.state = ClientState.COMPLETED
        return [passed, StartTimer(Timer.K, now + self._values.t4_s)]

    def _completed(self, event: ClientEvent) -> list[Effect]:
        # "The Completed state exists to buffer any additional response retransmissions."
        return self._end() if event == TimerFired(Timer.K) else []

    def _end(self) -> list[Effect]:
        self.state = ClientState.TERMINATED
        return [Terminated(self.ident)]
