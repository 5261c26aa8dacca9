"""What two sides agree on about sound."""

from __future__ import annotations

import pytest

from telephony.media_agreement import MediaAgreement
from telephony.offer_answer import LocalMedia, NotAcceptable
from telephony.sdp import Direction


@pytest.fixture
def ours() -> MediaAgreement:
    return MediaAgreement(LocalMedia("127.0.0.1", 4000, 1))


@pytest.fixture
def theirs() -> MediaAgreement:
    return MediaAgreement(LocalMedia("127.0.0.1", 5000, 2))


def test_two_sides_agree_on_each_others_ports(ours, theirs):
    answer = theirs.respond(ours.offer(Direction.SENDRECV))
    assert isinstance(answer, bytes)
    assert ours.accept(answer) is None
    assert (ours.negotiated.port, theirs.negotiated.port) == (5000, 4000)


def test_an_invite_without_offer_gets_ours_and_its_ack_the_answer(ours, theirs):
    offer = ours.respond(b"")
    assert isinstance(offer, bytes)
    answer = theirs.respond(offer)
    assert ours.accept(answer) is None
    assert ours.negotiated.port == 5000


def test_what_cannot_be_read_is_refused_and_changes_nothing(ours, theirs):
    ours.accept(theirs.respond(ours.offer(Direction.SENDRECV)))
    before = ours.negotiated
    refusal = ours.respond(b"nonsense")
    assert isinstance(refusal, NotAcceptable)
    assert refusal.status == 400
    assert ours.negotiated is before


def test_a_withdrawn_offer_is_forgotten(ours, theirs):
    ours.accept(theirs.respond(ours.offer(Direction.SENDRECV)))
    answer = theirs.respond(ours.offer(Direction.SENDONLY))
    ours.withdraw()
    before = ours.negotiated
    assert ours.accept(answer) is None
    assert ours.negotiated is before


def test_early_sound_does_not_bind_the_final_answer(ours, theirs):
    early = theirs.respond(ours.offer(Direction.SENDRECV))
    assert ours.preview(early).port == 5000
    assert ours.negotiated is None
    other = MediaAgreement(LocalMedia("127.0.0.1", 6000, 3))
    ours.accept(other.respond(ours.offer(Direction.SENDRECV)))
    assert ours.negotiated.port == 6000
