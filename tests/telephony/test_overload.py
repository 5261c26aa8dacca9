"""A server under three times the load it is rated for, message by message on a clock of its own.

The costs are those of this program on the machine it was measured on; that the gate turns the rest away
cheaply and in time is what is judged, by the very code that does it.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field
from ipaddress import ip_network

from telephony.endpoint import unloaded
from telephony.gate import Gate
from telephony.settings import SipSettings, TrunkSettings

TRUNK = "192.0.2.1"
COST_S = {"INVITE": 0.0006, "ACK": 0.0002, "BYE": 0.0004}
REFUSAL_S = 0.00012
RATED = 0.6 / sum(COST_S.values())
BURST = 32
T1_S = 0.5
GIVES_UP_S = 8.0


@dataclass
class Caller:
    """One call: its INVITE, on the answer an ACK, and a BYE half a second later."""

    began_s: float
    answered: bool = False
    refused: bool = False
    over_s: float | None = None


@dataclass
class Server:
    """One process: a socket's queue, read in bursts, and the gate that judges what is read."""

    gate: Gate
    now: float = 0.0
    calls: list[Caller] = field(default_factory=list)
    _coming: list[tuple[float, int, str, int]] = field(default_factory=list)
    _count: itertools.count[int] = field(default_factory=itertools.count)

    def offer(self, rate: float, from_s: float, until_s: float) -> None:
        for step in range(int((until_s - from_s) * rate)):
            at = from_s + step / rate
            self._send(at, "INVITE", len(self.calls))
            self.calls.append(Caller(at))

    def run(self, until_s: float) -> None:
        while self._coming and self.now < until_s:
            self.now = max(self.now, self._coming[0][0])
            self.gate.delay.saw(self.now - self._coming[0][0], self.now)
            for _ in range(BURST):
                if not self._coming or self._coming[0][0] > self.now:
                    self.gate.delay.saw(0.0, self.now)
                    break
                _, _, method, call = heapq.heappop(self._coming)
                self._take(method, call)

    def whole(self, from_s: float, until_s: float) -> int:
        return sum(1 for call in self.calls if call.over_s is not None and from_s <= call.over_s < until_s)

    def _send(self, at: float, method: str, call: int) -> None:
        heapq.heappush(self._coming, (at, next(self._count), method, call))

    def _take(self, method: str, number: int) -> None:
        call = self.calls[number]
        data = f"{method} sip:1@x SIP/2.0\r\nCall-ID: {number}\r\n\r\n".encode()
        refusal = self.gate.unread(data, TRUNK, lambda _: call.answered, self.now)
        if refusal is not None:
            self.now += REFUSAL_S
            call.refused = True
        elif method == "INVITE" and not call.answered:
            self.now += COST_S[method]
            # Who waited longer than they wait has hung up; all that was done for them was in vain.
            if self.now - call.began_s < GIVES_UP_S and not call.refused:
                call.answered = True
                self._send(self.now + 0.001, "ACK", number)
                self._send(self.now + 0.5, "BYE", number)
        else:
            self.now += COST_S[method]
            if method == "BYE":
                call.over_s = self.now


def server(*, max_delay_s: float = 0.25) -> Server:
    settings = SipSettings(trunks=(TrunkSettings(name="carrier", networks=(ip_network("192.0.2.0/24"),)),))
    settings = settings.model_copy(
        update={"admission": settings.admission.model_copy(update={"max_delay_s": max_delay_s})}
    )
    return Server(Gate(settings, lambda _: unloaded(), lambda _: None))


def test_at_three_times_the_rated_load_nine_of_ten_rated_calls_are_whole() -> None:
    busy = server()
    busy.offer(3 * RATED, 0.0, 20.0)
    busy.run(20.0)
    assert busy.whole(2.0, 20.0) >= 0.9 * RATED * 18


def test_calls_in_progress_are_hung_up_in_time_whatever_the_load() -> None:
    busy = server()
    busy.offer(3 * RATED, 0.0, 20.0)
    busy.run(30.0)
    late = [call for call in busy.calls if call.answered and call.over_s is None]
    assert not late
    waits = [call.over_s - call.began_s for call in busy.calls if call.over_s is not None]
    assert max(waits) < 0.5 + 2 * (0.25 + T1_S), "neither answer nor BYE waited for much more than is allowed"


def test_within_ten_seconds_of_an_overload_every_call_is_taken_again() -> None:
    busy = server()
    busy.offer(3 * RATED, 0.0, 20.0)
    busy.offer(0.5 * RATED, 20.0, 40.0)
    busy.run(40.0)
    assert not [call for call in busy.calls if call.began_s >= 30.0 and call.refused]


def test_without_the_gate_the_same_load_would_be_lost() -> None:
    blind = server(max_delay_s=5)
    blind.offer(3 * RATED, 0.0, 20.0)
    blind.run(20.0)
    busy = server()
    busy.offer(3 * RATED, 0.0, 20.0)
    busy.run(20.0)
    slowest = max(call.over_s - call.began_s for call in blind.calls if call.over_s is not None)
    assert slowest > 5 > max(call.over_s - call.began_s for call in busy.calls if call.over_s is not None)
