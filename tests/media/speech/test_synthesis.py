"""Prompts: rendered once, telephone level, clear errors."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from media.g711 import ulaw_decode
from media.speech.errors import SynthesisError
from media.speech.settings import SpeechSettings
from media.speech.synthesis import Synthesiser, Voice


async def test_a_sentence_becomes_telephone_audio(synthesiser: Synthesiser) -> None:
    sound = await synthesiser.render("Welcome to the support line.")
    pcm = ulaw_decode(np.frombuffer(sound.ulaw, np.uint8)).astype(float) / 32768
    assert 1.0 < sound.duration_s < 3.0
    assert 0.3 < np.abs(pcm).max() <= 1.0
    assert np.mean(np.abs(pcm) > 0.97) < 0.001


async def test_voices_are_equally_loud(synthesiser: Synthesiser) -> None:
    levels = []
    for name in ("en-us", "en-us+klatt3", "en-us+f2", "de+m3"):
        sound = await synthesiser.render("Please hold the line for a moment.", Voice(name))
        pcm = ulaw_decode(np.frombuffer(sound.ulaw, np.uint8)).astype(float) / 32768
        levels.append(20 * np.log10(np.sqrt(np.mean(np.square(pcm[np.abs(pcm) > 0.01])))))
    assert max(levels) - min(levels) < 6.0


async def test_rendering_is_cached_across_starts(settings: SpeechSettings, synthesiser: Synthesiser) -> None:
    first = await synthesiser.render("Goodbye.")
    file = settings.cache_dir / "prompts" / f"{first.name}.ulaw"
    assert file.read_bytes() == first.ulaw
    file.write_bytes(b"\x7f" * 80)
    later = Synthesiser(settings)
    assert (await later.render("Goodbye.")).ulaw == b"\x7f" * 80
    later.close()


async def test_an_empty_cache_file_is_rendered_again(
    settings: SpeechSettings, synthesiser: Synthesiser
) -> None:
    first = await synthesiser.render("Goodbye.")
    (settings.cache_dir / "prompts" / f"{first.name}.ulaw").write_bytes(b"")
    assert (await synthesiser.render("Goodbye.")).duration_s == pytest.approx(first.duration_s, abs=0.1)


async def test_voice_rate_and_pitch_are_part_of_the_key(synthesiser: Synthesiser) -> None:
    voices = (Voice(), Voice(rate_wpm=120), Voice(pitch=70), Voice("en-us"))
    sounds = [await synthesiser.render("Hello.", voice) for voice in voices]
    assert len({sound.name for sound in sounds}) == len({sound.ulaw for sound in sounds}) == len(voices)
    assert sounds[1].duration_s > sounds[0].duration_s


async def test_renderings_at_once_and_by_two_synthesisers_do_not_mix(
    tmp_path: Path, synthesiser: Synthesiser
) -> None:
    other = Synthesiser(SpeechSettings(cache_dir=tmp_path / "other", voice=Voice("en-us+f2", 120, 70)))
    texts = [f"This is sentence {number}." for number in range(8)]
    mixed = await asyncio.gather(
        *(maker.render(text) for text in texts for maker in (synthesiser, other)),
    )
    fresh = Synthesiser(SpeechSettings(cache_dir=tmp_path / "fresh"))
    alone = [await fresh.render(text) for text in texts]
    lengths = [sound.duration_s for sound in mixed[::2]]
    assert lengths == pytest.approx([sound.duration_s for sound in alone], rel=0.03)
    other.close()
    fresh.close()


async def test_the_loop_runs_while_a_long_text_is_rendered(synthesiser: Synthesiser) -> None:
    rendering = asyncio.ensure_future(synthesiser.render("This is a rather long sentence. " * 100))
    turns = 0
    while not rendering.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 20


@pytest.mark.parametrize("text", ["", "  ", "...", "nul\0byte"])
async def test_nothing_to_say_is_an_error(synthesiser: Synthesiser, text: str) -> None:
    with pytest.raises(SynthesisError, match="nothing to say"):
        await synthesiser.render(text)


@pytest.mark.parametrize("name", ["xx-nobody", "en-us+nobody", "en-us+../en"])
async def test_an_unknown_voice_is_an_error_that_names_it(synthesiser: Synthesiser, name: str) -> None:
    with pytest.raises(SynthesisError, match="has no voice"):
        await synthesiser.render("Hello.", Voice(name))


async def test_phoneme_brackets_and_markup_are_only_text(synthesiser: Synthesiser) -> None:
    sound = await synthesiser.render("Press <break time='60s'/> [[h@loU]] one.")
    assert sound.duration_s < 20


async def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    synthesiser = Synthesiser(SpeechSettings(cache_dir=tmp_path / "file"))
    with pytest.raises(SynthesisError, match=str(tmp_path / "file")):
        await synthesiser.render("Hello.")
    synthesiser.close()


@pytest.mark.parametrize("wrong", [{"rate_wpm": 10}, {"pitch": 100}, {"name": ""}, {"speed": 3}])
def test_settings_of_a_voice_are_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SpeechSettings.model_validate({"voice": wrong})


def test_voices_equal_by_value() -> None:
    assert SpeechSettings.model_validate({"voice": {"name": "en-gb"}}).voice == Voice("en-gb")
