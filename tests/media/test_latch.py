"""Which source of packets is believed to be the party."""

from typing import Any

import pytest

from media.events import DigitReceived, MediaResumed, MediaSilent
from tests.media.conftest import Studio

SPEECH = bytes(range(60, 220))


def heard_packets(leg: Any) -> int:
    packets: int = leg.report().packets_received
    return packets


async def test_finding_07_after_a_hold_a_phone_on_a_new_port_is_heard_and_answered(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    before, after = make_phone(), make_phone()
    leg = studio.engine.open_leg(make_ear())
    leg.connect(before.remote())
    studio.talk((before, leg, SPEECH * 60))
    leg.connect(before.remote(may_receive=False))
    studio.advance(0.2)
    leg.connect(before.remote())
    studio.advance(0.02)
    count = heard_packets(leg)
    after.sequence, after.timestamp = before.sequence, before.timestamp
    studio.talk((after, leg, SPEECH * 50))
    assert heard_packets(leg) - count >= 47
    assert after.received()


@pytest.mark.parametrize("quiet_s", [2.5, 30.0])
async def test_finding_07_a_nat_that_gives_a_new_port_after_a_silence_is_followed(
    studio: Studio, make_phone: Any, make_ear: Any, quiet_s: float
) -> None:
    before, after, ear = make_phone(), make_phone(), make_ear()
    leg = studio.engine.open_leg(ear)
    leg.connect(before.remote())
    studio.talk((before, leg, SPEECH * 100))
    studio.advance(quiet_s)
    assert studio.until(ear, MediaSilent)
    after.sequence, after.timestamp = before.sequence, before.timestamp
    count = heard_packets(leg)
    studio.talk((after, leg, SPEECH * 50))
    assert heard_packets(leg) - count >= 47
    assert after.received()
    assert MediaResumed() in ear


async def test_finding_07_a_phone_that_falls_silent_and_returns_on_its_port_loses_nothing(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    phone = make_phone()
    leg = studio.engine.open_leg(make_ear())
    leg.connect(phone.remote())
    studio.talk((phone, leg, SPEECH * 100))
    studio.advance(10.0)
    studio.talk((phone, leg, SPEECH * 50))
    assert heard_packets(leg) == 150


@pytest.mark.parametrize("sprays", [1, 2])
async def test_finding_07_packets_sprayed_from_the_signalling_address_do_not_make_a_call_deaf(
    studio: Studio, make_phone: Any, make_ear: Any, sprays: int
) -> None:
    phone, sprayer, ear = make_phone(), make_phone("127.0.0.2"), make_ear()
    leg = studio.engine.open_leg(ear)
    leg.connect(phone.remote(signalled_from="127.0.0.2"))
    studio.advance(0.02)
    for _ in range(sprays):
        sprayer.send(leg, bytes([9, 0x8A, 0, 160]), 101)
    studio.advance(0.02)
    studio.talk((phone, leg, SPEECH * 50))
    assert heard_packets(leg) == 50
    assert ear == []
    assert not sprayer.received()
    phone.press(leg, 3)
    studio.advance(0.1)
    assert ear == [DigitReceived("3")]


async def test_finding_07_a_stranger_in_order_on_the_party_s_address_is_not_heard_beside_it(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    """The stranger fires from another port of the same address before and while the party speaks."""
    phone, stranger = make_phone(), make_phone()
    leg = studio.engine.open_leg(make_ear())
    leg.connect(phone.remote())
    studio.talk((stranger, leg, SPEECH * 5), (phone, leg, SPEECH * 100))
    stranger.received()
    studio.talk((stranger, leg, SPEECH * 5), (phone, leg, SPEECH * 100))
    assert 199 <= heard_packets(leg) <= 202
    assert not stranger.received()


async def test_a_port_the_system_chose_stays_when_the_socket_is_opened_again(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    phone, other = make_phone(), make_phone()
    leg = studio.engine.open_leg(make_ear())
    leg.connect(phone.remote())
    studio.talk((phone, leg, SPEECH * 5))
    leg.connect(other.remote())
    studio.advance(0.02)
    count = heard_packets(leg)
    other.sequence, other.timestamp = phone.sequence, phone.timestamp
    studio.talk((other, leg, SPEECH * 5))
    assert heard_packets(leg) == count + 5
