"""What two sides agree on about sound."""

from __future__ import annotations

import pytest

from telephony.sdp.description import Direction
from telephony.sdp.media_agreement import MediaAgreement
from telephony.sdp.offer_answer import LocalMedia, NegotiatedMedia, NotAcceptable


def agreed(agreement: MediaAgreement) -> NegotiatedMedia:
    assert agreement.negotiated is not None
    return agreement.negotiated


def answer_to(offer: bytes, agreement: MediaAgreement) -> bytes:
    answer = agreement.respond(offer)
    assert isinstance(answer, bytes)
    return answer


@pytest.fixture
def ours() -> MediaAgreement:
    return MediaAgreement(LocalMedia("127.0.0.1", 4000, 1))


@pytest.fixture
def theirs() -> MediaAgreement:
    return MediaAgreement(LocalMedia("127.0.0.1", 5000, 2))


def test_two_sides_agree_on_each_others_ports(ours: MediaAgreement, theirs: MediaAgreement) -> None:
    answer = answer_to(ours.offer(Direction.SENDRECV), theirs)
    assert ours.accept(answer) is None
    assert (agreed(ours).port, agreed(theirs).port) == (5000, 4000)


def test_an_invite_without_offer_gets_ours_and_its_ack_the_answer(
    ours: MediaAgreement, theirs: MediaAgreement
) -> None:
    offer = ours.respond(b"")
    assert isinstance(offer, bytes)
    answer = answer_to(offer, theirs)
    assert ours.accept(answer) is None
    assert agreed(ours).port == 5000


def test_what_cannot_be_read_is_refused_and_changes_nothing(
    ours: MediaAgreement, theirs: MediaAgreement
) -> None:
    ours.accept(answer_to(ours.offer(Direction.SENDRECV), theirs))
    before = ours.negotiated
    refusal = ours.respond(b"nonsense")
    assert isinstance(refusal, NotAcceptable)
    assert refusal.status == 400
    assert ours.negotiated is before


def test_a_withdrawn_offer_is_forgotten(ours: MediaAgreement, theirs: MediaAgreement) -> None:
    ours.accept(answer_to(ours.offer(Direction.SENDRECV), theirs))
    answer = answer_to(ours.offer(Direction.SENDONLY), theirs)
    ours.withdraw()
    before = ours.negotiated
    assert ours.accept(answer) is None
    assert ours.negotiated is before


def test_early_sound_does_not_bind_the_final_answer(ours: MediaAgreement, theirs: MediaAgreement) -> None:
    early = answer_to(ours.offer(Direction.SENDRECV), theirs)
    preview = ours.preview(early)
    assert preview is not None
    assert preview.port == 5000
    assert ours.negotiated is None
    other = MediaAgreement(LocalMedia("127.0.0.1", 6000, 3))
    ours.accept(answer_to(ours.offer(Direction.SENDRECV), other))
    assert agreed(ours).port == 6000
