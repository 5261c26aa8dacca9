"""The scripted caller: what it does in a call, when it stops, and what it tells and keeps of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from media.errors import MediaError
from media.g711 import ulaw_decode, ulaw_encode
from media.sound import Sound
from server.softphone.scripted_call import Result, Script, ScriptedCall, StereoCapture
from tests.fakes.line import FakeLine, FarPhone, Manners
from tests.fakes.media import FakeEngine
from tests.fakes.stepped_loop import stepped
from tests.interop.sound import read_wav

PEER = "sip:100@peer.example"
SCRIPT = Script(PEER, "caller", listen_s=2.0, press=(), say="", stay_s=30.0, record=None)
WORDS = Sound("words", bytes([0x20]) * 8000)
FRAMES_S = 0.1


@dataclass
class Stage:
    """A scripted caller on a fake line, and what it told."""

    engine: FakeEngine
    far: FarPhone
    performance: ScriptedCall
    told: list[str] = field(default_factory=list)

    async def run(self) -> Result:
        return await self.performance.run()


@asynccontextmanager
async def calling(
    script: Script = SCRIPT, words: Sound | None = None, manners: Manners | None = None
) -> AsyncIterator[Stage]:
    engine = FakeEngine()
    line = FakeLine(engine)
    line.numbers[PEER] = manners or Manners()
    call = await line.place_call(script.target, caller=script.caller)
    told: list[str] = []

    async def frames() -> None:
        while True:
            await asyncio.sleep(FRAMES_S)
            engine.advance(FRAMES_S)

    running = asyncio.create_task(frames())
    yield Stage(engine, line.far[-1], ScriptedCall(script, call, words, told.append), told)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def now() -> float:
    return asyncio.get_running_loop().time()


@stepped
async def test_an_idle_caller_stays_as_long_as_it_was_told_and_hangs_up_itself() -> None:
    async with calling(replace(SCRIPT, stay_s=12.0)) as stage:
        result = await stage.run()
    assert (result.status, result.ended_by) == (200, "us")
    assert result.setup_ms == pytest.approx(1000, abs=1)
    assert result.duration_s == pytest.approx(12.0, abs=0.01)


@stepped
async def test_a_refused_call_has_the_status_and_no_times() -> None:
    async with calling(manners=Manners(refuses=486)) as stage:
        result = await stage.run()
    assert (result.status, result.reason, result.ended_by) == (486, "refused", "peer")
    assert (result.setup_ms, result.duration_s, result.recording) == (None, None, None)
    assert stage.told == []


def test_a_refused_call_writes_no_recording(tmp_path: Path) -> None:
    @stepped
    async def call() -> None:
        async with calling(
            replace(SCRIPT, record=tmp_path / "call.wav"), manners=Manners(refuses=603)
        ) as stage:
            assert (await stage.run()).recording is None

    call()
    assert list(tmp_path.iterdir()) == []


@stepped
async def test_keys_are_pressed_one_after_the_other_with_time_to_listen() -> None:
    async with calling(replace(SCRIPT, press=("1", "2#"), listen_s=3.0)) as stage:
        performing = asyncio.create_task(stage.run())
        begun = now() + 1.0
        await asyncio.sleep(1.0 + 2.9)
        assert stage.far.leg.digits_sent == ""
        await asyncio.sleep(0.2)
        assert stage.far.leg.digits_sent == "1"
        await asyncio.sleep(2.7)
        assert stage.far.leg.digits_sent == "1"
        await asyncio.sleep(0.3)
        assert stage.far.leg.digits_sent == "12#"
        await performing
        assert now() == pytest.approx(begun + SCRIPT.stay_s, abs=0.1)


@stepped
async def test_words_are_said_after_the_keys() -> None:
    async with calling(replace(SCRIPT, press=("1",), say="words"), WORDS) as stage:
        performing = asyncio.create_task(stage.run())
        await asyncio.sleep(1.0 + 2.0 + 1.0)
        assert stage.far.hears() == ()
        await asyncio.sleep(1.5)
        assert stage.far.hears() == ("words",)
        await performing
    assert stage.told[1:] == ["pressing keys", "speaking"]


@stepped
async def test_without_words_nothing_is_played() -> None:
    async with calling() as stage:
        await stage.run()
    assert stage.far.leg.playbacks == []


@stepped
async def test_who_is_hung_up_on_while_listening_does_not_wait_for_the_rest() -> None:
    script = replace(SCRIPT, press=("1", "2", "3"), listen_s=8.0)
    async with calling(script) as stage:
        performing = asyncio.create_task(stage.run())
        await asyncio.sleep(5.0)
        stage.far.hang_up()
        ended = now()
        result = await performing
        assert now() == pytest.approx(ended, abs=0.1)
    assert result.ended_by == "peer"
    assert stage.far.leg.digits_sent == ""


@stepped
async def test_who_is_hung_up_on_while_speaking_does_not_wait_for_the_last_word() -> None:
    async with calling(replace(SCRIPT, say="words"), WORDS) as stage:
        performing = asyncio.create_task(stage.run())
        await asyncio.sleep(3.5)
        assert stage.far.hears() == ("words",)
        stage.far.hang_up()
        ended = now()
        result = await performing
        assert now() == pytest.approx(ended, abs=0.1)
    assert result.ended_by == "peer"
    assert result.duration_s == pytest.approx(2.5, abs=0.1)


@stepped
async def test_a_script_longer_than_the_stay_is_cut_off() -> None:
    async with calling(replace(SCRIPT, press=("1", "2", "3"), listen_s=4.0, stay_s=6.0)) as stage:
        result = await stage.run()
    assert stage.far.leg.digits_sent == "1"
    assert result.duration_s == pytest.approx(6.0, abs=0.01)


@stepped
async def test_hold_and_its_end_are_told() -> None:
    async with calling(replace(SCRIPT, stay_s=5.0)) as stage:
        performing = asyncio.create_task(stage.run())
        await asyncio.sleep(1.5)
        stage.far.hold()
        stage.far.resume()
        await performing
    assert stage.told == ["answered after 1000.0 ms", "put on hold", "taken off hold"]


@stepped
async def test_what_is_no_key_is_refused_by_the_line() -> None:
    async with calling(replace(SCRIPT, press=("x",))) as stage:
        with pytest.raises(MediaError):
            await stage.run()


@stepped
async def test_packets_of_both_directions_are_counted() -> None:
    async with calling(replace(SCRIPT, stay_s=4.0)) as stage:
        result = await stage.run()
    assert result.packets_received == pytest.approx(200, abs=10)
    assert result.packets_sent == pytest.approx(250, abs=10), "from the moment of the offer on"
    assert result.packets_lost == 0


def test_a_recording_has_what_was_heard_on_the_left_and_what_was_said_on_the_right(tmp_path: Path) -> None:
    file = tmp_path / "call.wav"
    tone = ulaw_encode((8000 * np.sin(np.arange(8000) * 0.35)).astype(np.int16))

    @stepped
    async def call() -> None:
        async with calling(
            replace(SCRIPT, say="words", listen_s=1.0, stay_s=6.0, record=file), WORDS
        ) as stage:
            performing = asyncio.create_task(stage.run())
            await asyncio.sleep(1.5)
            stage.far.leg.say(tone.tobytes())
            result = await performing
        assert result.recording == str(file)

    call()
    stereo = read_wav(file)
    assert stereo.shape[1] == 2
    assert len(stereo) / 8000 == pytest.approx(6.0, abs=0.2)
    heard, said = stereo[:, 0], stereo[:, 1]
    first = int(np.argmax(heard != 0))
    assert np.array_equal(heard[first : first + 7000], np.trim_zeros(ulaw_decode(tone), "f")[:7000])
    assert np.count_nonzero(said) == np.count_nonzero(ulaw_decode(np.frombuffer(WORDS.ulaw, np.uint8)))


def test_a_capture_of_nothing_is_a_file_without_sound(tmp_path: Path) -> None:
    @stepped
    async def capture() -> None:
        leg = FakeEngine().open_leg(lambda event: None)
        captured = StereoCapture(leg.start_recording())
        leg.close()
        await captured.collect()
        captured.write(tmp_path / "nothing.wav")

    capture()
    assert read_wav(tmp_path / "nothing.wav").shape == (0, 2)
