"""Cutting a TCP stream into messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.sip.errors import SipSyntaxError
from telephony.sip.framing import KeepAlive, StreamFramer

MESSAGE = (
    b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
    b"To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 4\r\n\r\nbody"
)
EMPTY = b"SIP/2.0 200 OK\r\nl:\r\n 0\r\n\r\n"


def all_of(framer: StreamFramer, data: bytes) -> list[bytes | KeepAlive]:
    return list(framer.feed(data))


def lost(data: bytes, max_bytes: int = 65535) -> SipSyntaxError:
    framer = StreamFramer(max_bytes)
    with pytest.raises(SipSyntaxError) as caught:
        all_of(framer, data)
    return caught.value


def test_several_messages_in_one_read() -> None:
    framer = StreamFramer()
    assert all_of(framer, MESSAGE + EMPTY + MESSAGE) == [MESSAGE, EMPTY, MESSAGE]
    assert framer.idle


@given(st.lists(st.sampled_from([MESSAGE, EMPTY]), min_size=1, max_size=4), st.data())
def test_any_cutting_gives_the_same_messages(messages: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    framer = StreamFramer()
    got: list[bytes | KeepAlive] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += framer.feed(stream[start:end])
    assert got == messages
    assert framer.idle


def test_a_double_line_break_is_a_ping_and_a_single_one_a_pong() -> None:
    framer = StreamFramer()
    assert all_of(framer, b"\r\n\r\n") == [KeepAlive.PING]
    assert all_of(framer, MESSAGE + b"\r\n") == [MESSAGE, KeepAlive.PONG]
    assert framer.idle


def test_a_ping_in_two_reads_is_still_answered() -> None:
    framer = StreamFramer()
    assert KeepAlive.PING in all_of(framer, b"\r\n\r") + all_of(framer, b"\n")


@pytest.mark.parametrize(
    "data",
    [
        MESSAGE.replace(b"Content-Length: 4\r\n", b""),
        MESSAGE.replace(b"Content-Length: 4", b"Content-Length: four"),
        MESSAGE.replace(b"Content-Length: 4", b"Content-Length: 4\r\nl: 5"),
        MESSAGE.replace(b"Content-Length: 4", b"Content-Length: -1"),
        MESSAGE.replace(b"Content-Length: 4", b"Content-Length: 99999999"),
        MESSAGE.replace(b"Content-Length: 4", b"Content-Length: " + b"9" * 6000),
    ],
)
def test_framing_is_lost_without_a_usable_length_and_the_request_can_be_answered(data: bytes) -> None:
    error = lost(data)
    assert error.request is not None
    assert error.request.headers.get("Call-ID") == "x"


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02\x00" * 2000, b"\0\r\n", b"a" * 70_000, b"\r\r\n"]
)
def test_what_is_not_sip_is_given_up_early(data: bytes) -> None:
    assert lost(data).request is None


def test_messages_before_the_loss_are_delivered() -> None:
    got: list[bytes | KeepAlive] = []
    with pytest.raises(SipSyntaxError):
        got.extend(StreamFramer().feed(MESSAGE + b"junk\r\n"))
    assert got == [MESSAGE]


def test_headers_without_end_are_bounded() -> None:
    head = b"OPTIONS sip:a@b SIP/2.0\r\n"
    assert lost(head + b"X: y\r\n" * 1000, max_bytes=4096).status == 513


def test_a_message_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert all_of(StreamFramer(len(MESSAGE)), MESSAGE) == [MESSAGE]
    assert lost(MESSAGE, len(MESSAGE) - 1).status == 513


@pytest.mark.timeout(120)
def test_a_message_that_comes_byte_by_byte_is_not_searched_again_and_again() -> None:
    framer = StreamFramer()
    message = EMPTY.replace(b"l:\r\n 0", b"X: " + b"y" * 30_000 + b"\r\nl: 30000") + b"z" * 30_000
    got: list[bytes | KeepAlive] = []
    for index in range(len(message)):
        got += framer.feed(message[index : index + 1])
    assert got == [message]


@given(st.binary(max_size=300))
def test_no_bytes_break_the_framer(data: bytes) -> None:
    for prefix in (b"", MESSAGE, MESSAGE[:60]):
        try:
            all_of(StreamFramer(1000), prefix + data)
        except SipSyntaxError as error:
            assert error.status in (400, 513)
