"""SIP over TLS between endpoints on the loopback."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from telephony.registrar.desk import RegistrationDesk
from telephony.session.events import Party
from telephony.session.login import Login
from telephony.settings import SipSettings, TlsSettings
from telephony.sip.digest import Password
from telephony.sip.hop import Hop, Transport
from telephony.sip.uri import Uri
from telephony.transport.sip_transport import TransportError
from telephony.transport.tls import TlsError, make_certificate, server_context
from telephony.trunks.registration import Account, Registration, RequestUnanswered
from tests.patience import PATIENCE_S
from tests.telephony.calls.phone import Phone

Make = Callable[..., Awaitable[Phone]]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    made: list[Phone] = []

    async def start(
        name: str, *, desk: RegistrationDesk | None = None, verify: bool = False, authority: str = ""
    ) -> Phone:
        tls = TlsSettings(
            port=0,
            certificate=tmp_path / f"{name}.crt",
            key=tmp_path / f"{name}.key",
            verify_peers=verify,
            client_authorities=tmp_path / f"{authority}.crt" if authority else None,
        )
        phone = Phone(desk, SipSettings(port=0, tls=tls))
        await phone.start()
        made.append(phone)
        return phone

    yield start
    for phone in made:
        await phone.endpoint.stop(grace_s=1)


def uri(phone: Phone) -> str:
    return f"sip:100@127.0.0.1:{phone.endpoint.tls_port};transport=tls"


async def test_a_call_over_tls_is_answered_held_and_hung_up(make: Make) -> None:
    caller, callee = await make("a"), await make("b")
    outgoing = await caller.endpoint.place_call(uri(callee), caller="alice")
    incoming = await asyncio.wait_for(callee.arrived.get(), PATIENCE_S)
    assert "SIP/2.0/TLS" in (incoming.facts.headers.get("Via") or "")
    assert ";transport=tls" in (incoming.facts.headers.get("Contact") or "")
    await incoming.answer()
    await outgoing.wait_answered()
    await incoming.hold()
    assert outgoing.held_by_peer
    await outgoing.hang_up()
    assert (await asyncio.wait_for(incoming.ended, PATIENCE_S)).by is Party.PEER


async def test_a_phone_registers_over_tls_and_is_called_over_its_connection(make: Make) -> None:
    desk = RegistrationDesk(SipSettings(), {"alice": Password("secret")}.get)
    server, phone = await make("server", desk=desk), await make("phone")
    assert server.endpoint.tls_port is not None
    hop = Hop(Transport.TLS, "127.0.0.1", server.endpoint.tls_port)
    account = Account(Uri.parse("sip:alice@127.0.0.1"), Login("alice", "secret"), hop)
    await Registration(phone.endpoint, account).register()
    [binding] = desk.bindings("alice")
    assert binding.hop.transport is Transport.TLS
    outgoing = await server.endpoint.place_call(binding)
    incoming = await asyncio.wait_for(phone.arrived.get(), PATIENCE_S)
    await incoming.answer()
    await outgoing.wait_answered()


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(make: Make) -> None:
    caller, callee = await make("a", verify=True), await make("b")
    outgoing = await caller.endpoint.place_call(uri(callee))
    hangup = await asyncio.wait_for(outgoing.ended, PATIENCE_S)
    assert (hangup.by, hangup.status) == (Party.NETWORK, 503)
    assert callee.arrived.empty()


async def test_where_certificates_are_asked_for_a_peer_without_one_says_nothing(
    make: Make, tmp_path: Path
) -> None:
    make_certificate(tmp_path / "ca.crt", tmp_path / "ca.key", "ca.example")
    caller, callee = await make("a"), await make("b", authority="ca")
    outgoing = await caller.endpoint.place_call(uri(callee))
    with pytest.raises((TimeoutError, RequestUnanswered)):
        await asyncio.wait_for(callee.arrived.get(), 0.5)
    await outgoing.hang_up()


async def test_without_tls_nothing_is_sent_over_it(make: Make) -> None:
    plain = Phone(None, SipSettings(port=0))
    await plain.start()
    callee = await make("b")
    outgoing = await plain.endpoint.place_call(uri(callee))
    assert (await asyncio.wait_for(outgoing.ended, PATIENCE_S)).status == 503
    assert plain.endpoint.tls_port is None
    await plain.endpoint.stop(grace_s=1)


def test_the_certificate_of_the_first_start_is_kept_and_its_key_is_private(tmp_path: Path) -> None:
    settings = TlsSettings(port=0, certificate=tmp_path / "tls/sip.crt", key=tmp_path / "tls/sip.key")
    server_context(settings, "127.0.0.1")
    first = settings.certificate.read_bytes()
    assert settings.key.stat().st_mode & 0o077 == 0
    server_context(settings, "127.0.0.1")
    assert settings.certificate.read_bytes() == first


def test_files_that_are_no_certificate_are_named(tmp_path: Path) -> None:
    settings = TlsSettings(port=0, certificate=tmp_path / "x.crt", key=tmp_path / "x.key")
    settings.certificate.write_text("nonsense")
    with pytest.raises(TlsError, match=r"x\.crt and .*x\.key are no certificate"):
        server_context(settings, "pbx.example.com")


async def test_a_start_with_such_files_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.crt").write_text("nonsense")
    tls = TlsSettings(port=0, certificate=tmp_path / "x.crt", key=tmp_path / "x.key")
    phone = Phone(None, SipSettings(port=0, tls=tls))
    with pytest.raises(TransportError, match=r"sip\.tls"):
        await phone.start()
    await phone.endpoint.abandon()


async def test_a_certificate_is_exchanged_while_calls_go_on(make: Make, tmp_path: Path) -> None:
    caller, callee = await make("a"), await make("b")
    outgoing = await caller.endpoint.place_call(uri(callee))
    incoming = await asyncio.wait_for(callee.arrived.get(), PATIENCE_S)
    await incoming.answer()
    await outgoing.wait_answered()
    for file in ("b.crt", "b.key"):
        (tmp_path / file).unlink()
    make_certificate(tmp_path / "b.crt", tmp_path / "b.key", "127.0.0.1")
    new = ssl.PEM_cert_to_DER_cert((tmp_path / "b.crt").read_text())
    tls = TlsSettings(port=0, certificate=tmp_path / "b.crt", key=tmp_path / "b.key", verify_peers=False)
    callee.endpoint.reconfigure(SipSettings(port=0, tls=tls))
    context = ssl.create_default_context(cafile=str(tmp_path / "b.crt"))
    _, writer = await asyncio.open_connection("127.0.0.1", callee.endpoint.tls_port, ssl=context)
    assert writer.get_extra_info("ssl_object").getpeercert(binary_form=True) == new
    writer.close()
    await outgoing.hang_up()
    assert (await asyncio.wait_for(incoming.ended, PATIENCE_S)).by is Party.PEER
