"""Targets of a trunk are asked whether they are there; a route learns it before a caller does."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from telephony.settings import SipSettings, TrunkSettings
from telephony.sip.hop import Hop, Transport
from telephony.sip.message import Request, Response
from telephony.sip.parser import parse_message
from telephony.sip.transaction_events import Failure
from telephony.trunks.outbound_trunks import OutboundTrunks
from telephony.trunks.probing import TargetProbe
from telephony.trunks.registration import RequestUnanswered
from telephony.trunks.route import Route
from tests.patience import until

ONE, TWO = (Hop(Transport.UDP, f"192.0.2.{number}", 5060) for number in (1, 2))


class Carrier:
    """Answers each target with a status, or not at all."""

    def __init__(self, **answers: int | None) -> None:
        self.answers = {ONE: answers.get("one", 200), TWO: answers.get("two", 200)}
        self.asked: list[Request] = []

    async def request(self, request: Request, to: Hop) -> Response:
        self.asked.append(request)
        status = self.answers[to]
        if status is None:
            raise RequestUnanswered(Failure.TIMEOUT)
        return Response(status, "")

    def contact(self, peer: Hop, user: str | None = None) -> str:
        return "<sip:us@192.0.2.9>"


def probe(carrier: Carrier) -> tuple[TargetProbe, Route]:
    route = Route((ONE, TWO))
    return TargetProbe("carrier", "example.com", route, carrier, lambda: 100.0), route


@pytest.mark.parametrize("status", [None, 408, 503])
async def test_a_target_that_does_not_answer_comes_last(status: int | None) -> None:
    asking, route = probe(Carrier(one=status))
    assert not await asking.ask(ONE)
    assert await asking.ask(TWO)
    assert route.hops(100.0) == (TWO, ONE)
    assert route.healthy(100.0) == 1


@pytest.mark.parametrize("status", [200, 401, 404, 405, 481])
async def test_whoever_says_anything_is_there(status: int) -> None:
    asking, route = probe(Carrier(one=status))
    assert await asking.ask(ONE)
    assert route.healthy(100.0) == 2


async def test_a_target_that_answers_again_rests_no_longer() -> None:
    carrier = Carrier(one=None)
    asking, route = probe(carrier)
    await asking.ask(ONE)
    carrier.answers[ONE] = 200
    await asking.ask(ONE)
    assert route.hops(100.0) == (ONE, TWO)


async def test_what_is_asked_can_be_read_by_anybody() -> None:
    carrier = Carrier()
    asking, _ = probe(carrier)
    await asking.ask(ONE)
    [request] = carrier.asked
    via = ("Via", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx")
    whole = Request(request.method, request.uri, request.headers.prepending(*via))
    read = parse_message(whole.to_bytes())
    assert isinstance(read, Request)
    assert (read.method, read.uri) == ("OPTIONS", "sip:example.com")


async def test_targets_are_asked_from_the_start_until_the_end() -> None:
    carrier = Carrier(one=None)
    trunk = TrunkSettings(
        name="carrier",
        networks=(ip_network("192.0.2.0/24"),),
        targets=("192.0.2.1", "192.0.2.2"),
        probe_every_s=5,
    )
    trunks = OutboundTrunks(SipSettings(trunks=(trunk,)), carrier, lambda: 100.0)
    trunks.start()
    outbound = trunks.get("carrier")
    assert outbound is not None
    await until(lambda: outbound.route.hops(100.0) == (TWO, ONE))
    await trunks.stop()
    assert len(carrier.asked) == 2
