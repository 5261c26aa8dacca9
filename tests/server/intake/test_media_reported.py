"""How a party's sound travelled, as a fact of its contact."""

import pytest

from contacts.ids import ContactId, ParticipantId
from media.description import LegDescription, PayloadTypes, SoundCodec
from server.intake.legs import media_reported
from tests.fakes.media import FakeEngine

DESCRIPTION = LegDescription("127.0.0.1", 4000, SoundCodec.PCMU, PayloadTypes(0), PayloadTypes(0))


def test_the_quality_of_a_leg_is_kept_with_its_contact() -> None:
    engine = FakeEngine()
    leg = engine.open_leg(lambda _: None)
    nothing_heard = media_reported(ContactId("c"), ParticipantId("customer"), leg.report())
    assert nothing_heard.mos is None
    leg.connect(DESCRIPTION)
    engine.advance(1.0)
    heard = media_reported(ContactId("c"), ParticipantId("customer"), leg.report())
    assert heard.mos == pytest.approx(4.4, abs=0.1)
