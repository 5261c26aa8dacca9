"""Malformed and abusive traffic of our own making at whole servers: each campaign leaves them unharmed."""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from telephony.sip.digest import answer_challenge, parse_challenge
from tests.interop.attacker import (
    OFFER,
    SDP,
    Attacker,
    calls_up,
    descriptors,
    header,
    ok_to,
    resident_mb,
    status,
    to_tag,
    unharmed,
)
from tests.interop.trunkline import Trunkline
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUIET_S = 0.3
MOST_GROWTH_MB = 60


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trunkline]:
    """One server for all: what one campaign breaks, the next one finds broken."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRUNKLINE_SIP__PROBE_AFTER_S", "1")
        patch.setenv("TRUNKLINE_SIP__TRANSPORT__MAX_CONNECTIONS", "100")
        started = await Trunkline.start(tmp_path_factory.mktemp("hostile") / "server")
    async with started:
        yield started


# Single requests


def lists(a: Attacker) -> list[tuple[int, bytes]]:
    """What must be answered, with the status it deserves."""
    padded = a.message("OPTIONS")
    return [
        (200, padded + b"x" * (65507 - len(padded))),
        (400, a.message("OPTIONS", extra="X: y\r\n" * 3000)),
        (400, a.message("OPTIONS", to_tag="x" + ";a=b" * 10_000)),
        (400, a.message("OPTIONS", contact='"' + '\\"' * 3500 + " <sip:x@h>")),
        (200, a.message("OPTIONS", contact='"' + '\\"' * 3500 + '" <sip:x@h>')),
        (200, a.message("OPTIONS", extra="X: a\0\udcff\r\n")),
        *((400, a.message("OPTIONS", length=text)) for text in ("-1", "9" * 30, "0x1", "", "5", "+0", "0 0")),
        (414, a.message("OPTIONS", uri="sip:x@h" + ";a=b" * 10_000)),
        (400, a.message("OPTIONS", cseq="1 INVITE")),
        (400, a.message("OPTIONS", cseq="-1 OPTIONS")),
        (400, a.message("OPTIONS", cseq=f"{2**31} OPTIONS")),
        (481, a.message("CANCEL")),
        *((481, a.message(method, to_tag="nobody")) for method in ("BYE", "INVITE", "INFO")),
        (501, a.message("A" * 5000)),
        (200, a.message("OPTIONS", via="Via: SIP/2.0/UDP 192.0.2.1:0;branch=z9hG4bKport;rport")),
        (
            200,
            a.message(
                "OPTIONS", via="Via: SIP/2.0/UDP no.such.invalid;branch=z9hG4bKv;rport;maddr=192.0.2.9"
            ),
        ),
        (400, a.message("OPTIONS", extra="Via: SIP/2.0/UDP h;branch=z9hG4bKw\r\n" * 100)),
        (400, a.message("INVITE", extra="Record-Route: <sip:127.0.0.1;lr>\r\n" * 100)),
        (400, a.message("INVITE", extra="Record-Route: <<<\r\n")),
    ]


async def test_every_bad_request_gets_the_answer_it_deserves(server: Trunkline) -> None:
    with Attacker(server) as a:
        for expected, request in lists(a):
            a.send(request)
            answer = await a.next(b"SIP/2.0 ")
            assert status(answer) == expected, (request[:200], answer)
    await unharmed(server)


async def test_nobody_answers_what_asks_for_no_answer(server: Trunkline) -> None:
    with Attacker(server) as a:
        a.send(a.message("ACK"))
        a.send(b"\xff" * 1000)
        a.send(b"\0" * 65_000)
        for first in (b"SIP/2.0 200 OK", b"SIP/2.0 100 Trying", b"SIP/2.0 999 No", b"SIP/2.0 486 Busy"):
            a.send(first + a.message("INVITE").partition(b"\r\n")[2].join((b"\r\n", b"")))
        with pytest.raises(TimeoutError):
            await a.next(b"", QUIET_S)
    await unharmed(server)


# Offers and answers

DESCRIPTIONS = {
    "port 0": (488, OFFER.format(port=0)),
    "IPv6": (488, OFFER.replace("c=IN IP4 127.0.0.1", "c=IN IP6 ::1")),
    "multicast": (488, OFFER.replace("c=IN IP4 127.0.0.1", "c=IN IP4 224.1.1.1/127")),
    "a host name": (200, OFFER.replace("c=IN IP4 127.0.0.1", "c=IN IP4 no.such.invalid")),
    "no codec of ours": (488, OFFER.replace("0 101", "18 3")),
    "a mapping that contradicts": (488, OFFER + "a=rtpmap:0 PCMU/999999999/255\r\n"),
    "many streams": (400, OFFER + "m=video 0 RTP/AVP 31\r\n" * 40),
    "noise": (400, "\0garbage"),
    "hold of old": (200, OFFER.replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0")),
    "an endless format": (200, OFFER.replace("0 101", "0000" + "1" * 5000 + " 0 101")),
    "absurd mappings": (200, OFFER + "a=rtpmap:999 x/1\r\na=rtpmap:-1 /0\r\na=ptime:99999999\r\n"),
}


@pytest.mark.parametrize("name", DESCRIPTIONS)
async def test_an_offer_is_answered_or_refused_with_a_warning(server: Trunkline, name: str) -> None:
    expected, offer = DESCRIPTIONS[name]
    with Attacker(server) as a:
        call_id = f"sdp {name}".replace(" ", "-")
        invite = a.message(
            "INVITE",
            call_id=call_id,
            branch=f"z9hG4bK{call_id}",
            extra=SDP,
            body=offer.replace("{port}", "9"),
        )
        answer = await a.ask(invite)
        assert status(answer) == expected
        tag = to_tag(answer)
        if expected == 200:
            a.send(a.message("ACK", call_id=call_id, to_tag=tag))
            await a.hang_up(call_id, answer)
        else:
            assert header(answer, "Warning")
            a.send(a.message("ACK", call_id=call_id, to_tag=tag, branch=f"z9hG4bK{call_id}"))
    await unharmed(server)


@pytest.mark.parametrize("body", [b"", b"\0\xffgarbage", OFFER.format(port=0).encode()])
async def test_a_late_offer_without_a_usable_answer_ends_the_call(server: Trunkline, body: bytes) -> None:
    with Attacker(server) as a:
        call_id = f"late{len(body)}"
        answer = await a.ask(a.message("INVITE", call_id=call_id))
        a.send(a.message("ACK", call_id=call_id, to_tag=to_tag(answer), extra=SDP if body else "", body=body))
        a.send(ok_to(await a.next(b"BYE ")))
    await unharmed(server)


async def test_a_caller_who_leaves_with_his_ack_is_no_error(server: Trunkline) -> None:
    with Attacker(server) as a:
        for number in range(20):
            answer = await a.call(f"hasty{number}")
            await a.hang_up(f"hasty{number}", answer)
    await unharmed(server)


async def test_garbage_within_a_call_leaves_it_as_it_was(server: Trunkline) -> None:
    with Attacker(server) as a:
        answer = await a.call("garbage")
        tag = to_tag(answer)
        asked = [
            (
                400,
                a.message("INVITE", call_id="garbage", to_tag=tag, cseq="2 INVITE", extra=SDP, body="noise"),
            ),
            (200, a.message("INFO", call_id="garbage", to_tag=tag, cseq="3 INFO")),
            (415, a.message("INFO", call_id="garbage", to_tag=tag, cseq="4 INFO", body="x")),
            (
                200,
                a.message(
                    "INFO",
                    call_id="garbage",
                    to_tag=tag,
                    cseq="5 INFO",
                    extra="Content-Type: application/dtmf-relay\r\n",
                    body=b"Signal=\xff" + b"1" * 60_000,
                ),
            ),
            (500, a.message("BYE", call_id="garbage", to_tag=tag, cseq="1 BYE")),
            (481, a.message("BYE", call_id="another", to_tag=tag, cseq="9 BYE")),
        ]
        for expected, request in asked:
            assert status(await a.ask(request)) == expected, request[:100]
        assert await calls_up(server) == 1
        bye = a.message("BYE", call_id="garbage", to_tag=tag, cseq="9 BYE", extra="Reason: SIP;\udcff\0\r\n")
        assert [status(await a.ask(bye)) for _ in range(2)] == [200, 200], "a BYE that is repeated"
    await unharmed(server)


@pytest.mark.parametrize(
    "contact",
    ["", "*", "<sip:{us}>", "<sip:{us};transport=tcp>", "<sip:no.such.invalid>", "<sip:[::1]>", "<tel:1>"],
)
async def test_a_contact_that_leads_nowhere_does_not_keep_a_call(server: Trunkline, contact: str) -> None:
    with Attacker(server) as a:
        call_id = f"contact{len(contact)}"
        where = contact.format(us=server.address)
        answer = await a.ask(a.message("INVITE", call_id=call_id, contact=where))
        a.send(a.message("ACK", call_id=call_id, to_tag=to_tag(answer), extra=SDP, body=b"noise"))
        await unharmed(server)


# Streams


async def connect(server: Trunkline) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(server.host, server.port)


async def head(reader: asyncio.StreamReader) -> bytes:
    """The next message without a body; answers to keep-alives are passed over."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := (await reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n")):
            pass
    return found


