"""Offer and answer for telephone audio (RFC 3264)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.sdp.description import Direction, SdpError, SessionDescription
from telephony.sdp.offer_answer import (
    Answer,
    Codec,
    LocalMedia,
    NegotiatedMedia,
    NotAcceptable,
    accept_answer,
    answer_offer,
    make_offer,
)

OURS = LocalMedia("127.0.0.1", 4000, session_id=7)
THEIRS = LocalMedia("127.0.0.2", 6000, session_id=9)


def sdp(*media: str, connection: str = "c=IN IP4 192.0.2.1") -> SessionDescription:
    lines = ["v=0", "o=phone 11 12 IN IP4 192.0.2.1", "s=-", connection, "t=5 6", *media]
    return SessionDescription.parse("\r\n".join(lines).encode())


AUDIO = (
    "m=audio 49170 RTP/AVP 8 0 96",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:96 telephone-event/8000",
    "a=ptime:30",
)


def answered(
    offer: SessionDescription,
    direction: Direction = Direction.SENDRECV,
    previous: SessionDescription | None = None,
) -> Answer:
    result = answer_offer(offer, OURS, direction=direction, previous=previous)
    assert isinstance(result, Answer)
    return result


def refused(offer: SessionDescription) -> NotAcceptable:
    result = answer_offer(offer, OURS)
    assert isinstance(result, NotAcceptable)
    return result


def accepted(offer: SessionDescription, answer: SessionDescription) -> NegotiatedMedia:
    result = accept_answer(offer, answer)
    assert isinstance(result, NegotiatedMedia)
    return result


def test_an_answer_takes_the_peers_first_codec_and_its_number_for_digits() -> None:
    result = answered(sdp(*AUDIO))
    assert result.media == NegotiatedMedia(
        address="192.0.2.1",
        port=49170,
        codec=Codec.PCMA,
        dtmf_payload_type=96,
        dtmf_receive_payload_type=96,
        ptime_ms=30,
        send=True,
        receive=True,
        held_by_peer=False,
    )
    assert result.description.to_bytes() == (
        b"v=0\r\no=- 7 7 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=5 6\r\n"
        b"m=audio 4000 RTP/AVP 8 96\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:96 telephone-event/8000\r\n"
        b"a=fmtp:96 0-16\r\na=ptime:30\r\na=sendrecv\r\n"
    )


def test_our_offer_meets_our_answer() -> None:
    offer = make_offer(OURS)
    result = answer_offer(offer, THEIRS)
    assert isinstance(result, Answer)
    agreed = accepted(offer, result.description)
    assert (agreed.address, agreed.port, agreed.codec) == ("127.0.0.2", 6000, Codec.PCMU)
    assert (result.media.address, result.media.port, result.media.codec) == ("127.0.0.1", 4000, Codec.PCMU)
    assert agreed.dtmf_payload_type == result.media.dtmf_payload_type == 101


def test_no_digits_are_agreed_when_the_peer_has_none() -> None:
    result = answered(sdp("m=audio 49170 RTP/AVP 0"))
    assert result.media.dtmf_payload_type is None
    assert result.description.media[0].formats == ("0",)
    # Some gateways offer the event at other clock rates as well.
    wide = answered(sdp("m=audio 49170 RTP/AVP 0 97", "a=rtpmap:97 telephone-event/16000"))
    assert wide.media.dtmf_payload_type is None


def test_the_peers_numbers_count_for_sending_and_ours_for_receiving() -> None:
    offer = make_offer(OURS)
    agreed = accepted(offer, sdp("m=audio 5000 RTP/AVP 0 97", "a=rtpmap:97 telephone-event/8000"))
    assert (agreed.dtmf_payload_type, agreed.dtmf_receive_payload_type) == (97, 101)


def test_an_answer_that_leaves_the_mapping_of_our_number_out_is_understood() -> None:
    agreed = accepted(make_offer(OURS), sdp("m=audio 5000 RTP/AVP 0 101"))
    assert agreed.dtmf_payload_type == 101


def test_a_static_number_that_means_something_else_is_not_ours() -> None:
    result = answered(sdp("m=audio 49170 RTP/AVP 0 8", "a=rtpmap:0 EVIL/8000"))
    assert result.media.codec is Codec.PCMA


@pytest.mark.parametrize(
    ("attribute", "connection", "send", "receive", "held", "reply"),
    [
        ("a=sendrecv", "c=IN IP4 192.0.2.1", True, True, False, Direction.SENDRECV),
        ("a=sendonly", "c=IN IP4 192.0.2.1", False, True, True, Direction.RECVONLY),
        ("a=inactive", "c=IN IP4 192.0.2.1", False, False, True, Direction.INACTIVE),
        ("a=recvonly", "c=IN IP4 192.0.2.1", True, False, True, Direction.SENDONLY),
        ("a=sendrecv", "c=IN IP4 0.0.0.0", False, True, True, Direction.RECVONLY),
        ("a=inactive", "c=IN IP4 0.0.0.0", False, False, True, Direction.INACTIVE),
        ("a=x", "c=IN IP4 192.0.2.1\r\na=sendonly", False, True, True, Direction.RECVONLY),
    ],
)
def test_hold_is_understood_in_every_dialect(
    attribute: str, connection: str, send: bool, receive: bool, held: bool, reply: Direction
) -> None:
    lines = connection.split("\r\n")
    offer = sdp("m=audio 49170 RTP/AVP 0", attribute, connection=lines[0])
    if len(lines) > 1:
        session_level = offer.to_bytes().replace(b"t=5 6\r\n", b"t=5 6\r\n" + lines[1].encode() + b"\r\n")
        offer = SessionDescription.parse(session_level)
    result = answered(offer)
    assert (result.media.send, result.media.receive, result.media.held_by_peer) == (send, receive, held)
    assert result.description.media[0].direction is reply


@pytest.mark.parametrize("offered", Direction)
@pytest.mark.parametrize("wanted", Direction)
def test_an_answer_is_never_wider_than_the_offer_or_our_wish(offered: Direction, wanted: Direction) -> None:
    result = answered(sdp("m=audio 49170 RTP/AVP 0", f"a={offered.value}"), direction=wanted)
    reply = result.description.media[0].direction
    assert reply is not None
    assert reply.sends == (offered.receives and wanted.sends) == result.media.send
    assert reply.receives == (offered.sends and wanted.receives) == result.media.receive


def test_our_hold_is_not_a_hold_by_the_peer() -> None:
    offer = make_offer(OURS, direction=Direction.SENDONLY)
    agreed = accepted(offer, sdp("m=audio 5000 RTP/AVP 0", "a=recvonly"))
    assert (agreed.send, agreed.receive, agreed.held_by_peer) == (True, False, False)


def test_a_peer_that_answers_less_than_we_offered_holds_us() -> None:
    agreed = accepted(make_offer(OURS), sdp("m=audio 5000 RTP/AVP 0", "a=sendonly"))
    assert (agreed.send, agreed.receive, agreed.held_by_peer) == (False, True, True)


def test_a_changed_offer_keeps_the_session_and_raises_its_version_by_one() -> None:
    first = make_offer(OURS)
    hold = make_offer(OURS, direction=Direction.SENDONLY, previous=first)
    resume = make_offer(OURS, previous=hold)
    assert [offer.origin.session_id for offer in (first, hold, resume)] == [7, 7, 7]
    assert [offer.origin.version for offer in (first, hold, resume)] == [7, 8, 9]


def test_an_unchanged_offer_or_answer_keeps_its_version() -> None:
    first = make_offer(OURS)
    assert make_offer(OURS, previous=first) == first
    reply = answered(sdp(*AUDIO)).description
    assert answered(sdp(*AUDIO), previous=reply).description == reply
    assert answered(sdp(*AUDIO, "a=sendonly"), previous=reply).description.origin.version == 8


def test_streams_that_we_do_not_speak_are_refused_with_port_0_in_their_places() -> None:
    offer = sdp("m=video 3000 RTP/AVP 31", "m=audio 3002 RTP/AVP 18", *AUDIO, "m=audio 3006 RTP/AVP 0")
    description = answered(offer).description
    assert [(media.kind, media.port) for media in description.media] == [
        ("video", 0),
        ("audio", 0),
        ("audio", 4000),
        ("audio", 0),
    ]
    assert description.media[0].formats == ("31",)


def test_a_new_offer_after_an_answer_keeps_every_stream_in_its_place_and_every_number() -> None:
    reply = answered(sdp("m=video 3000 RTP/AVP 31", *AUDIO)).description
    hold = make_offer(OURS, direction=Direction.SENDONLY, previous=reply)
    assert [(media.kind, media.port) for media in hold.media] == [("video", 0), ("audio", 4000)]
    assert "96" in hold.media[1].formats
    assert "101" not in hold.media[1].formats
    assert hold.media[1].direction is Direction.SENDONLY


def test_an_address_of_the_stream_counts() -> None:
    result = answered(sdp(*AUDIO, "c=IN IP4 192.0.2.99"))
    assert result.media.address == "192.0.2.99"


def test_a_mapped_ipv6_address_is_an_ipv4_address() -> None:
    result = answered(sdp(*AUDIO, connection="c=IN IP6 ::ffff:192.0.2.2"))
    assert result.media.address == "192.0.2.2"


def test_ipv6_meets_ipv6() -> None:
    ours = LocalMedia("::1", 4000, 7)
    result = answer_offer(sdp(*AUDIO, connection="c=IN IP6 2001:db8::20"), ours)
    assert isinstance(result, Answer)
    assert result.media.address == "2001:db8::20"
    assert b"c=IN IP6 ::1\r\n" in result.description.to_bytes()


@pytest.mark.parametrize(
    ("offer", "code"),
    [
        (sdp(), 304),
        (sdp("m=video 3000 RTP/AVP 31"), 304),
        (sdp("m=audio 0 RTP/AVP 0"), 304),
        (sdp("m=audio 3000 RTP/AVP 18", "a=rtpmap:18 G729/8000"), 305),
        (sdp("m=audio 3000 RTP/SAVP 0"), 302),
        (sdp("m=audio 3000 RTP/AVP 0", connection="c=IN IP6 2001:db8::1"), 301),
        (sdp("m=audio 3000 RTP/AVP 0", connection="c=IN IP4 224.2.1.1/127"), 301),
        (sdp("m=audio 3000 RTP/AVP 0", connection="c=IN IP4 255.255.255.255"), 301),
        (sdp("m=audio 3000 RTP/AVP 0", connection="c=IN IP4 phone_example..com"), 301),
        (sdp("m=audio 3000 RTP/AVP 0", connection="b=AS:1"), 399),
    ],
)
def test_no_agreement_is_a_488_with_the_reason(offer: SessionDescription, code: int) -> None:
    refusal = refused(offer)
    assert (refusal.status, refusal.warning_code) == (488, code)
    assert refusal.warning("127.0.0.1") == f'{code} 127.0.0.1 "{refusal.reason}"'


@pytest.mark.parametrize(
    "answer",
    [
        sdp(),
        sdp("m=audio 0 RTP/AVP 0"),
        sdp("m=video 3000 RTP/AVP 31"),
        sdp("m=audio 3000 RTP/AVP 18"),
    ],
)
def test_an_answer_without_our_stream_is_no_agreement(answer: SessionDescription) -> None:
    assert isinstance(accept_answer(make_offer(OURS), answer), NotAcceptable)


def test_finding_44_the_most_a_peer_takes_in_one_packet_is_kept_and_answered() -> None:
    for attributes, ptime_ms in (
        (("a=maxptime:10",), 10),
        (("a=ptime:40", "a=maxptime:30"), 30),
        (("a=ptime:10", "a=maxptime:40"), 10),
        (("a=maxptime:35", "a=ptime:60"), 30),
        (("a=maxptime:x",), 20),
    ):
        answer = answered(sdp("m=audio 49170 RTP/AVP 0", *attributes))
        assert answer.media.ptime_ms == ptime_ms
        assert answer.description.media[0].attribute("ptime") == str(ptime_ms)


def test_finding_41_a_host_name_is_an_address_to_be_looked_up() -> None:
    answer = answered(sdp("m=audio 3000 RTP/AVP 0", connection="c=IN IP4 phone.example.com"))
    assert answer.media.address == "phone.example.com"


def test_finding_08_an_answer_of_the_other_ip_version_is_not_accepted() -> None:
    answer = sdp("m=audio 3000 RTP/AVP 0", connection="c=IN IP6 2001:db8::1")
    refusal = accept_answer(make_offer(OURS), answer)
    assert isinstance(refusal, NotAcceptable)
    assert refusal.warning_code == 301


@pytest.mark.parametrize(
    ("text", "ptime_ms"), [("10", 10), ("0", 20), ("x", 20), ("99999", 20), ("\u0665", 20)]
)
def test_an_odd_packet_time_falls_back_to_20_ms(text: str, ptime_ms: int) -> None:
    assert answered(sdp("m=audio 49170 RTP/AVP 0", f"a=ptime:{text}")).media.ptime_ms == ptime_ms


LINES = st.lists(
    st.sampled_from(
        [
            "m=audio 5 RTP/AVP 0 101",
            "m=audio 0 RTP/AVP 8",
            "m=audio 7 RTP/AVP 0800 99999999 x",
            "m=video 5 X 0",
            "c=IN IP4 0.0.0.0",
            "c=IN IP6 ::",
            "c=IN IP4 x/1",
            "c=IN IP6 fe80::1%e",
            "a=inactive",
            "a=rtpmap:0 x/1",
            "a=rtpmap:101 telephone-event/8000",
            "a=rtpmap:² a/1",
            "a=ptime:²",
            "a=rtpmap:",
        ]
    ),
    max_size=8,
)


@given(LINES, LINES)
def test_no_description_breaks_the_negotiation(first: list[str], second: list[str]) -> None:
    try:
        offer, other = sdp(*first), sdp(*second)
    except SdpError:
        return
    for description in (offer, other):
        result = answer_offer(description, OURS, previous=None)
        if isinstance(result, Answer):
            assert len(result.description.media) == len(description.media)
            assert SessionDescription.parse(result.description.to_bytes()) == result.description
            answered(make_offer(THEIRS), previous=result.description)
    accept_answer(make_offer(OURS), other)
    accept_answer(offer, other)


def test_a_format_of_absurd_length_is_passed_over() -> None:
    answer = answered(sdp("m=audio 4 RTP/AVP 0000" + "1" * 5000 + " 0"))
    assert answer.media.codec is Codec.PCMU
    assert answer.media.dtmf_payload_type is None


def test_mappings_are_read_once_however_many_formats_there_are() -> None:
    formats = " ".join(str(number) for number in range(1, 128))
    offer = sdp(f"m=audio 4 RTP/AVP {formats} 0", *(f"a=rtpmap:{n % 900 + 100} x/1" for n in range(950)))
    began = time.process_time()
    assert answered(offer).media.codec is Codec.PCMA
    assert time.process_time() - began < 0.03, "127 formats times 950 attributes took more than 80 ms"


WIDE = LocalMedia("127.0.0.1", 4000, session_id=7, codecs=(Codec.G722, Codec.PCMA))


def test_s_g722_is_offered_by_its_static_number_and_the_clock_of_the_standard() -> None:
    [audio] = make_offer(WIDE).media
    assert audio.formats == ("9", "8", "101")
    assert ("rtpmap", "9 G722/8000") in audio.attributes


def test_g722_is_taken_where_it_is_named_and_nowhere_else() -> None:
    offer = sdp("m=audio 4002 RTP/AVP 9 8", "a=rtpmap:9 G722/8000")
    taken = answer_offer(offer, WIDE)
    assert isinstance(taken, Answer)
    assert (taken.media.codec, taken.media.payload_type) == (Codec.G722, 9)
    assert answered(offer).media.codec is Codec.PCMA
    assert refused(sdp("m=audio 4002 RTP/AVP 9")).warning_code == 305


def test_an_answer_with_g722_to_an_offer_without_it_is_none() -> None:
    answer = sdp("m=audio 4002 RTP/AVP 9")
    assert isinstance(accept_answer(make_offer(OURS), answer), NotAcceptable)
    agreed = accept_answer(make_offer(WIDE), answer)
    assert isinstance(agreed, NegotiatedMedia)
    assert agreed.codec is Codec.G722
