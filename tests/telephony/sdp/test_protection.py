"""SRTP by keys in SDP: what two sides agree on, and what neither takes from the other."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from telephony.sdp.description import Direction, SessionDescription
from telephony.sdp.media_agreement import MediaAgreement
from telephony.sdp.offer_answer import LocalMedia, NotAcceptable
from telephony.sdp.protection import OUR_SUITES, AgreedKeys, Protection, SrtpUse, fresh_keys
from telephony.sdp.sdes import CryptoKey, CryptoSuite, crypto_keys

PLAIN, SECURE = "RTP/AVP", "RTP/SAVP"


def counted() -> Callable[[int], bytes]:
    """Keys that are told apart."""
    numbers = itertools.count(1)
    return lambda size: bytes([next(numbers)] * size)


def side(use: SrtpUse, port: int = 4000, first: int = 0) -> MediaAgreement:
    draw = counted()
    for _ in range(first):
        draw(1)
    local = LocalMedia("127.0.0.1", port, port, protection=Protection(use, fresh_keys(draw)))
    return MediaAgreement(local, lambda: fresh_keys(draw))


@pytest.fixture
def ours() -> MediaAgreement:
    return side(SrtpUse.REQUIRE)


@pytest.fixture
def theirs() -> MediaAgreement:
    return side(SrtpUse.REQUIRE, 5000, first=100)


def keys(agreement: MediaAgreement) -> AgreedKeys:
    assert agreement.negotiated is not None
    assert agreement.negotiated.srtp is not None
    return agreement.negotiated.srtp


def answer(agreement: MediaAgreement, offer: bytes) -> bytes:
    body = agreement.respond(offer)
    assert isinstance(body, bytes), body
    return body


def refusal(agreement: MediaAgreement, offer: bytes) -> NotAcceptable:
    said = agreement.respond(offer)
    assert isinstance(said, NotAcceptable)
    return said


def call(caller: MediaAgreement, callee: MediaAgreement) -> bytes:
    """The answer."""
    body = answer(callee, caller.offer(Direction.SENDRECV))
    assert caller.accept(body) is None
    return body


def phone(*lines: str) -> bytes:
    """An offer of somebody else's."""
    head = ("v=0", "o=p 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0")
    return "\r\n".join((*head, *lines, "")).encode()


def crypto(suite: CryptoSuite, tag: int = 1, fill: int = 7, after: str = "") -> str:
    return f"a=crypto:{CryptoKey(tag, suite, bytes([fill] * suite.key_bytes))}{after}"


WEAK = CryptoSuite.AES_CM_128_HMAC_SHA1_32
USUAL = CryptoSuite.AES_CM_128_HMAC_SHA1_80
BEST = CryptoSuite.AEAD_AES_256_GCM


def test_s_srtp_each_side_sends_with_its_own_key_and_knows_the_others(
    ours: MediaAgreement, theirs: MediaAgreement
) -> None:
    call(ours, theirs)
    assert (keys(ours).ours, keys(ours).theirs) == (keys(theirs).theirs, keys(theirs).ours)
    assert keys(ours).ours.key != keys(ours).theirs.key
    assert keys(ours).ours.suite is BEST


def test_an_offer_that_requires_it_brings_a_key_of_its_own_for_each_suite(ours: MediaAgreement) -> None:
    [section] = SessionDescription.parse(ours.offer(Direction.SENDRECV)).media
    offered = crypto_keys(section)
    assert section.protocol == SECURE
    assert tuple(key.suite for key in offered) == OUR_SUITES
    assert len({key.key[:16] for key in offered}) == len({key.tag for key in offered}) == len(OUR_SUITES)


def test_the_answer_has_the_tag_of_the_best_suite_offered_and_one_key(ours: MediaAgreement) -> None:
    offer = phone(
        "m=audio 6000 RTP/SAVP 0", crypto(WEAK, 3), crypto(USUAL, 9), "a=crypto:1 UNHEARD inline:AA=="
    )
    [section] = SessionDescription.parse(answer(ours, offer)).media
    [mine] = crypto_keys(section)
    assert (section.protocol, mine.tag, mine.suite) == (SECURE, 9, USUAL)
    assert keys(ours).theirs.key == bytes([7] * 30)


@pytest.mark.parametrize(
    ("use", "lines", "code"),
    [
        (SrtpUse.REQUIRE, ("m=audio 6000 RTP/AVP 0",), 302),
        (SrtpUse.REQUIRE, ("m=audio 6000 RTP/AVP 0", crypto(USUAL)), 302),
        (SrtpUse.REQUIRE, ("m=audio 6000 UDP/TLS/RTP/SAVP 0", crypto(USUAL)), 302),
        (SrtpUse.REQUIRE, ("m=audio 6000 RTP/SAVP 0",), 399),
        (SrtpUse.PREFER, ("m=audio 6000 RTP/SAVP 0", crypto(USUAL, after="|2^20|1:4")), 399),
        (SrtpUse.PREFER, ("m=audio 6000 RTP/SAVP 0", crypto(USUAL, after=" UNENCRYPTED_SRTP")), 399),
        (SrtpUse.PREFER, ("m=audio 6000 RTP/SAVPF 0", crypto(USUAL)), 302),
        (SrtpUse.NEVER, ("m=audio 6000 RTP/SAVP 0", crypto(USUAL)), 302),
    ],
)
def test_what_cannot_be_met_is_refused_with_a_warning(
    use: SrtpUse, lines: tuple[str, ...], code: int
) -> None:
    said = refusal(side(use), phone(*lines))
    assert (said.status, said.warning_code) == (488, code)
    assert "inline" not in said.warning("host")