async def test_a_stream_may_be_cut_anywhere(server: Trunkline) -> None:
    with Attacker(server) as a:
        reader, writer = await connect(server)
        for octet in a.message("OPTIONS", transport="TCP", body=b"body"):
            writer.write(bytes([octet]))
            await writer.drain()
        assert status(await head(reader)) == 200
        writer.write(b"\r\n\r\n".join(a.message("OPTIONS", transport="TCP") for _ in range(50)))
        assert {status(await head(reader)) for _ in range(50)} == {200}
        writer.write(a.message("OPTIONS", transport="TCP"))
        writer.write_eof()
        assert status(await head(reader)) == 200, "half closed"
        writer.close()
    await unharmed(server)


async def test_what_is_no_stream_of_messages_is_closed(server: Trunkline) -> None:
    before = descriptors(server)
    with Attacker(server) as a:
        hostile = [
            b"GET / HTTP/1.1\r\n\r\n",
            b"\xff" * 100_000,
            b"OPTIONS sip:x SIP/2.0\r\nX: " + b"x" * 70_000,
            a.message("OPTIONS", transport="TCP", length="99999999"),
            a.message("OPTIONS", transport="TCP").replace(b"Content-Length: 0\r\n", b""),
        ]
        for data in hostile:
            reader, writer = await connect(server)
            writer.write(data)
            async with asyncio.timeout(PATIENCE_S):
                await _until_closed(reader)
            writer.close()
    await unharmed(server)
    assert descriptors(server) <= before + 2


