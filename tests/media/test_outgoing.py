"""What legs send: the compiled stages and the same text without the compiler."""

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

from media.sound import Sound
from tests.media.conftest import Studio
from tests.media.outgoing_oracle import perform

ROOT = Path(__file__).parents[2]


async def test_compiled_and_interpreted_stages_send_the_same_to_the_bit() -> None:
    compiled = await perform()
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(  # noqa: ASYNC221 - nothing else runs meanwhile
        [sys.executable, "-m", "tests.media.outgoing_oracle"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        timeout=100,
        check=True,
    )
    interpreted = pickle.loads(done.stdout[done.stdout.index(b"\x80\x04") :])
    assert [len(packets) for packets in compiled] == [len(packets) for packets in interpreted]
    assert compiled == interpreted
    assert min(len(packets) for packets in compiled) > 80
    for packets in compiled:
        assert [sequence for _, sequence, _, _ in packets] == list(range(len(packets)))


async def test_finding_37_a_leg_that_closes_does_not_disturb_a_bridge_of_others(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    phones = [make_phone() for _ in range(8)]
    legs = [studio.engine.open_leg(make_ear()) for _ in phones]
    for phone, leg in zip(phones, legs, strict=True):
        leg.connect(phone.remote())
    legs[6].bridge(legs[7])
    studio.advance(0.5)
    spoken = b"".join(bytes([16 + number]) * 160 for number in range(100))
    for frame, at in enumerate(range(0, len(spoken), 160)):
        if frame in (20, 30, 40, 50, 60, 70):
            legs[frame // 10 - 2].close()
        studio.talk((phones[6], legs[6], spoken[at : at + 160]))
    heard = b"".join(packet[12:] for packet in phones[7].received())
    assert spoken[320:] in heard


async def test_a_sound_of_an_odd_length_ends_in_silence(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    phone = make_phone()
    leg = studio.engine.open_leg(make_ear())
    leg.connect(phone.remote())
    leg.play([Sound("odd", b"\x11" * 161)])
    studio.advance(0.2)
    heard = b"".join(packet[12:] for packet in phone.received())
    assert b"\x11" * 161 + b"\xff" * 159 in heard
