"""A recogniser and a synthesiser over directories of their own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from media.g711 import ulaw_decode
from media.sound import Sound
from media.speech.recogniser import SpeechWorkers
from media.speech.settings import SpeechSettings
from media.speech.synthesis import Synthesiser

DATA = Path(__file__).parents[2] / "data" / "speech"


class Text:
    """Files of sentences, one a line."""

    @staticmethod
    def lines(path: Path) -> tuple[str, ...]:
        lines = (line.strip() for line in path.read_text().splitlines())
        return tuple(line for line in lines if line and not line.startswith("#"))


class Telephone:
    """A sound as a recording of a telephone line holds it, with silence around it."""

    @staticmethod
    def heard(sound: Sound, pause_s: float = 0.6) -> NDArray[np.int16]:
        silence = np.zeros(int(pause_s * 8000), np.int16)
        return np.concatenate((silence, ulaw_decode(np.frombuffer(sound.ulaw, np.uint8)), silence))


@pytest.fixture
def house_sentences() -> tuple[str, ...]:
    return Text.lines(DATA / "house_sentences.txt")


@pytest.fixture
def spoken_sentences() -> tuple[str, ...]:
    return Text.lines(DATA / "spoken_sentences.txt")


@pytest.fixture
def text() -> type[Text]:
    return Text


@pytest.fixture
def telephone() -> type[Telephone]:
    return Telephone


@pytest.fixture
def settings(tmp_path: Path) -> SpeechSettings:
    # A busy machine is no stuck worker: those that are to be found stuck have settings of their own.
    return SpeechSettings(
        cache_dir=tmp_path / "speech", menu_workers=0, start_timeout_s=300.0, job_timeout_s=300.0
    )


@pytest.fixture
def synthesiser(settings: SpeechSettings) -> Iterator[Synthesiser]:
    synthesiser = Synthesiser(settings)
    yield synthesiser
    synthesiser.close()


@pytest.fixture
async def workers(settings: SpeechSettings) -> AsyncIterator[SpeechWorkers]:
    workers = SpeechWorkers(settings)
    await workers.start()
    yield workers
    await workers.stop()