def test_without_a_library_an_encrypted_offer_is_refused_and_never_answered_in_clear() -> None:
    helpless = MediaAgreement(LocalMedia("127.0.0.1", 4000, 1, protection=Protection(SrtpUse.PREFER)))
    assert refusal(helpless, phone("m=audio 6000 RTP/SAVP 0", crypto(USUAL))).status == 488


@pytest.mark.parametrize(("use", "taken"), [(SrtpUse.PREFER, 1), (SrtpUse.REQUIRE, 1), (SrtpUse.NEVER, 0)])
def test_of_a_plain_and_an_encrypted_stream_the_setting_takes_one(use: SrtpUse, taken: int) -> None:
    offer = phone("m=audio 6000 RTP/AVP 0", "m=audio 6002 RTP/SAVP 0", crypto(USUAL))
    media = SessionDescription.parse(answer(side(use), offer)).media
    assert [bool(section.port) for section in media].index(True) == taken
    assert [section.protocol for section in media] == [PLAIN, SECURE]


def test_who_prefers_it_offers_plain_sound_and_takes_it_encrypted(theirs: MediaAgreement) -> None:
    assert b"RTP/AVP" in side(SrtpUse.PREFER).offer(Direction.SENDRECV)
    eager = side(SrtpUse.PREFER)
    call(theirs, eager)
    assert keys(eager).ours == keys(theirs).theirs


@pytest.mark.parametrize("protocol", [PLAIN, "RTP/SAVPF"])
def test_an_answer_in_clear_to_an_encrypted_offer_is_no_answer(ours: MediaAgreement, protocol: str) -> None:
    offer = ours.offer(Direction.SENDRECV)
    assert ours.accept(phone(f"m=audio 6000 {protocol} 0")) is not None
    assert ours.negotiated is None
    assert b"crypto" in offer


@pytest.mark.parametrize("line", [crypto(BEST, 4), crypto(USUAL, 1), crypto(BEST, 77), "a=sendrecv"])
def test_an_answer_with_a_suite_or_tag_that_was_not_offered_so_is_no_answer(
    ours: MediaAgreement, line: str
) -> None:
    ours.offer(Direction.SENDRECV)
    assert ours.accept(phone("m=audio 6000 RTP/SAVP 0", line)) is not None


def test_an_encrypted_answer_to_a_plain_offer_is_no_answer() -> None:
    plain = side(SrtpUse.NEVER)
    plain.offer(Direction.SENDRECV)
    assert plain.accept(phone("m=audio 6000 RTP/SAVP 0", crypto(USUAL))) is not None


def test_hold_and_resume_keep_the_keys_of_both(ours: MediaAgreement, theirs: MediaAgreement) -> None:
    call(ours, theirs)
    before = keys(ours)
    for direction in (Direction.SENDONLY, Direction.SENDRECV):
        assert ours.accept(answer(theirs, ours.offer(direction))) is None
        assert (keys(ours).ours.key, keys(ours).theirs.key) == (before.ours.key, before.theirs.key)
    assert theirs.accept(answer(ours, theirs.offer(Direction.SENDONLY))) is None
    assert (keys(ours).ours.key, keys(ours).theirs.key) == (before.ours.key, before.theirs.key)


def test_a_peer_that_changes_its_key_gets_a_new_one_of_ours(ours: MediaAgreement) -> None:
    seen = set()
    for fill in (7, 8, 7):
        answer(ours, phone("m=audio 6000 RTP/SAVP 0", crypto(USUAL, fill=fill)))
        assert keys(ours).theirs.key == bytes([fill] * 30)
        seen.add(keys(ours).ours.key)
    assert len(seen) == 3


def test_an_encrypted_call_is_offered_in_its_suite_again_and_never_in_clear() -> None:
    eager = side(SrtpUse.PREFER)
    answer(eager, phone("m=audio 6000 RTP/SAVP 0", crypto(WEAK, 5)))
    [section] = SessionDescription.parse(eager.offer(Direction.SENDONLY)).media
    assert (section.protocol, crypto_keys(section)) == (SECURE, (keys(eager).ours,))


def test_who_requires_it_is_not_talked_out_of_it(ours: MediaAgreement, theirs: MediaAgreement) -> None:
    call(ours, theirs)
    before = keys(ours)
    assert refusal(ours, phone("m=audio 6000 RTP/AVP 0")).status == 488
    assert keys(ours) is before


def test_keys_of_a_call_are_not_printed_and_not_kept_for_the_next(
    ours: MediaAgreement, theirs: MediaAgreement
) -> None:
    body = call(ours, theirs)
    inline = body.decode().partition("inline:")[2].split("\r\n")[0]
    assert inline
    assert inline not in repr(ours) + repr(keys(ours)) + repr(Protection(keys=(keys(ours).ours,)))
    assert b"crypto" not in answer(side(SrtpUse.NEVER), phone("m=audio 6000 RTP/AVP 0"))