async def _until_closed(reader: asyncio.StreamReader) -> None:
    try:
        while await reader.read(65536):
            pass
    except ConnectionError:
        return


async def test_idle_connections_do_not_shut_others_out(server: Trunkline) -> None:
    idle = [await connect(server) for _ in range(300)]
    with Attacker(server) as a:
        reader, writer = await connect(server)
        writer.write(a.message("OPTIONS", transport="TCP"))
        assert status(await head(reader)) == 200
        assert descriptors(server) < 200
        for _, each in [*idle, (reader, writer)]:
            each.close()
    await unharmed(server)


async def test_a_call_does_not_outlive_a_caller_whose_connection_broke(server: Trunkline) -> None:
    with Attacker(server) as a:
        reader, writer = await connect(server)
        contact = "<sip:x@127.0.0.1:{};transport=tcp>".format(writer.get_extra_info("sockname")[1])
        offer = OFFER.format(port=9)
        writer.write(
            a.message("INVITE", call_id="broken", transport="TCP", contact=contact, extra=SDP, body=offer)
        )
        while status(answer := await head(reader)) < 200:
            pass
        writer.write(a.message("ACK", call_id="broken", transport="TCP", to_tag=to_tag(answer)))
        await writer.drain()
        writer.close()
        await unharmed(server, settle_s=8)


# Sound


def rtp(
    sequence: int, payload: bytes, *, kind: int = 0, version: int = 2, timestamp: int | None = None
) -> bytes:
    at = sequence * 160 if timestamp is None else timestamp
    return struct.pack("!BBHII", version << 6, kind, sequence, at, 7) + payload


