"""Hostile SIP by the thousand: captured messages, URIs and descriptions with mistakes put into them.

    python -m tests.telephony.mutation 1000000 --seed 7

Only the parsers' own errors may leave them, and what they make of an input is bounded by its length.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass

from telephony.sdp.description import SdpError, SessionDescription
from telephony.sdp.media_agreement import MediaAgreement
from telephony.sdp.offer_answer import LocalMedia
from telephony.sip.errors import SipSyntaxError
from telephony.sip.fields import parse_cseq, parse_name_addrs, parse_vias
from telephony.sip.framing import StreamFramer
from telephony.sip.hop import Hop, Transport
from telephony.sip.message import Message
from telephony.sip.parser import MAX_HEADERS, call_id_in, method_in, parse_message
from telephony.sip.received import received
from telephony.sip.uri import Uri

PEER = Hop(Transport.UDP, "192.0.2.1", 5060)
MOST_BYTES = 8000

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
    b"c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\n"
    b"a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
    b"a=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"
)
INVITE = (
    b"INVITE sip:+4930;phone-context=x@192.0.2.9:5060;transport=udp SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK7;rport, SIP/2.0/TCP [2001:db8::1]:5061;branch=x\r\n"
    b'f: "A. \\"B\\" C" <sip:alice:pw@example.com;lr?x=y>;tag=1\r\nTo: <sips:bob@[2001:db8::2]>\r\n'
    b"Call-ID: a84b4c76e66710@x\r\nCSeq: 314159 INVITE\r\n"
    b"Max-Forwards: 70\r\nContact: <sip:alice@192.0.2.1>;q=0.7\r\n"
    b"Record-Route: <sip:p1.example.com;lr>, <sip:p2.example.com>\r\nRequire: 100rel\r\n Supported: timer\r\n"
    b"Session-Expires: 1800;refresher=uac\r\nDiversion: <tel:+49301234;x=1>;reason=unconditional\r\n"
    b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n" % len(SDP)
) + SDP
RESPONSE = (
    b"SIP/2.0 200 OK\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1;received=192.0.2.1\r\nFrom: <sip:a@b>;tag=1\r\n"
    b"To: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContact: *\r\nContent-Length: 0\r\n\r\n"
)
REGISTER = (
    b"REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bKr\r\n"
    b"From: sip:a@b;tag=9\r\nTo: sip:a@b\r\n"
    b'Call-ID: r\r\nCSeq: 2 REGISTER\r\nContact: <sip:a@h>;expires=60;+sip.instance="<urn:uuid:1>"\r\n'
    b'Authorization: Digest username="a", realm="r", nonce="n", uri="sip:b", response="00"\r\n'
    b"Content-Length: 0\r\n\r\n"
)
TEXTS = (
    b'"A" <sip:a@b;x=y?h=i>;tag=1, <tel:+1>',
    b"sip:%41:p@[::1]:5060;maddr=x;lr?a=b&c=d",
    b"SIP/2.0/UDP a:1;branch=x",
)
SEEDS = (INVITE, RESPONSE, REGISTER, SDP, *TEXTS)
SPLINTERS = (
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"\xc3\x28",
        b";",
        b",",
        b"<",
        b">",
        b'"',
        b"\\",
        b"%",
        b"=",
        b"?",
        b"@",
        b":",
    ),
    *(
        b"[",
        b"]",
        b" ",
        b"\t",
        b"\r\n ",
        b"99999999999999999999",
        b"-1",
        b"0",
        b"m=",
        b"a=",
        b"c=IN IP6 ::",
        b"SIP/2.0",
    ),
    *(
        b"Via: ",
        b"Content-Length: 5",
        b"multipart/mixed;boundary=x",
        b"--x\r\n",
        b"tag=",
        b"\xe2\x80\xae",
        b"A" * 600,
    ),
)


@dataclass(frozen=True, slots=True)
class Tried:
    """`read` are those that a parser took; `broken` is the first that failed otherwise."""

    inputs: int
    read: int
    broken: str | None


def mutated(dice: random.Random) -> bytes:
    """One seed, changed in one to eight places."""
    data = bytearray(dice.choice(SEEDS))
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(6):
            case 0:
                data[at:at] = dice.choice(SPLINTERS)
            case 1:
                del data[at : at + dice.randint(1, 40)]
            case 2 if at < len(data):
                data[at] = dice.randrange(256)
            case 3:
                other = dice.choice(SEEDS)
                start = dice.randrange(len(other))
                data[at:at] = other[start : start + dice.randint(1, 200)]
            case 4:
                data[at:at] = bytes(data[at : at + dice.randint(1, 60)]) * dice.randint(1, 30)
            case _:
                end = at + dice.randint(1, 20)
                data[at:end] = dice.choice(SPLINTERS)
    return bytes(data[:MOST_BYTES])


def check(data: bytes) -> bool:
    """Whether some parser took it. Raises what no parser may raise, and AssertionError beyond the bounds."""
    call_id_in(data)
    method_in(data)
    text = data.decode("utf-8", "surrogateescape")
    takers: tuple[Callable[[], object], ...] = (
        lambda: _message(data),
        lambda: _stream(data),
        lambda: _description(data),
        lambda: str(Uri.parse(text)),
        lambda: [str(each) for each in parse_name_addrs(text)],
        lambda: [str(each) for each in parse_vias(text)],
        lambda: str(parse_cseq(text)),
    )
    return sum(_taken(taker) for taker in takers) > 0


def _taken(taker: Callable[[], object]) -> bool:
    try:
        taker()
    except (SipSyntaxError, SdpError):
        return False
    return True


def _message(data: bytes) -> Message:
    message = parse_message(data)
    assert len(message.headers.items) <= MAX_HEADERS
    written = message.to_bytes()
    assert len(written) <= 2 * len(data) + 64
    received(message, PEER)
    return message


def _stream(data: bytes) -> None:
    framer = StreamFramer(65535)
    for at in range(0, len(data), 700):
        assert sum(1 for _ in framer.feed(data[at : at + 700])) <= len(data)


def _description(data: bytes) -> None:
    body = data.partition(b"\r\n\r\n")[2] or data
    SessionDescription.parse(body)
    MediaAgreement(LocalMedia("192.0.2.9", 4000, 1)).respond(body)


def tried(seed: int, inputs: int) -> Tried:
    dice = random.Random(seed)
    read = 0
    for number in range(inputs):
        data = mutated(dice)
        try:
            read += check(data)
        except Exception as error:
            return Tried(number, read, f"seed {seed}, input {number}: {error!r} at {data!r}")
    return Tried(inputs, read, None)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("inputs", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    found = tried(wanted.seed, wanted.inputs)
    print(found.broken or f"{found.inputs} inputs, {found.read} of them read, none broke a parser")
    return 1 if found.broken else 0


if __name__ == "__main__":
    sys.exit(main())
