"""Session descriptions: read, written, bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.sdp.description import (
    MAX_SDP_BYTES,
    Connection,
    Direction,
    RtpMap,
    SdpError,
    SessionDescription,
)

PHONE = (
    b"v=0\r\n"
    b"o=user1 53655765 2353687637 IN IP4 127.0.1.1\r\n"
    b"s=-\r\n"
    b"i=a call\r\n"
    b"c=IN IP4 127.0.1.1\r\n"
    b"b=AS:84\r\n"
    b"t=0 0\r\n"
    b"a=tool:x\r\n"
    b"m=audio 6000 RTP/AVP 0 8 101\r\n"
    b"i=speech\r\n"
    b"c=IN IP4 192.0.2.7\r\n"
    b"b=TIAS:64000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\n"
    b"a=fmtp:101 0-16\r\n"
    b"a=sendonly\r\n"
    b"m=video 0/2 RTP/AVP 31\r\n"
)


def parse(body: bytes) -> SessionDescription:
    return SessionDescription.parse(body)


def test_a_canonical_description_is_written_back_byte_for_byte() -> None:
    assert parse(PHONE).to_bytes() == PHONE


def test_the_parts_of_a_description() -> None:
    session = parse(PHONE)
    audio, video = session.media
    assert (session.origin.session_id, session.origin.version) == (53655765, 2353687637)
    assert (audio.kind, audio.port, audio.protocol, audio.formats) == (
        "audio",
        6000,
        "RTP/AVP",
        ("0", "8", "101"),
    )
    assert audio.rtpmaps() == {101: RtpMap("telephone-event", 8000)}
    assert audio.attribute("fmtp") == "101 0-16"
    assert (video.port, video.port_count) == (0, 2)


def test_an_address_of_the_stream_goes_before_that_of_the_session() -> None:
    session = parse(PHONE)
    assert session.connection_of(session.media[0]) == Connection("IP4", "192.0.2.7")
    assert session.connection_of(session.media[1]) == Connection("IP4", "127.0.1.1")


def test_a_direction_of_the_session_holds_where_the_stream_has_none() -> None:
    session = parse(PHONE.replace(b"a=tool:x", b"a=inactive "))
    assert session.direction_of(session.media[0]) is Direction.SENDONLY
    assert session.direction_of(session.media[1]) is Direction.INACTIVE
    assert parse(PHONE).direction_of(parse(PHONE).media[1]) is Direction.SENDRECV


@pytest.mark.parametrize("direction", Direction)
def test_a_direction_reversed_twice_is_itself(direction: Direction) -> None:
    assert direction.reversed.reversed is direction
    assert direction.reversed.sends == direction.receives


def test_ipv6_addresses() -> None:
    session = parse(PHONE.replace(b"c=IN IP4 192.0.2.7", b"c=IN IP6 2001:db8::1"))
    assert session.connection_of(session.media[0]) == Connection("IP6", "2001:db8::1")


@pytest.mark.parametrize(
    "body",
    [
        PHONE.replace(b"\r\n", b"\n"),
        PHONE.removesuffix(b"\r\n"),
        PHONE + b"\r\n\r\n",
        PHONE.replace(b"s=-\r\n", b""),
        PHONE.replace(b"t=0 0\r\n", b""),
        PHONE.replace(b"m=audio 6000 RTP/AVP 0 8 101", b"m=audio 6000 RTP/AVP 0  8 101 "),
        PHONE.replace(b"a=tool:x", b"a=tool:\xff\xfe"),
    ],
)
def test_harmless_oddities_are_tolerated(body: bytes) -> None:
    session = parse(body)
    assert session.media[0].formats == ("0", "8", "101")
    assert parse(session.to_bytes()) == session


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0",
        b"hello",
        PHONE.replace(b"v=0", b"v=1"),
        PHONE.replace(b"v=0\r\n", b""),
        PHONE.replace(b"v=0\r\n", b"v=0\r\nv=0\r\n"),
        PHONE.replace(b"o=user1", b"x=user1"),
        PHONE.replace(b"53655765", b"session"),
        PHONE.replace(b"53655765", b"9" * 5000),
        PHONE.replace(b"IN IP4 192.0.2.7", b"IN IP5 192.0.2.7"),
        PHONE.replace(b"audio 6000", b"audio 66000"),
        PHONE.replace(b"audio 6000", b"audio port"),
        PHONE.replace(b"RTP/AVP 0 8 101", b"RTP/AVP"),
        PHONE.replace(b"a=tool:x", b"a=to\rol:x"),
        PHONE.replace(b"a=tool:x", b"a =tool:x"),
        PHONE + b"m=audio 1 RTP/AVP 0\r\n" * 40,
        PHONE + b"a=x\r\n" * 2000,
        PHONE + b"a=" + b"x" * MAX_SDP_BYTES + b"\r\n",
        PHONE.replace(b"0 8 101", b" ".join([b"0"] * 200)),
    ],
)
def test_what_is_no_description_is_refused(body: bytes) -> None:
    with pytest.raises(SdpError):
        parse(body)


@given(
    st.binary(max_size=400)
    | st.lists(
        st.tuples(
            st.sampled_from("vosctmabk"),
            st.text(st.sampled_from(list("0189 IPN46:/.-audioRTV\xe9")), max_size=30),
        )
    ).map(lambda lines: "\r\n".join(f"{letter}={text}" for letter, text in lines).encode())
)
def test_no_bytes_break_the_parser(body: bytes) -> None:
    for data in (body, PHONE + body, b"v=0\r\no=- 1 1 IN IP4 a\r\n" + body):
        try:
            session = parse(data)
        except SdpError:
            continue
        assert parse(session.to_bytes()) == session
