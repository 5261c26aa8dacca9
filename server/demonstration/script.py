"""What the demonstration's caller and agent say to each other, and the audio of it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from media.g711 import ulaw_decode
from server.intake.ports import Speaking
from server.softphone.wav_file import write_wav

CONVERSATION = Path(__file__).with_name("conversation.toml")
HOUSE_SENTENCES = Path(__file__).with_name("house_sentences.txt")


class Actor(StrEnum):
    """Who speaks."""

    CALLER = "caller"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Turn:
    """One sentence; `file` is it as 8 kHz WAV, `pcm` the same samples."""

    role: Actor
    text: str
    file: Path
    pcm: NDArray[np.int16]


async def rehearse(synthesiser: Speaking, folder: Path) -> tuple[Turn, ...]:
    """Every turn with its audio, written into the folder."""
    lines = tomllib.loads(CONVERSATION.read_text(encoding="utf-8"))["turns"]
    turns = []
    for number, spoken in enumerate(lines):
        sound = await synthesiser.render(spoken["text"])
        pcm = ulaw_decode(np.frombuffer(sound.ulaw, np.uint8))
        file = folder / f"turn-{number}.wav"
        write_wav(file, pcm)
        turns.append(Turn(Actor(spoken["speaker"]), spoken["text"], file, pcm))
    return tuple(turns)
