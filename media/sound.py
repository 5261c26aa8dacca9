"""Audio that is ready to be played on a call."""

from dataclasses import dataclass

SAMPLES_PER_SECOND = 8000


@dataclass(frozen=True, slots=True)
class Sound:
    """G.711 mu-law, 8 kHz, mono; `name` identifies the content, so equal names share memory in the engine."""

    name: str
    ulaw: bytes

    @property
    def duration_s(self) -> float:
        return len(self.ulaw) / SAMPLES_PER_SECOND