async def test_noise_at_the_media_port_is_no_sound_and_no_digit(server: Trunkline) -> None:
    """Also from the negotiated source; digits count from there alone."""
    dice = np.random.default_rng(3550)
    with (
        Attacker(server) as a,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
    ):
        ours.bind(("127.0.0.1", 0))
        stranger.bind(("127.0.0.2", 0))
        answer = await a.call("noise", rtp_port=ours.getsockname()[1], user="100")
        port = int(answer.partition(b"m=audio ")[2].split(b" ")[0])
        key = struct.pack("!BBH", 1, 0x8A, 800)
        for number in range(1500):
            junk = dice.bytes(int(dice.integers(0, 1400)))
            for sender in (ours, stranger):
                sender.sendto(junk, ("127.0.0.1", port))
                sender.sendto(junk, ("127.0.0.1", port + 1))
                sender.sendto(rtp(number, junk, version=number % 4), ("127.0.0.1", port))
                sender.sendto(rtp(number, key[: number % 4], kind=101), ("127.0.0.1", port))
                sender.sendto(
                    bytes([0x81, 200 + number % 5, 0, number % 256]) + junk[:40], ("127.0.0.1", port + 1)
                )
            stranger.sendto(rtp(number, key, kind=101), ("127.0.0.1", port))
            if number % 25 == 0:
                await asyncio.sleep(0.01)
        ours.sendto(b"\x80" + b"\0" * 60_000, ("127.0.0.1", port))
        contact = await contact_of(server, "noise")
        # While the flood fills the socket the kernel drops what comes on top: the end of the key is repeated.
        pressed = asyncio.create_task(server.event(contact, "flow.digit_accepted"))
        for number in itertools.count(1500):
            packet = rtp(number, struct.pack("!BBH", 2, 0x8A, 800), kind=101, timestamp=1500 * 160)
            ours.sendto(packet, ("127.0.0.1", port))
            if (await asyncio.wait({pressed}, timeout=0.2))[0]:
                break
        await pressed
        await a.hang_up("noise", answer)
    await unharmed(server)
    events = await server.events(contact)
    digits = [event["fields"]["digit"] for event in events if event["kind"] == "flow.digit_accepted"]
    assert digits == ["2"], "one came from the caller, 1500 of another key from a stranger"


async def contact_of(server: Trunkline, call_id: str) -> str:
    """The contact of a call, once the journal has it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for contact in await server.contacts():
                first = (await server.events(contact["contact"]))[0]
                if first["fields"]["call_id"] == call_id:
                    return str(contact["contact"])
            await asyncio.sleep(0.05)


# Registrations and agents


async def register(a: Attacker, extra: str = "", contact: str | None = None) -> tuple[int, bytes]:
    """Alice's registration with the right password; returns the status and what was sent."""
    uri = f"sip:{a.server.address}"
    first = await a.ask(a.message("REGISTER", uri=uri, user="alice", contact=contact, extra=extra))
    if status(first) != 401:
        return status(first), b""
    answer = answer_challenge(
        parse_challenge(header(first, "WWW-Authenticate")),
        "REGISTER",
        uri,
        user="alice",
        password=a.server.password("alice"),
        cnonce="c",
        nc=1,
    )
    extra += f"Authorization: {answer}\r\n"
    request = a.message("REGISTER", uri=uri, user="alice", contact=contact, extra=extra, cseq="2 REGISTER")
    return status(await a.ask(request)), request


async def test_registrations_are_bounded_and_cannot_be_forged_or_replayed(server: Trunkline) -> None:
    nine = ", ".join(f"<sip:alice@127.0.0.1:{port}>" for port in range(1, 10))
    many = "Contact: " + ", ".join(["<sip:alice@127.0.0.1>"] * 100) + "\r\n"
    with Attacker(server) as a:
        for expected, contact, extra in (
            (400, nine, ""),
            (400, "*", ""),
            (400, "*", f"Expires: 0\r\nContact: {nine}\r\n"),
            (400, None, many * 10),
            (400, None, "Expires: 99999999999999\r\n"),
            (400, None, "Expires: -1\r\n"),
            (423, None, "Expires: 1\r\n"),
            (200, "*", "Expires: 0\r\n"),
        ):
            assert (await register(a, extra, contact))[0] == expected, (contact, extra[:50])
        accepted, request = await register(a, "Expires: 60\r\n")
        assert accepted == 200
        replay = request.replace(b"branch=z9hG4bK", b"branch=z9hG4bKagain").replace(b"CSeq: 2 ", b"CSeq: 3 ")
        assert status(await a.ask(replay)) == 401
        for forged in (
            'nonce="1-1-' + "0" * 32 + '"',
            'nonce="\udcff"',
            'nonce="x", qop=auth, nc=ffffffffff',
        ):
            who = 'Digest username="alice\udcff", realm="trunkline", uri="sip:x", response=""'
            extra = f"Authorization: {who}, {forged}\r\n"
            assert status(await a.ask(a.message("REGISTER", user="alice", extra=extra))) == 401
        assert (await register(a, "Expires: 0\r\n", "*"))[0] == 200
    await unharmed(server)


