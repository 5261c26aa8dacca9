"""Calls between endpoints over real sockets, with a media engine that only remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network

import pytest

from media.events import DigitReceived, MediaSilent, PlaybackFinished, PlaybackId
from telephony.call import Call
from telephony.call_events import (
    Answered,
    CallEnded,
    CallEvent,
    Digit,
    Ended,
    Held,
    HoldRefused,
    Resumed,
    Ringing,
)
from telephony.registrar.bindings import BindingAdded, BindingRemoved, RegistrarEffect
from telephony.registrar.desk import RegistrationDesk
from telephony.session.events import Hangup, Party
from telephony.session.login import Login
from telephony.settings import SipSettings, TrunkSettings
from telephony.sip.digest import Password
from telephony.sip.hop import PLAIN_TRANSPORTS, Hop, Transport
from telephony.sip.message import Headers, Request
from telephony.sip.uri import Uri
from telephony.trunks.registration import Account, Registration, RegistrationRefused, RequestUnanswered
from tests.patience import PATIENCE_S
from tests.telephony.calls.phone import Phone, PhoneMaker

Talk = Callable[[bytes, Transport], Awaitable[bytes]]
BOTH = pytest.mark.parametrize("transport", list(PLAIN_TRANSPORTS))


async def arrival(phone: Phone) -> Call:
    return await asyncio.wait_for(phone.arrived.get(), PATIENCE_S)


async def establish(caller: Phone, callee: Phone, transport: Transport = Transport.UDP) -> tuple[Call, Call]:
    outgoing = await caller.endpoint.place_call(callee.uri(transport=transport), caller="alice")
    outgoing.on_event = caller.events.append
    incoming = await arrival(callee)
    await incoming.answer()
    await outgoing.wait_answered()
    return outgoing, incoming


async def ended(call: Call) -> Hangup:
    return await asyncio.wait_for(call.ended, PATIENCE_S)


@BOTH
async def test_a_call_is_rung_answered_and_hung_up(phones: PhoneMaker, transport: Transport) -> None:
    caller, callee = await phones(), await phones()
    outgoing = await caller.endpoint.place_call(
        callee.uri(transport=transport), caller="alice", display="Alice", headers=(("X-Contact", "7"),)
    )
    outgoing.on_event = caller.events.append
    incoming = await arrival(callee)
    assert incoming.facts.remote_display == "Alice"
    assert incoming.facts.remote_uri.user == "alice"
    assert incoming.facts.headers.get("X-Contact") == "7"
    assert incoming.sip_call_id == outgoing.sip_call_id
    await incoming.ring()
    await incoming.answer()
    await outgoing.wait_answered()
    assert [leg.rtp_port for leg in callee.media.legs] == [caller.media.legs[0].descriptions[-1].port]
    assert [leg.rtp_port for leg in caller.media.legs] == [callee.media.legs[0].descriptions[-1].port]
    await incoming.hang_up()
    assert (await ended(outgoing)).by is Party.PEER
    assert (await ended(incoming)).by is Party.US
    assert caller.events[:2] == [Ringing(180), Answered()]
    assert callee.events[0] == Answered()
    assert isinstance(caller.events[-1], Ended)
    assert all(leg.closed for leg in caller.media.legs + callee.media.legs)
    assert incoming.answered_at is not None
    assert incoming.ended_at is not None
    assert incoming.invited_at <= incoming.answered_at <= incoming.ended_at
    assert caller.endpoint.calls == callee.endpoint.calls == ()


@BOTH
async def test_hold_and_resume_are_heard_on_the_other_side(phones: PhoneMaker, transport: Transport) -> None:
    caller, callee = await phones(), await phones()
    outgoing, incoming = await establish(caller, callee, transport)
    await incoming.hold()
    assert (incoming.held_by_us, outgoing.held_by_peer) == (True, True)
    remote = caller.media.legs[0].descriptions[-1]
    assert (remote.may_send, remote.may_receive) == (False, True)
    await incoming.resume()
    assert (incoming.held_by_us, outgoing.held_by_peer) == (False, False)
    remote = caller.media.legs[0].descriptions[-1]
    assert (remote.may_send, remote.may_receive) == (True, True)
    assert caller.events[-2:] == [Held(), Resumed()]


async def test_both_sides_may_hold_at_once(phones: PhoneMaker) -> None:
    outgoing, incoming = await establish(await phones(), await phones())
    await outgoing.hold()
    await incoming.hold()
    assert outgoing.held_by_peer
    assert incoming.held_by_peer
    await outgoing.resume()
    await incoming.resume()
    assert not outgoing.held_by_peer
    assert not incoming.held_by_peer


async def test_hold_before_the_answer_is_refused(phones: PhoneMaker) -> None:
    caller, callee = await phones(), await phones()
    outgoing = await caller.endpoint.place_call(callee.uri())
    with pytest.raises(HoldRefused):
        await outgoing.hold()


async def test_an_outgoing_call_is_cancelled_by_hanging_up(phones: PhoneMaker) -> None:
    caller, callee = await phones(), await phones()
    outgoing = await caller.endpoint.place_call(callee.uri())
    incoming = await arrival(callee)
    await incoming.ring()
    await outgoing.hang_up("changed my mind")
    hangup = await ended(outgoing)
    assert (hangup.by, hangup.reason) == (Party.US, "changed my mind")
    assert (await ended(incoming)).by is Party.PEER
    with pytest.raises(CallEnded):
        await incoming.answer()
    with pytest.raises(CallEnded):
        await outgoing.wait_answered()


async def test_a_caller_with_any_name_breaks_no_header(phones: PhoneMaker) -> None:
    caller, callee = await phones(), await phones()
    await caller.endpoint.place_call(callee.uri(), caller="a b\r\nX-Evil: 1@h")
    incoming = await arrival(callee)
    assert incoming.facts.caller == "a bX-Evil: 1@h"
    assert "X-Evil" not in incoming.facts.headers


async def test_a_rejected_call_tells_why(phones: PhoneMaker) -> None:
    caller, callee = await phones(), await phones()
    outgoing = await caller.endpoint.place_call(callee.uri())
    await (await arrival(callee)).reject(486)
    with pytest.raises(CallEnded) as raised:
        await outgoing.wait_answered()
    assert (raised.value.hangup.by, raised.value.hangup.status) == (Party.PEER, 486)
    assert caller.media.legs[0].closed
    assert callee.media.legs == []


async def test_hanging_up_twice_is_harmless(phones: PhoneMaker) -> None:
    outgoing, incoming = await establish(await phones(), await phones())
    await outgoing.hang_up()
    await outgoing.hang_up()
    await ended(incoming)
    await incoming.hang_up()
    assert [await ended(call) for call in (outgoing, incoming)]


async def test_cancelling_a_waiter_does_not_disturb_the_call(phones: PhoneMaker) -> None:
    outgoing, incoming = await establish(await phones(), await phones())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await outgoing.ended
    await incoming.hang_up()
    assert (await ended(outgoing)).by is Party.PEER


async def test_a_source_outside_the_trunks_gets_a_403(phones: PhoneMaker) -> None:
    caller = await phones()
    callee = await phones(trunks=(TrunkSettings(name="carrier", networks=(IPv4Network("192.0.2.0/24"),)),))
    outgoing = await caller.endpoint.place_call(callee.uri())
    assert (await ended(outgoing)).status == 403
    assert callee.arrived.empty()


async def test_trunks_are_exchanged_without_touching_calls(phones: PhoneMaker) -> None:
    caller, callee = await phones(), await phones()
    outgoing, incoming = await establish(caller, callee)
    elsewhere = TrunkSettings(name="carrier", networks=(IPv4Network("192.0.2.0/24"),))
    callee.endpoint.reconfigure(SipSettings(port=0, trunks=(elsewhere,)))
    refused = await caller.endpoint.place_call(callee.uri())
    assert (await ended(refused)).status == 403
    await outgoing.hold()
    await outgoing.hang_up()
    assert (await ended(incoming)).by is Party.PEER


async def test_settings_that_need_a_restart_change_nothing(phones: PhoneMaker) -> None:
    caller, callee = await phones(), await phones()
    with pytest.raises(ValueError, match=r"restart: sip\.realm"):
        callee.endpoint.reconfigure(SipSettings(port=0, trunks=(), realm="another"))
    await establish(caller, callee)


async def test_when_no_sound_can_be_had_the_caller_gets_a_503(phones: PhoneMaker) -> None:
    caller, callee = await phones(), await phones()
    callee.media.full = True
    outgoing = await caller.endpoint.place_call(callee.uri())
    with pytest.raises(CallEnded):
        await (await arrival(callee)).answer()
    assert (await ended(outgoing)).status == 503


async def test_an_owner_that_fails_costs_its_own_call_only(phones: PhoneMaker) -> None:
    caller, callee = await phones(), await phones()

    def fail(event: CallEvent) -> None:
        raise ZeroDivisionError

    outgoing = await caller.endpoint.place_call(callee.uri())
    incoming = await arrival(callee)
    incoming.on_event = fail
    await incoming.answer()
    assert (await ended(incoming)).reason == "internal error"
    assert (await ended(outgoing)).by is Party.PEER
    await establish(caller, callee)


async def test_media_events_reach_the_owner_and_keys_come_once(phones: PhoneMaker) -> None:
    caller, callee = await phones(), await phones()
    await establish(caller, callee)
    leg = callee.media.legs[0]
    for event in (DigitReceived("1"), PlaybackFinished(PlaybackId(7))):
        leg.tell(event)
    assert callee.events[1:] == [Digit("1"), PlaybackFinished(PlaybackId(7))]


async def test_stopping_ends_the_calls_of_both_sides(phones: PhoneMaker) -> None:
    caller, callee = await phones(), await phones()
    outgoing, incoming = await establish(caller, callee)
    await callee.endpoint.stop()
    assert (await ended(incoming)).reason == "shutting down"
    assert (await ended(outgoing)).by is Party.PEER


async def test_a_tcp_port_nobody_listens_on_ends_the_call_at_once(phones: PhoneMaker) -> None:
    caller = await phones()
    outgoing = await caller.endpoint.place_call("sip:1@127.0.0.1:9;transport=tcp")
    hangup = await ended(outgoing)
    assert (hangup.by, hangup.status) == (Party.NETWORK, 503)


async def test_options_are_answered_outside_of_calls(phones: PhoneMaker) -> None:
    one, other = await phones(), await phones()
    request = Request(
        "OPTIONS",
        other.uri(),
        Headers(
            (
                ("Max-Forwards", "0"),
                ("From", "<sip:a@127.0.0.1>;tag=a"),
                ("To", f"<{other.uri()}>"),
                ("Call-ID", "o"),
                ("CSeq", "1 OPTIONS"),
            )
        ),
    )
    response = await one.endpoint.request(request, other.hop())
    assert response.status == 200
    with pytest.raises(RequestUnanswered):
        await one.endpoint.request(request, Hop(Transport.TCP, "127.0.0.1", 9))


@dataclass
class Desk:
    """A registration desk that knows one password, and what it told."""

    changes: list[RegistrarEffect] = field(default_factory=list)

    def __post_init__(self) -> None:
        secrets = {"alice": Password("secret")}
        self.desk = RegistrationDesk(SipSettings(), secrets.get, self.changes.append)


class TestRegistration:
    @pytest.fixture
    async def desk(self) -> Desk:
        return Desk()

    def account(
        self, registrar: Phone, password: str = "secret", transport: Transport = Transport.UDP
    ) -> Account:
        address = Uri.parse(registrar.uri("alice"))
        return Account(address, Login("alice", password), registrar.hop(transport), expires_s=120)

    @BOTH
    async def test_a_registered_telephone_is_called_where_it_registered_from(
        self, phones: PhoneMaker, desk: Desk, transport: Transport
    ) -> None:
        server, phone = await phones(desk.desk), await phones()
        registration = Registration(phone.endpoint, self.account(server, transport=transport))
        assert await registration.register() == pytest.approx(120, abs=1)
        [binding] = desk.desk.bindings("alice")
        assert binding.hop.transport is transport
        outgoing = await server.endpoint.place_call(binding)
        incoming = await arrival(phone)
        await incoming.answer()
        await outgoing.wait_answered()
        await outgoing.hang_up()
        await ended(incoming)
        await registration.unregister()
        assert desk.desk.bindings("alice") == ()
        assert [type(change) for change in desk.changes] == [BindingAdded, BindingRemoved]

    async def test_a_phone_whose_account_is_gone_is_called_no_more(self, phones: PhoneMaker) -> None:
        secrets = {"alice": Password("secret"), "bob": Password("secret")}
        changes: list[RegistrarEffect] = []
        desk = RegistrationDesk(SipSettings(), secrets.get, changes.append)
        server, phone = await phones(desk), await phones()
        for user in ("alice", "bob"):
            address = Uri.parse(server.uri(user))
            await Registration(
                phone.endpoint, Account(address, Login(user, "secret"), server.hop())
            ).register()
        del secrets["alice"]
        server.endpoint.drop_gone_phones()
        assert (desk.bindings("alice"), len(desk.bindings("bob"))) == ((), 1)
        assert [type(change) for change in changes] == [BindingAdded, BindingAdded, BindingRemoved]

    async def test_u16_a_registered_phone_calls_once_it_has_given_its_password(
        self, phones: PhoneMaker, desk: Desk
    ) -> None:
        """It comes from an address that is a trunk's, too: only a phone that registered there is asked."""
        server, phone = await phones(desk.desk), await phones()
        await Registration(phone.endpoint, self.account(server)).register()
        login = Login("alice", "secret")
        outgoing = await phone.endpoint.place_call(server.uri("200"), caller="alice", login=login)
        incoming = await arrival(server)
        assert (incoming.facts.agent, incoming.facts.caller, incoming.facts.trunk) == ("alice", "alice", "")
        await incoming.answer()
        await outgoing.hang_up()
        await ended(incoming)
        wrong = await phone.endpoint.place_call(
            server.uri("200"), caller="alice", login=Login("alice", "guessed")
        )
        assert (await ended(wrong)).status == 401
        silent = await phone.endpoint.place_call(server.uri("200"), caller="alice")
        assert (await ended(silent)).status == 401
        assert server.arrived.empty()
        assert server.endpoint.refusals.counts["login.wrong-password"] >= 1

    async def test_u16_a_phone_from_no_trunks_address_must_log_in_whoever_it_says_it_is(
        self, phones: PhoneMaker, desk: Desk
    ) -> None:
        elsewhere = TrunkSettings(name="carrier", networks=(IPv4Network("192.0.2.0/24"),))
        server, phone = await phones(desk.desk, trunks=(elsewhere,)), await phones()
        for caller in ("alice", "nobody"):
            refused = await phone.endpoint.place_call(server.uri("200"), caller=caller)
            assert (await ended(refused)).status == 401
        login = Login("alice", "secret")
        outgoing = await phone.endpoint.place_call(server.uri("200"), caller="boss", login=login)
        incoming = await arrival(server)
        assert incoming.facts.agent == "alice", "whatever From says"
        await outgoing.hang_up()
        await ended(incoming)

    async def test_it_is_refreshed(self, phones: PhoneMaker, desk: Desk) -> None:
        server, phone = await phones(desk.desk), await phones()
        registration = Registration(phone.endpoint, self.account(server))
        await registration.register()
        [first] = desk.desk.bindings("alice")
        await registration.register()
        [second] = desk.desk.bindings("alice")
        assert second.cseq > first.cseq
        assert second.expires_at >= first.expires_at

    async def test_a_wrong_password_is_refused(self, phones: PhoneMaker, desk: Desk) -> None:
        server, phone = await phones(desk.desk), await phones()
        registration = Registration(phone.endpoint, self.account(server, password="wrong"))
        with pytest.raises(RegistrationRefused) as raised:
            await registration.register()
        assert raised.value.status == 401
        assert desk.desk.bindings("alice") == ()

    async def test_finding_39_failed_logins_are_counted_and_slowed(
        self, phones: PhoneMaker, desk: Desk
    ) -> None:
        server, phone = await phones(desk.desk), await phones()
        statuses: list[int] = []
        for _ in range(8):
            with pytest.raises(RegistrationRefused) as raised:
                await Registration(phone.endpoint, self.account(server, password="wrong")).register()
            statuses.append(raised.value.status)
        assert statuses[0] == 401
        assert statuses[-1] == 503
        counts = server.endpoint.refusals.counts
        assert counts["login.wrong-password"] >= 3
        assert counts["login.too-often"] >= 5

    async def test_a_phone_killed_in_mid_talk_is_found_when_it_falls_silent(
        self, phones: PhoneMaker, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("telephony.call._PROBE_PATIENCE_S", 2.0)
        server, phone = await phones(desk.desk), await phones()
        await Registration(phone.endpoint, self.account(server)).register()
        [binding] = desk.desk.bindings("alice")
        outgoing = await server.endpoint.place_call(binding)
        await (await arrival(phone)).answer()
        await outgoing.wait_answered()
        server.media.legs[0].tell(MediaSilent(5.0))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(outgoing.ended, 2.5)
        await phone.kill()
        server.media.legs[0].tell(MediaSilent(5.0))
        hangup = await ended(outgoing)
        assert (hangup.by, hangup.reason) == (Party.NETWORK, "Peer gone")
        assert desk.desk.bindings("alice") == ()
        assert isinstance(desk.changes[-1], BindingRemoved)

    async def test_too_short_a_registration_is_asked_for_again_as_long_as_is_wanted(
        self, phones: PhoneMaker, desk: Desk
    ) -> None:
        server, phone = await phones(desk.desk), await phones()
        account = self.account(server)
        short = Account(account.address, account.login, account.registrar, expires_s=5)
        assert await Registration(phone.endpoint, short).register() == pytest.approx(60, abs=1)

    async def test_without_a_desk_nobody_registers(self, phones: PhoneMaker) -> None:
        server, phone = await phones(), await phones()
        with pytest.raises(RegistrationRefused) as raised:
            await Registration(phone.endpoint, self.account(server)).register()
        assert raised.value.status == 403


class TestUnreadable:
    @pytest.fixture
    async def talk(self, phones: PhoneMaker) -> Talk:
        phone = await phones()

        async def send(data: bytes, transport: Transport) -> bytes:
            if transport is Transport.TCP:
                reader, writer = await asyncio.open_connection("127.0.0.1", phone.bound.port)
                writer.write(data)
                answer = await asyncio.wait_for(reader.read(4000), PATIENCE_S)
                writer.close()
                return answer
            loop = asyncio.get_running_loop()
            answers: asyncio.Queue[bytes] = asyncio.Queue()

            class Protocol(asyncio.DatagramProtocol):
                def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                    answers.put_nowait(data)

            udp, _ = await loop.create_datagram_endpoint(
                Protocol, remote_addr=("127.0.0.1", phone.bound.port)
            )
            udp.sendto(data)
            answer = await asyncio.wait_for(answers.get(), PATIENCE_S)
            udp.close()
            return answer

        return send

    @BOTH
    @pytest.mark.parametrize(
        ("first_line", "cseq", "status"),
        [
            ("OPTIONS sip:1@127.0.0.1 SIP/7.0", "1 OPTIONS", b"505"),
            ("OPTIONS sip:1@127.0.0.1 SIP/2.0", "1 INVITE", b"400"),
            ("OPTIONS sip:1@127.0.0.1 SIP/2.0", "99999999999 OPTIONS", b"400"),
        ],
    )
    async def test_it_is_answered(
        self, talk: Talk, transport: Transport, first_line: str, cseq: str, status: bytes
    ) -> None:
        text = (
            f"{first_line}\r\nVia: SIP/2.0/{transport.value} 127.0.0.1;branch=z9hG4bKx;rport\r\n"
            f"From: <sip:a@b>;tag=a\r\nTo: <sip:1@127.0.0.1>\r\nCall-ID: x\r\nCSeq: {cseq}\r\n"
            "Content-Length: 0\r\n\r\n"
        )
        answer = await talk(text.encode(), transport)
        assert answer.startswith(b"SIP/2.0 " + status)
        assert b"branch=z9hG4bKx" in answer
