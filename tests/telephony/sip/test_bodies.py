"""Bodies of several parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.session.capabilities import described, refusal_of
from telephony.sip.bodies import parts_of
from telephony.sip.message import Headers, Request

SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
ISUP = (
    b"Content-Type: application/isup; version=itu-t92+\r\n"
    b"Content-Disposition: signal; handling=optional\r\n\r\n\x01\x00\x49--\r\n\r\n"
)


def invite(kind: str, body: bytes, *extra: tuple[str, str]) -> Request:
    return Request("INVITE", "sip:1@h", Headers((("Content-Type", kind), *extra)), body)


def mixed(*parts: bytes, boundary: str = "next") -> bytes:
    line = f"--{boundary}".encode()
    return b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"


@pytest.mark.parametrize("kind", ["multipart/mixed;boundary=next", 'Multipart/Mixed; x=y ; boundary="next"'])
def test_finding_38_the_description_is_found_beside_isup(kind: str) -> None:
    request = invite(kind, mixed(b"Content-Type: application/sdp\r\n\r\n" + SDP, ISUP))
    assert refusal_of(request) is None
    assert described(request) == SDP
    other_order = invite(kind, b"preamble\r\n" + mixed(ISUP, b"c: Application/SDP\r\n\r\n" + SDP))
    assert described(other_order) == SDP


def test_a_multipart_without_anything_we_read_gets_a_415() -> None:
    refusal = refusal_of(
        invite("multipart/mixed;boundary=next", mixed(b"Content-Type: text/plain\r\n\r\nhi"))
    )
    assert refusal is not None
    assert (refusal.status, refusal.headers) == (415, (("Accept", "application/sdp"),))
    assert refusal_of(invite("multipart/mixed", mixed(ISUP))) is not None


def test_finding_42_an_optional_body_is_no_offer() -> None:
    optional = ("Content-Disposition", 'session ; handling = "optional"')
    request = invite("text/plain", b"hello", optional)
    assert refusal_of(request) is None
    assert described(request) == b""
    assert described(invite("multipart/mixed;boundary=next", mixed(ISUP))) == b""


def test_a_plain_description_is_taken_as_it_is() -> None:
    assert described(invite("application/sdp;charset=x", SDP)) == SDP
    assert described(Request("INVITE", "sip:1@h")) == b""


@given(st.binary(max_size=600), st.text("abc=;\"' \t/-", max_size=30))
def test_nothing_that_comes_breaks_it(noise: bytes, kind: str) -> None:
    for body in (noise, mixed(noise, noise), b"--next" + noise):
        headers = Headers((("Content-Type", f"multipart/mixed;boundary=next{kind}"),))
        assert len(parts_of(headers, body)) <= 17
