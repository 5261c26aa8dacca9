"""How lost packets sound: nearer to what was said than silence, repetition and ITU-T G.711 Appendix I."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from media.g711 import ulaw_decode, ulaw_encode
from media.speech.espeak import speak
from media.speech.settings import Voice
from tests.media import appendix_i

FRAME = 160
TEXT = (
    "The quick brown fox jumps over the lazy dog. Please hold the line, an agent will be with you soon. "
    "Your call may be recorded for training."
)
VOICES = (("en-us", 50), ("en-us+f3", 60), ("en-us+klatt3", 40))
BANDS, WINDOW, HOP = 18, 128, 40
FLOOR = 1e3


def mel_bands() -> NDArray[np.float64]:
    hertz = np.linspace(0, 4000, WINDOW // 2 + 1)
    mel = 2595 * np.log10(1 + hertz / 700)
    edges = np.linspace(mel[1], mel[-1], BANDS + 2)
    bands = [
        np.clip(np.minimum((mel - low) / (top - low), (high - mel) / (high - top)), 0, None)
        for low, top, high in zip(edges, edges[1:], edges[2:], strict=False)
    ]
    return np.array(bands)


MEL = mel_bands()


def loudness_db(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    windows = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP] * np.hanning(WINDOW)
    spectra: NDArray[np.float64] = np.abs(np.fft.rfft(windows)) ** 2
    return np.asarray(10 * np.log10(spectra @ MEL.T + FLOOR))


def distance_db(said: NDArray[Any], heard: NDArray[Any], lost: set[int]) -> float:
    """Between the spectra as an ear hears them, in the lost frames and the 10 ms behind each."""
    apart = np.sqrt(((loudness_db(said) - loudness_db(heard)) ** 2).mean(axis=1))
    touched = np.zeros(len(said), bool)
    for frame in lost:
        touched[frame * FRAME : frame * FRAME + FRAME * 3 // 2] = True
    middles = np.arange(len(apart)) * HOP + WINDOW // 2
    return float(apart[touched[middles]].mean())


@dataclass(frozen=True)
class Heard:
    """The same losses, filled in four ways."""

    ours: float
    appendix: float
    repetition: float
    silence: float


def lose(frames: int, rate: float, burst: int, chance: random.Random) -> set[int]:
    lost: set[int] = set()
    frame = 10
    while frame < frames - 5:
        if chance.random() < rate:
            lost |= set(range(frame, frame + burst))
            frame += burst
        frame += 1
    return lost


@pytest.fixture(scope="module")
def voices() -> list[bytes]:
    spoken = []
    for name, pitch in VOICES:
        samples, rate_hz = speak(TEXT, Voice(name=name, pitch=pitch))
        pcm = soxr.resample(samples.astype(float), rate_hz, 8000)
        ulaw = ulaw_encode(np.clip(pcm, -32767, 32767).astype(np.int16)).tobytes()
        spoken.append(ulaw[: len(ulaw) // FRAME * FRAME])
    return spoken


@pytest.fixture
def transmit(listen: Callable[..., dict[str, Any]], make_rtp: Callable[..., bytes]) -> Callable[..., Heard]:
    def run(ulaw: bytes, lost: set[int]) -> Heard:
        frames = [ulaw[at : at + FRAME] for at in range(0, len(ulaw), FRAME)]
        turns = [
            ([] if number in lost else [make_rtp(100 + number, FRAME * number, frame)], 1000 + 20 * number)
            for number, frame in enumerate(frames)
        ]
        turns += [([], 1000 + 20 * (len(frames) + more)) for more in range(4)]
        heard = listen(turns)["heard"]
        begin = heard.find(b"".join(frames[:3]))
        said = ulaw_decode(np.frombuffer(ulaw, np.uint8)).astype(float)
        ours = ulaw_decode(np.frombuffer(heard[begin : begin + len(ulaw)], np.uint8)).astype(float)
        silent, repeated = said.copy(), said.copy()
        for frame in sorted(lost):
            at = frame * FRAME
            silent[at : at + FRAME] = 0
            repeated[at : at + FRAME] = repeated[at - FRAME : at]
        filled = (ours, appendix_i.concealed(said, lost), repeated, silent)
        return Heard(*(distance_db(said, each, lost) for each in filled))

    return run


@pytest.mark.parametrize("burst", [1, 2])
@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1])
def test_lost_packets_sound_better_than_silence_repetition_and_appendix_i(
    transmit: Callable[..., Heard], voices: list[bytes], rate: float, burst: int
) -> None:
    heard = [
        transmit(ulaw, lose(len(ulaw) // FRAME, rate, burst, random.Random(seed)))
        for ulaw in voices
        for seed in range(1, 5)
    ]
    ours, appendix, repetition, silence = (
        float(np.mean([getattr(each, name) for each in heard]))
        for name in ("ours", "appendix", "repetition", "silence")
    )
    assert ours < 0.75 * silence
    assert ours < repetition
    assert ours <= 1.02 * appendix
