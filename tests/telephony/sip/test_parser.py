"""Messages: what is taken, what is refused and how, and that nothing but SipSyntaxError ever comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.sip.message import Request, Response
from telephony.sip.parser import (
    MAX_HEADERS,
    MAX_LINE_LENGTH,
    MAX_MESSAGE_BYTES,
    SipSyntaxError,
    parse_message,
)

INVITE = (
    b"INVITE sip:service@127.0.0.1:5060 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.1.1:5061;branch=z9hG4bK-12345-1-0\r\n"
    b"From: sipp <sip:sipp@127.0.1.1:5061>;tag=12345SIPpTag001\r\n"
    b"To: service <sip:service@127.0.0.1:5060>\r\n"
    b"Call-ID: 1-12345@127.0.1.1\r\n"
    b"CSeq: 1 INVITE\r\n"
    b"Contact: sip:sipp@127.0.1.1:5061\r\n"
    b"Max-Forwards: 70\r\n"
    b"Subject: Performance Test\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 5\r\n"
    b"\r\n"
    b"v=0\r\n"
)
RINGING = (
    b"SIP/2.0 180 Ringing\r\n"
    b"Via: SIP/2.0/UDP 127.0.1.1:5061;branch=z9hG4bK-12345-1-0\r\n"
    b"From: sipp <sip:sipp@127.0.1.1:5061>;tag=1\r\n"
    b"To: service <sip:service@127.0.0.1:5060>;tag=2\r\n"
    b"Call-ID: 1-12345@127.0.1.1\r\n"
    b"CSeq: 1 INVITE\r\n"
    b"Content-Length: 0\r\n"
    b"\r\n"
)


def refused(data: bytes) -> SipSyntaxError:
    with pytest.raises(SipSyntaxError) as caught:
        parse_message(data)
    return caught.value


def changed(old: bytes, new: bytes) -> bytes:
    assert old in INVITE
    return INVITE.replace(old, new)


@pytest.mark.parametrize("data", [INVITE, RINGING])
def test_a_canonical_message_is_written_back_byte_for_byte(data: bytes) -> None:
    assert parse_message(data).to_bytes() == data


def test_the_parts_of_a_request() -> None:
    message = parse_message(INVITE)
    assert isinstance(message, Request)
    assert (message.method, message.uri, message.body) == ("INVITE", "sip:service@127.0.0.1:5060", b"v=0\r\n")
    assert message.headers.get("i") == "1-12345@127.0.1.1"


def test_the_parts_of_a_response() -> None:
    message = parse_message(RINGING)
    assert isinstance(message, Response)
    assert (message.status, message.reason) == (180, "Ringing")


def test_line_breaks_before_the_start_line_are_ignored() -> None:
    assert parse_message(b"\r\n\r\n" + INVITE) == parse_message(INVITE)


def test_bytes_that_are_no_utf_8_survive() -> None:
    data = changed(b"Performance Test", b"caf\xe9 \xff")
    assert parse_message(data).to_bytes() == data


def test_without_content_length_a_datagram_ends_the_body() -> None:
    assert parse_message(changed(b"Content-Length: 5\r\n", b"")).body == b"v=0\r\n"


def test_octets_beyond_content_length_are_ignored() -> None:
    assert parse_message(INVITE + b"more").body == b"v=0\r\n"


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"Content-Length: 5", b"Content-Length: 6", 400),
        (b"Content-Length: 5", b"Content-Length: five", 400),
        (b"Content-Length: 5", b"Content-Length: 5\r\nl: 5", 400),
        (b"Content-Length: 5", b"Content-Length: " + b"9" * 5000, 400),
        (b"Content-Length: 5", "Content-Length: ٥".encode(), 400),
        (b"CSeq: 1 INVITE", b"CSeq: 1 BYE", 400),
        (b"CSeq: 1 INVITE", b"CSeq: 2147483648 INVITE", 400),
        (b"CSeq: 1 INVITE", b"CSeq: 1INVITE", 400),
        (b"CSeq: 1 INVITE", b"CSeq: 1 INVITE\r\nCSeq: 1 INVITE", 400),
        (b"Max-Forwards: 70", b"Max-Forwards: 256", 400),
        (b"Max-Forwards: 70", b"Max-Forwards: -1", 400),
        (b"Max-Forwards: 70", b"Expires: 4294967296", 400),
        (b"Call-ID: 1-12345@127.0.1.1\r\n", b"", 400),
        (b"Call-ID: 1-12345@127.0.1.1", b"Call-ID: a b", 400),
        (b"Call-ID: 1-12345@127.0.1.1", b"Call-ID:", 400),
        (b"To: service <sip:service@127.0.0.1:5060>\r\n", b"", 400),
        (b"From: sipp <sip:sipp", b"From: sipp <<sip:sipp", 400),
        (b"Contact: sip:sipp@127.0.1.1:5061", b"Contact: nonsense", 400),
        (b"Subject: Performance Test", b"Subject Performance Test", 400),
        (b"Subject: Performance Test", b"Sub ject: Performance Test", 400),
        (b"Performance Test", b"lone\nline feed", 400),
        (b"Performance Test", b"lone\rcarriage return", 400),
        (b"Performance Test", b"x" * (MAX_LINE_LENGTH + 1), 400),
        (b"Subject: Performance Test", b"\r\n".join([b"X: y"] * MAX_HEADERS), 400),
        (b"Via: ", b"Via: " + b"SIP/2.0/UDP a.b, " * 71, 400),
        (b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia", 505),
        (b"SIP/2.0\r\nVia", b"SIP/2.0 \r\nVia", 400),
        (b"sip:service@127.0.0.1:5060 SIP", b"sip:service@127.0.0.1:99999 SIP", 400),
        (b"sip:service@127.0.0.1:5060 SIP", b"sip:" + b"u" * 3000 + b"@a SIP", 414),
    ],
)
def test_a_broken_request_is_refused_and_can_be_answered(old: bytes, new: bytes, status: int) -> None:
    error = refused(changed(old, new))
    assert error.status == status
    assert error.request is not None
    assert error.request.method == "INVITE"


def test_the_saved_request_keeps_the_headers_around_the_broken_one() -> None:
    saved = refused(changed(b"Subject: Performance Test", b"Subject Performance Test")).request
    assert saved is not None
    assert saved.headers == parse_message(INVITE).headers.without("Subject")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\0" * 100,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"SIP/2.0 99 Too Low\r\n\r\n",
        b"SIP/2.0 700 Too High\r\n\r\n",
        RINGING.replace(b"CSeq: 1 INVITE\r\n", b""),
        RINGING.replace(b"SIP/2.0 180", b"SIP/3.0 180"),
        b"I" * (MAX_LINE_LENGTH + 1) + INVITE,
        b"x" * (MAX_MESSAGE_BYTES + 1),
    ],
)
def test_what_cannot_be_answered_is_dropped(data: bytes) -> None:
    assert refused(data).request is None


def test_a_limit_on_the_size_can_be_set() -> None:
    assert parse_message(INVITE, max_bytes=len(INVITE))
    with pytest.raises(SipSyntaxError) as caught:
        parse_message(INVITE, max_bytes=len(INVITE) - 1)
    assert caught.value.status == 513


@pytest.mark.parametrize(
    "run", [b" " * 60_000, b"\r\n " * 20_000, b'"' * 60_000, b"<" * 60_000, b";a" * 30_000]
)
@pytest.mark.timeout(5)
def test_long_runs_of_one_character_cost_no_more_than_their_length(run: bytes) -> None:
    for head in (b"Via: ", b"From: ", b"Contact: ", b"Subject: "):
        refused_or_not(INVITE.replace(head, head + run))
    refused_or_not(b"INVITE " + run + INVITE)


def refused_or_not(data: bytes) -> None:
    try:
        message = parse_message(data)
    except SipSyntaxError as error:
        assert 400 <= error.status < 600
    else:
        message.to_bytes()


@given(st.binary(max_size=2000))
def test_no_bytes_break_the_parser(data: bytes) -> None:
    refused_or_not(data)


PIECES = st.sampled_from(
    [
        b"\r\n",
        b"\r\n ",
        b"\r",
        b"\n",
        b";",
        b",",
        b'"',
        b"\\",
        b"<",
        b">",
        b":",
        b"@",
        b"[",
        b"]",
        b"%",
        b"=",
        b"?",
        b" ",
        b"\t",
        b"\x00",
        b"\xff",
        b"\xd9\xa5",
        b"SIP/2.0",
        b"*",
        b"sip:",
        b"0",
        b"99999999999999999999",
        b"Via: ",
    ]
)


@given(
    st.sampled_from([INVITE, RINGING]),
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 12), PIECES | st.binary(max_size=8)), max_size=8),
)
def test_no_mutation_of_a_message_breaks_the_parser(data: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    for position, deleted, inserted in edits:
        data = data[:position] + inserted + data[position + deleted :]
    refused_or_not(data)


NAMES = st.from_regex(r"X-[A-Za-z0-9]{1,20}", fullmatch=True)
VALUES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=50).map(
    lambda text: text.strip(" \t")
)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=20), st.binary(max_size=200))
def test_any_headers_and_body_survive_the_wire(items: list[tuple[str, str]], body: bytes) -> None:
    message = parse_message(INVITE)
    assert isinstance(message, Request)
    sent = Request(
        message.method, message.uri, message.headers.without("Content-Length").extending(items), body
    )
    got = parse_message(sent.to_bytes())
    assert got.headers.without("Content-Length") == sent.headers
    assert got.body == body


def test_finding_43_a_request_line_beyond_all_bounds_gets_a_414() -> None:
    error = refused(INVITE.replace(b"INVITE sip:", b"INVITE sip:" + b"a" * MAX_LINE_LENGTH))
    assert (error.status, error.request is not None) == (414, True)


def test_finding_46_a_message_whose_lines_end_in_lf_only_is_answered() -> None:
    error = refused(INVITE.replace(b"\r\n", b"\n"))
    assert (error.status, error.request is not None) == (400, True)
    assert "CRLF" in error.reason
