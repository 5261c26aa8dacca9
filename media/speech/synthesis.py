"""Text to sound: espeak-ng rendered to telephone audio, kept in a cache on disk."""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
import soxr
import structlog
from numpy.typing import NDArray

from media.g711 import ulaw_encode
from media.sound import SAMPLES_PER_SECOND, Sound
from media.speech import espeak
from media.speech.errors import SynthesisError
from media.speech.settings import SpeechSettings, Voice

__all__ = ["Progress", "SynthesisError", "Synthesiser", "Voice"]

log = structlog.get_logger(__name__)

Progress = Callable[[int, int], None]

# Part of the cache key: raise it when the way from espeak-ng's samples to mu-law changes.
_PIPELINE: Final = 1
_SPEECH_LEVEL: Final = 0.1  # -20 dBFS over the voiced parts, the usual level of a telephone line
_PEAK_LIMIT: Final = 0.7
_GATE: Final = 0.01


class Synthesiser:
    """Renders prompts in one thread of its own, each once; later starts read them from the cache."""

    def __init__(self, settings: SpeechSettings) -> None:
        self._voice = settings.voice
        self._directory = settings.cache_dir / "prompts"
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="espeak")

    async def render(self, text: str, voice: Voice | None = None) -> Sound:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._render, text, voice or self._voice)

    def close(self) -> None:
        self._thread.shutdown(wait=True)

    def _render(self, text: str, voice: Voice) -> Sound:
        spoken = text.strip()
        if not any(character.isalnum() for character in spoken) or "\0" in spoken:
            raise SynthesisError(f"nothing to say in {text!r}")
        name = _key(spoken, voice)
        path = self._directory / f"{name}.ulaw"
        cached = _read(path)
        if cached:
            return Sound(name, cached)
        samples, rate = espeak.speak(spoken, voice)
        if not samples.any():
            raise SynthesisError(f"voice {voice.name!r} says nothing for {text!r}")
        ulaw = _telephone(samples, rate)
        write_atomically(path, ulaw)
        return Sound(name, ulaw)


def _key(text: str, voice: Voice) -> str:
    parts = (
        "espeak-ng",
        espeak.version(),
        str(_PIPELINE),
        voice.name,
        str(voice.rate_wpm),
        str(voice.pitch),
        text,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _telephone(samples: NDArray[np.int16], rate: int) -> bytes:
    wide = samples.astype(np.float32) / 32768
    narrow = np.asarray(soxr.resample(wide, rate, SAMPLES_PER_SECOND, quality="HQ"), np.float32)
    voiced = narrow[np.abs(narrow) > _GATE]
    loudness = float(np.sqrt(np.mean(np.square(voiced)))) if voiced.size else 1.0
    # A single click must not turn a whole prompt down, so the peak is a percentile; the rest is clipped.
    peak = float(np.quantile(np.abs(narrow), 0.999)) or 1.0
    gain = min(_SPEECH_LEVEL / loudness, _PEAK_LIMIT / peak)
    return ulaw_encode((np.clip(narrow * gain, -1.0, 1.0) * 32767).astype(np.int16)).tobytes()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise SynthesisError(f"the prompt cache cannot be read: {error}") from error


def write_atomically(path: Path, content: bytes) -> None:
    """A reader, or a start after a crash, sees the whole file or none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as file:
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise SynthesisError(f"the speech cache {path.parent} cannot be written: {error}") from error
