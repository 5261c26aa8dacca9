"""What a flow or a queue wants said, as sounds: synthesised once, read from prompt files, or composed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import assert_never

from ivr_flows.segments import Digits, Music, Number, Pause, PromptFile, Segment, Text
from ivr_flows.texts import spoken_pieces
from media.g711 import ULAW_SILENCE
from media.hold_music import hold_music
from media.prompt_file import read_prompt
from media.sound import SAMPLES_PER_SECOND, Sound
from media.speech.synthesis import Progress, Voice
from server.checks.rereading import ToBeSaid
from server.intake.ports import Speaking

POSITIONS_AHEAD = 20


def position_text(position: int) -> str:
    """What a waiting caller is told."""
    if position == 1:
        return "You are the next caller in the queue. Please stay on the line."
    return f"You are number {position} in the queue. Please stay on the line."


@dataclass(frozen=True, slots=True)
class PromptStock:
    """What is kept in memory because it is known ahead: no caller waits for it."""

    texts: dict[tuple[str, Voice], Sound]
    files: dict[Path, Sound]


class Prompts:
    """Renders segments; a text that was rendered before costs a look-up."""

    def __init__(self, synthesiser: Speaking, voice: Voice) -> None:
        self.synthesiser = synthesiser
        self._voice = voice
        self._stock = PromptStock({}, {})

    async def rendered(self, said: Iterable[ToBeSaid], on_progress: Progress) -> PromptStock:
        """What is to be said, and nothing else; it serves nobody before `use`. Raises what `sounds` does."""
        said = tuple(said)
        files = {file for each in said for file in each.files}
        stock = PromptStock({}, {file: await asyncio.to_thread(read_prompt, file) for file in files})
        positions = tuple(position_text(n + 1) for n in range(POSITIONS_AHEAD))
        ahead = [
            (text, self._spoken_by(each.voice)) for each in said for text in (*each.sentences, *positions)
        ]
        for done, (text, spoken) in enumerate(ahead, start=1):
            known = stock.texts.get((text, spoken)) or self._stock.texts.get((text, spoken))
            stock.texts[text, spoken] = known or await self.synthesiser.render(text, spoken)
            on_progress(done, len(ahead))
        return stock

    def use(self, stock: PromptStock) -> None:
        """From here on; what was kept before and is not in it is rendered, or read, when it is wanted."""
        self._stock = stock

    async def position(self, position: int, voice: str | None) -> Sound:
        return await self._text(position_text(position), self._spoken_by(voice))

    async def sounds(self, segments: Sequence[Segment], voice: str | None) -> tuple[Sound, ...]:
        """Gapless parts in order; raises SynthesisError or PromptFileError. `voice` is the flow's own."""
        spoken = self._spoken_by(voice)
        rendered: list[Sound] = []
        for segment in segments:
            rendered += await self._segment(segment, spoken)
        return tuple(rendered)

    async def _segment(self, segment: Segment, voice: Voice) -> list[Sound]:
        match segment:
            case Text() | Digits() | Number():
                return [await self._text(piece, voice) for piece in spoken_pieces(segment)]
            case PromptFile(path):
                return [await self.file(path)]
            case Pause(duration_ms):
                return [_silence(duration_ms)]
            case Music():
                return [hold_music()]
            case _:
                assert_never(segment)

    def _spoken_by(self, name: str | None) -> Voice:
        return self._voice if name is None else Voice(name, self._voice.rate_wpm, self._voice.pitch)

    def hold_music(self) -> Sound:
        return hold_music()

    async def music(self, music: Music | PromptFile) -> Sound:
        return hold_music() if isinstance(music, Music) else await self.file(music.path)

    async def file(self, path: Path) -> Sound:
        files = self._stock.files
        if path not in files:
            files[path] = await asyncio.to_thread(read_prompt, path)
        return files[path]

    async def _text(self, text: str, voice: Voice) -> Sound:
        """Only what is rendered ahead stays in memory: texts with a caller's own digits do not pile up."""
        return self._stock.texts.get((text, voice)) or await self.synthesiser.render(text, voice)


@lru_cache(maxsize=64)
def _silence(duration_ms: int) -> Sound:
    samples = duration_ms * SAMPLES_PER_SECOND // 1000
    return Sound(name=f"builtin:silence-{duration_ms}", ulaw=bytes([ULAW_SILENCE]) * samples)
