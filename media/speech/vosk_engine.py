"""vosk inside a worker, with a model that the operator put there: nothing is searched for or downloaded."""

import importlib
import json
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from media.sound import SAMPLES_PER_SECOND
from media.speech.errors import RecogniserFailed
from media.speech.model_files import ModelFiles, ModelKind
from media.speech.stream import Stream
from media.speech.utterance import Utterance, Word

# Every published layout holds the acoustic model under one of these names.
_ACOUSTIC_MODEL: Final = ("am/final.mdl", "final.mdl")
_PADDING_S: Final = 0.2
_CHUNK: Final = SAMPLES_PER_SECOND // 10
OUTSIDE: Final = "[unk]"


class VoskEngine:
    """Menus become grammars, and so does a house's vocabulary while a call is heard live.

    After the call a house's vocabulary is not applied: a large model knows more than it teaches.
    """

    def __init__(self, model_dir: Path | None) -> None:
        directory = checked_model(model_dir)
        self._vosk = _package()
        self._vosk.SetLogLevel(-1)
        try:
            self._model = self._vosk.Model(str(directory))
        except Exception as error:  # vosk raises bare Exception
            raise RecogniserFailed(f"vosk cannot load the model in {directory}") from error

    @property
    def version(self) -> str:
        return metadata.version("vosk")

    def stream(self, model: ModelFiles) -> Stream:
        recogniser = self._with_grammar(model.phrases) if model.phrases else self._recogniser(model)
        recogniser.SetWords(True)
        return VoskStream(recogniser)

    def decode(self, pcm: NDArray[np.int16], model: ModelFiles) -> Utterance:
        if not len(pcm):
            return Utterance(0.0, 0.0, "", 0.0, ())
        recogniser = self._recogniser(model)
        recogniser.SetWords(True)
        # vosk swallows a word that reaches the last sample.
        padding = np.zeros(int(_PADDING_S * SAMPLES_PER_SECOND), np.int16)
        recogniser.AcceptWaveform(np.concatenate((pcm, padding)).tobytes())
        return parse_result(recogniser.FinalResult(), len(pcm) / SAMPLES_PER_SECOND)

    def _recogniser(self, model: ModelFiles) -> Any:
        if model.kind is ModelKind.PHRASES:
            return self._with_grammar(model.phrases)
        return self._vosk.KaldiRecognizer(self._model, SAMPLES_PER_SECOND)

    def _with_grammar(self, phrases: tuple[str, ...]) -> Any:
        grammar = json.dumps([*phrases, "[unk]"])
        return self._vosk.KaldiRecognizer(self._model, SAMPLES_PER_SECOND, grammar)


class VoskStream:
    """vosk endpoints by itself, too: what it finished in the middle of an utterance belongs to the whole."""

    def __init__(self, recogniser: Any) -> None:
        self._recogniser = recogniser
        self._words: list[Word] = []
        self._samples = 0
        self._told = ""

    def feed(self, pcm: NDArray[np.int16]) -> str | None:
        for begin in range(0, len(pcm), _CHUNK):
            chunk = pcm[begin : begin + _CHUNK]
            self._samples += len(chunk)
            if self._recogniser.AcceptWaveform(chunk.tobytes()):
                self._words += parse_result(self._recogniser.Result(), self._length_s).words
        so_far = self._so_far(json.loads(self._recogniser.PartialResult()).get("partial", ""))
        told, self._told = self._told, so_far
        return so_far if so_far and so_far != told else None

    def finish(self) -> Utterance:
        self._recogniser.AcceptWaveform(np.zeros(int(_PADDING_S * SAMPLES_PER_SECOND), np.int16).tobytes())
        self._words += parse_result(self._recogniser.FinalResult(), self._length_s).words
        return utterance_of(tuple(self._words), self._length_s)

    @property
    def _length_s(self) -> float:
        return self._samples / SAMPLES_PER_SECOND

    def _so_far(self, partial: str) -> str:
        heard = [word.text for word in self._words]
        return " ".join([*heard, *(word for word in partial.split() if word != OUTSIDE)])


def parse_result(result: str, duration_s: float) -> Utterance:
    """vosk's JSON answer, without the words that it marks as outside a grammar."""
    words = tuple(
        Word(entry["word"], entry["start"], min(entry["end"], duration_s), entry["conf"])
        for entry in json.loads(result).get("result", [])
        if entry["word"] != OUTSIDE
    )
    return utterance_of(words, duration_s)


def utterance_of(words: tuple[Word, ...], duration_s: float) -> Utterance:
    """Of these words, as sure as they are on average."""
    confidence = sum(word.confidence for word in words) / len(words) if words else 0.0
    return Utterance(0.0, duration_s, " ".join(word.text for word in words), confidence, words)


def checked_model(model_dir: Path | None) -> Path:
    """The directory, if it looks like an unpacked model; vosk itself would end the process or go looking."""
    if model_dir is None:
        raise RecogniserFailed("vosk_model_dir is required by engine = vosk; no model is ever downloaded")
    if not model_dir.is_dir():
        raise RecogniserFailed(f"vosk_model_dir {model_dir} is not a directory; unpack a vosk model there")
    if not any((model_dir / name).is_file() for name in _ACOUSTIC_MODEL):
        raise RecogniserFailed(
            f"vosk_model_dir {model_dir} holds no vosk model: there is no am/final.mdl in it"
        )
    return model_dir


def _package() -> Any:
    try:
        return importlib.import_module("vosk")
    except ImportError as error:
        raise RecogniserFailed("engine = vosk needs a package: pip install 'trunkline[vosk]'") from error
