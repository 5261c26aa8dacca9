"""How well callers are understood in a menu: twenty phrases in many voices, through the codec of a call.

Voices are those of espeak-ng, which comes with the server: synthetic, and no measure of human voices. What is
in none of the phrases is measured apart, because a recogniser that is asked for one of twenty finds one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from config.settings import Settings
from media.g711 import ulaw_decode
from media.speech.recogniser import SpeechWorkers
from media.speech.synthesis import Synthesiser, Voice
from server.intake.recognition import PhraseRecognition

PHRASES = (
    *(
        "opening hours",
        "technical support",
        "my order",
        "billing",
        "speak to an operator",
        "cancel my contract",
    ),
    *("new customer", "lost card", "account balance", "change my address", "delivery status", "complaint"),
    *("make an appointment", "repair service", "sales", "internet problem", "router", "invoice", "yes", "no"),
)
OUTSIDE = (
    *("the weather is lovely today", "what time does the train leave", "I have a dog", "banana"),
    *("seventeen", "tomorrow morning", "could you repeat that", "hello is anybody there"),
)
VOICES = (
    *("en-us", "en-us+klatt3", "en-us+m3", "en-us+f2", "en-us+Annie", "en-us+Michael", "en-us+john"),
    *("en-us+klatt", "en-us+adam", "en-us+linda", "en-us+m1", "en-us+f3", "en-us+Reed", "en-us+Alicia"),
    "en-us+david",
)
SILENCE_S = 0.3
RATE = 8000
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class VoiceScore:
    """What was understood of one voice; `mistaken` are sentences of no phrase that were taken for one."""

    voice: str
    said: int
    right: int
    wrong: int
    """Taken for another phrase, which is worse than not understood."""
    outside: int
    mistaken: int


@dataclass(frozen=True, slots=True)
class SpeechCost:
    """`cpu_ms` is what the recogniser takes for one answer, all of it after the end of the utterance."""

    voices: tuple[VoiceScore, ...]
    cpu_ms: float

    @property
    def right(self) -> float:
        return sum(each.right for each in self.voices) / max(1, sum(each.said for each in self.voices))

    @property
    def mistaken(self) -> float:
        outside = sum(each.outside for each in self.voices)
        return sum(each.mistaken for each in self.voices) / max(1, outside)


async def speech_cost(
    folder: Path, voices: Sequence[str], phrases: Sequence[str], tell: Callable[[str], None]
) -> SpeechCost:
    """Raises SpeechError. Sounds are kept in the folder."""
    settings = Settings().speech.model_copy(update={"cache_dir": folder, "workers": 1, "menu_workers": 1})
    async with AsyncExitStack() as stack:
        synthesiser = Synthesiser(settings)
        stack.callback(synthesiser.close)
        workers = SpeechWorkers(settings)
        stack.push_async_callback(workers.stop)
        await workers.start()
        menu = _Menu(PhraseRecognition(workers), synthesiser, tuple(phrases))
        await menu.hears(phrases[0], voices[0])
        began_s, asked = _cpu_s(workers.statistics().pids), menu.asked
        scores = []
        for voice in voices:
            tell(voice)
            scores.append(await menu.score(voice))
        spent_s = _cpu_s(workers.statistics().pids) - began_s
    return SpeechCost(tuple(scores), 1000 * spent_s / max(1, menu.asked - asked))


class _Menu:
    """Callers with synthetic voices who say something to a menu."""

    def __init__(
        self, recognition: PhraseRecognition, synthesiser: Synthesiser, phrases: tuple[str, ...]
    ) -> None:
        self.asked = 0
        self._recognition = recognition
        self._synthesiser = synthesiser
        self._phrases = phrases

    async def score(self, voice: str) -> VoiceScore:
        heard = [(phrase, await self.hears(phrase, voice)) for phrase in self._phrases]
        outside = [await self.hears(sentence, voice) for sentence in OUTSIDE]
        return VoiceScore(
            voice,
            said=len(heard),
            right=sum(said == found for said, found in heard),
            wrong=sum(bool(found) and said != found for said, found in heard),
            outside=len(outside),
            mistaken=sum(map(bool, outside)),
        )

    async def hears(self, sentence: str, voice: str) -> str:
        self.asked += 1
        sound = await self._synthesiser.render(sentence, Voice(voice, 150, 50))
        silence = np.zeros(int(SILENCE_S * RATE), np.int16)
        pcm = np.concatenate([silence, ulaw_decode(np.frombuffer(sound.ulaw, np.uint8)), silence])
        return (await self._recognition.understand(pcm, self._phrases)).text


def _cpu_s(pids: Sequence[int]) -> float:
    """Of processes that are not ours to wait for (Linux: user and system time in /proc)."""
    spent = 0.0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        spent += (int(fields[11]) + int(fields[12])) / TICKS_PER_S
    return spent