async def test_a_key_that_comes_with_the_ack_is_not_lost(server: Trunkline) -> None:
    with Attacker(server) as caller:
        answer = await caller.call("early", user="100")
        key = {"extra": "Content-Type: application/dtmf\r\n", "body": "2"}
        caller.send(caller.message("INFO", call_id="early", to_tag=to_tag(answer), cseq="2 INFO", **key))
        chosen = await server.event(await contact_of(server, "early"), "flow.option_chosen")
        assert chosen["fields"]["option"] == "2"
        bye = caller.message("BYE", call_id="early", to_tag=to_tag(answer), cseq="3 BYE")
        caller.send(bye)
    await unharmed(server)


@pytest.mark.parametrize("who_leaves", ["agent", "caller"])
async def test_whoever_leaves_with_the_agents_answer_is_no_error(server: Trunkline, who_leaves: str) -> None:
    call_id = f"leaving-{who_leaves}"
    with Attacker(server) as phone, Attacker(server) as caller:
        assert (await register(phone, "Expires: 60\r\n"))[0] == 200
        answer = await caller.call(call_id, user="100")
        key = {"extra": "Content-Type: application/dtmf\r\n", "body": "1"}
        info = caller.message("INFO", call_id=call_id, to_tag=to_tag(answer), cseq="2 INFO", **key)
        assert status(await caller.ask(info)) == 200
        invite = await phone.next(b"INVITE ")
        taken = ok_to(invite, ";tag=alice", OFFER.format(port=9), f"<sip:alice@127.0.0.1:{phone.port}>")
        gone = caller.message("BYE", call_id=call_id, to_tag=to_tag(answer), cseq="3 BYE")
        if who_leaves == "caller":
            caller.send(gone)
        phone.send(taken)
        if who_leaves == "agent":
            phone.send(
                phone.message("BYE", call_id=header(invite, "Call-ID"))
                .replace(b"From: <sip:x@127.0.0.1>;tag=f", b"From: <sip:alice@127.0.0.1>;tag=alice")
                .replace(b"To: <sip:900@127.0.0.1>", b"To: " + header(invite, "From").encode())
            )
            await phone.next(b"SIP/2.0 200")
            caller.send(gone)
        await unharmed(server)
        assert (await register(phone, "Expires: 0\r\n", "*"))[0] == 200


# Floods, at the end: calls that nobody acknowledged are kept for 32 s


async def test_floods_are_answered_and_forgotten(server: Trunkline) -> None:
    before_mb = resident_mb(server)
    with Attacker(server) as a:
        for number in range(3000):
            a.send(a.message("OPTIONS", extra=f"X: {'x' * 8000}\r\n" * 4))
            if number % 50 == 0:
                await asyncio.sleep(0.01)
        for number in range(300):
            call_id = f"flood{number}"
            a.send(
                a.message(
                    "INVITE",
                    call_id=call_id,
                    branch=f"z9hG4bK{call_id}",
                    extra=SDP,
                    body=OFFER.format(port=9),
                )
            )
            a.send(a.message("CANCEL", call_id=call_id, branch=f"z9hG4bK{call_id}"))
            a.send(a.message("BYE", call_id=call_id, cseq="2 BYE"))
            if number % 20 == 0:
                await asyncio.sleep(0.01)
        # Whoever was answered before the CANCEL came is told to go when no ACK comes, later than this test.
        calls = await calls_up(server)
        await unharmed(server, calls)
    assert resident_mb(server) - before_mb < MOST_GROWTH_MB
