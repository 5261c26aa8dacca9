"""Calls out through a trunk: failover, login, caps, registration."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import IPv4Network
from socket import AF_INET, SOCK_DGRAM, socket

import pytest
from pydantic import SecretStr, ValidationError

from telephony.registrar.desk import RegistrationDesk
from telephony.session.events import Ended, HangUp, Party, Progress, Refuse, Ring, TargetFailed
from telephony.settings import AdmissionSettings, SipSettings, TrunkSettings
from telephony.sip.digest import Password
from telephony.sip.hop import Hop, Transport
from tests.patience import PATIENCE_S, until
from tests.telephony.calls.phone import Phone, PhoneMaker
from tests.telephony.calls.wire import Side, Wire

NETWORK = (IPv4Network("127.0.0.0/8"),)
DEAD = Hop(Transport.UDP, "127.0.0.1", 9)


class TestFailover:
    def refusing(self, wire: Wire, name: str, status: int) -> Side:
        side = wire.side(name)
        side.on_call = lambda side, session: side.do(Refuse(status), session)
        return side

    def ringing(self, wire: Wire, name: str) -> Side:
        side = wire.side(name)
        side.on_call = lambda side, session: side.do(Ring(), session)
        return side

    def test_a_target_that_is_busy_with_itself_is_passed_over(self, wire: Wire) -> None:
        caller = wire.side("caller")
        bad, good = self.refusing(wire, "bad", 503), self.ringing(wire, "good")
        caller.invite(bad, others=(good.hop,))
        wire.run(1)
        assert caller.facts == [TargetFailed(bad.hop), Progress(180, "Ringing", b"")]
        caller.do(HangUp())
        wire.run(60)
        assert caller.hangup.hangup.by is Party.US
        assert (caller.agent.sessions, good.agent.sessions) == (0, 0)

    def test_a_dead_target_is_given_up_after_four_seconds(self, wire: Wire) -> None:
        caller = wire.side("caller")
        good = self.ringing(wire, "good")
        caller.invite(DEAD, others=(good.hop,))
        wire.run(3.9)
        assert good.calls == []
        wire.run(0.3)
        assert caller.facts == [TargetFailed(DEAD), Progress(180, "Ringing", b"")]
        wire.run(60)
        assert caller.sent().count("INVITE") == 5

    def test_a_number_that_is_busy_is_busy_everywhere(self, wire: Wire) -> None:
        caller = wire.side("caller")
        busy, other = self.refusing(wire, "busy", 486), self.ringing(wire, "other")
        caller.invite(busy, others=(other.hop,))
        wire.run(1)
        assert caller.hangup.hangup.status == 486
        assert other.calls == []

    def test_when_no_target_takes_it_the_last_word_counts(self, wire: Wire) -> None:
        caller = wire.side("caller")
        one, two = self.refusing(wire, "one", 503), self.refusing(wire, "two", 500)
        caller.invite(one, others=(two.hop,))
        wire.run(60)
        assert caller.facts[:2] == [TargetFailed(one.hop), TargetFailed(two.hop)]
        assert caller.hangup.hangup.status == 500
        assert sum(isinstance(fact, Ended) for fact in caller.facts) == 1
        assert caller.agent.sessions == 0


Make = Callable[..., Awaitable[Phone]]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[Phone] = []

    async def start(trunk: TrunkSettings, desk: RegistrationDesk | None = None) -> Phone:
        phone = Phone(desk, SipSettings(port=0, trunks=(trunk,)))
        await phone.start()
        made.append(phone)
        return phone

    yield start
    for phone in made:
        await phone.endpoint.stop(grace_s=1)


async def test_a_call_to_a_trunks_name_goes_out_by_its_targets(make: Make, phones: PhoneMaker) -> None:
    carrier = await phones()
    targets = ("sip:127.0.0.1:9;transport=tcp", f"127.0.0.1:{carrier.bound.port}")
    pbx = await make(
        TrunkSettings(name="carrier", networks=NETWORK, targets=targets, domain="carrier.example")
    )
    await pbx.endpoint.place_call("sip:+8133@carrier", caller="+8150")
    incoming = await asyncio.wait_for(carrier.arrived.get(), PATIENCE_S)
    assert str(incoming.facts.local_uri) == "sip:+8133@carrier.example"
    assert str(incoming.facts.remote_uri) == "sip:+8150@carrier.example"


async def test_a_trunk_takes_no_more_calls_than_it_may_have(make: Make, phones: PhoneMaker) -> None:
    carrier = await phones()
    target = (f"127.0.0.1:{carrier.bound.port}",)
    pbx = await make(TrunkSettings(name="carrier", networks=NETWORK, targets=target, max_calls=1))
    first = await pbx.endpoint.place_call("sip:1@carrier")
    with pytest.raises(ValueError, match="all the calls"):
        await pbx.endpoint.place_call("sip:2@carrier")
    await first.hang_up()
    await asyncio.wait_for(first.ended, PATIENCE_S)
    await pbx.endpoint.place_call("sip:3@carrier")


async def test_a_trunk_that_calls_faster_than_it_may_gets_a_503(phones: PhoneMaker) -> None:
    caller = await phones()
    callee = await phones(trunks=(TrunkSettings(name="carrier", networks=NETWORK, max_calls_per_s=3),))
    calls = [await caller.endpoint.place_call(callee.uri()) for _ in range(30)]
    refusals = callee.endpoint.refusals.counts
    await until(lambda: callee.arrived.qsize() + refusals.get("load.trunk-rate", 0) == 30)
    assert callee.arrived.qsize() >= 3
    await until(lambda: sum(call.ended.done() for call in calls) == refusals["load.trunk-rate"])
    assert {call.ended.result().status for call in calls if call.ended.done()} == {503}


async def test_a_trunk_that_wants_it_is_registered_with_until_the_end(make: Make, phones: PhoneMaker) -> None:
    desk = RegistrationDesk(SipSettings(), {"pbx": Password("secret")}.get)
    carrier = await phones(desk)
    trunk = TrunkSettings(
        name="carrier",
        networks=NETWORK,
        targets=(f"127.0.0.1:{carrier.bound.port}",),
        user="pbx",
        password=SecretStr("secret"),
        register_there=True,
    )
    pbx = await make(trunk)
    async with asyncio.timeout(PATIENCE_S):
        while not desk.bindings("pbx"):
            await asyncio.sleep(0.02)
    await pbx.endpoint.stop(grace_s=1)
    assert desk.bindings("pbx") == ()


def test_settings_of_a_trunk_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValidationError, match="is no target"):
        TrunkSettings(name="x", networks=NETWORK, targets=("a b",))
    with pytest.raises(ValidationError, match="names a user"):
        TrunkSettings(name="x", networks=NETWORK, targets=("sip:me@carrier",))
    with pytest.raises(ValidationError, match="needs targets"):
        TrunkSettings(name="x", networks=NETWORK, register_there=True)


async def test_who_is_called_is_heard_whatever_others_sent_in_their_name(phones: PhoneMaker) -> None:
    """Targets of a trunk need not be among the networks that its calls come from."""
    carrier = await phones()
    elsewhere = (IPv4Network("192.0.2.0/24"),)
    trunk = TrunkSettings(name="carrier", networks=elsewhere, targets=(f"127.0.0.1:{carrier.bound.port}",))
    pbx = Phone(
        None, SipSettings(port=0, trunks=(trunk,), admission=AdmissionSettings(ban_after=5, ban_s=3600))
    )
    await pbx.start()
    with socket(AF_INET, SOCK_DGRAM) as forger:
        forger.bind(("127.0.0.1", 0))
        while not pbx.endpoint.refusals.counts["source.banned"]:
            forger.sendto(b"INVITE sip:x SIP/2.0\r\n\r\n", ("127.0.0.1", pbx.bound.port))
            await asyncio.sleep(0)
    call = await pbx.endpoint.place_call("sip:+8133@carrier", caller="+8150")
    incoming = await asyncio.wait_for(carrier.arrived.get(), PATIENCE_S)
    await incoming.answer()
    await asyncio.wait_for(call.wait_answered(), PATIENCE_S)
    await call.hang_up()
    await pbx.endpoint.stop(grace_s=1)
