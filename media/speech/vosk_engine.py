"""vosk inside a worker, with a model that the operator put there: nothing is searched for or downloaded."""

import importlib
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from media.sound import SAMPLES_PER_SECOND
from media.speech.errors import RecogniserFailed
from media.speech.model_files import ModelFiles, ModelKind
from media.speech.utterance import Utterance, Word

# Every published layout holds the acoustic model under one of these names.
_ACOUSTIC_MODEL: Final = ("am/final.mdl", "final.mdl")
_PADDING_S: Final = 0.2


class VoskEngine:
    """Menus become grammars. House vocabularies are not applied: a large model knows more than they teach."""

    def __init__(self, model_dir: Path | None) -> None:
        directory = checked_model(model_dir)
        self._vosk = _package()
        self._vosk.SetLogLevel(-1)
        try:
            self._model = self._vosk.Model(str(directory))
        except Exception as error:  # vosk raises bare Exception
            raise RecogniserFailed(f"vosk cannot load the model in {directory}") from error

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
            grammar = json.dumps([*model.phrases, "[unk]"])
            return self._vosk.KaldiRecognizer(self._model, SAMPLES_PER_SECOND, grammar)
        return self._vosk.KaldiRecognizer(self._model, SAMPLES_PER_SECOND)


def parse_result(result: str, duration_s: float) -> Utterance:
    """vosk's JSON answer, without the words that it marks as outside a grammar."""
    words = tuple(
        Word(entry["word"], entry["start"], min(entry["end"], duration_s), entry["conf"])
        for entry in json.loads(result).get("result", [])
        if entry["word"] != "[unk]"
    )
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
