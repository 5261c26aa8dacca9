"""pocketsphinx inside a worker: one decoder for each language model, whole utterances only."""

from collections import OrderedDict
from importlib.metadata import version
from typing import Final

import numpy as np
import pocketsphinx
import soxr
from numpy.typing import NDArray

from media.sound import SAMPLES_PER_SECOND
from media.speech.errors import RecogniserFailed
from media.speech.lexicon import dictionary_path, model_directory
from media.speech.model_files import ModelFiles, ModelKind
from media.speech.stream import RepeatedDecoding, Stream
from media.speech.utterance import Utterance, Word

MODEL_SAMPLES_PER_SECOND: Final = 16_000
_FRAMES_PER_SECOND: Final = 100
# A decoder with a house's trimmed dictionary takes a few megabytes beyond the shared acoustic model.
_DECODERS_KEPT: Final = 8
# Digital silence and the empty band above 4 kHz are unlike anything the acoustic model was trained on: the
# logarithm of nothing swamps the cepstral mean. So a little noise is added, always the same, to keep results
# repeatable.
_NOISE_DBFS: Final = -60.0
_SEED: Final = 1


class PocketsphinxEngine:
    """Decoders are loaded when first needed; the least recently used goes when there are too many."""

    def __init__(self) -> None:
        self._acoustic_model = model_directory() / "en-us"
        if not (self._acoustic_model / "mdef").is_file():
            raise RecogniserFailed(f"pocketsphinx's model is missing from {self._acoustic_model}")
        self._decoders: OrderedDict[str, pocketsphinx.Decoder] = OrderedDict()

    @property
    def version(self) -> str:
        return version("pocketsphinx")

    def stream(self, model: ModelFiles) -> Stream:
        """Streamed into a fresh decoder, menus are understood in 55 of 100 cases; whole, in 84."""
        return RepeatedDecoding(lambda pcm: self.decode(pcm, model))

    def decode(self, pcm: NDArray[np.int16], model: ModelFiles) -> Utterance:
        decoder = self._decoder(model)
        if not len(pcm):
            return Utterance(0.0, 0.0, "", 0.0, ())
        decoder.start_utt()
        decoder.process_raw(wideband(pcm).tobytes(), no_search=False, full_utt=True)
        decoder.end_utt()
        words = _words(decoder)
        text = " ".join(word.text for word in words)
        if model.kind is ModelKind.PHRASES and text not in model.phrases:
            # Where no phrase was said to its end, the grammar search answers with the start of one.
            text, words = "", ()
        # The posterior of a whole sentence is next to nothing, however right; the words' own say more.
        confidence = sum(word.confidence for word in words) / len(words) if words else 0.0
        return Utterance(0.0, len(pcm) / SAMPLES_PER_SECOND, text, confidence, words)

    def _decoder(self, model: ModelFiles) -> pocketsphinx.Decoder:
        if model.key not in self._decoders:
            self._decoders[model.key] = self._load(model)
        self._decoders.move_to_end(model.key)
        while len(self._decoders) > _DECODERS_KEPT:
            self._decoders.popitem(last=False)
        return self._decoders[model.key]

    def _load(self, model: ModelFiles) -> pocketsphinx.Decoder:
        files = {"hmm": str(self._acoustic_model), "dict": str(model.dictionary), "loglevel": "FATAL"}
        match model.kind:
            case ModelKind.VOCABULARY:
                files["lm"] = str(model.model)
            case ModelKind.PHRASES:
                files["jsgf"] = str(model.model)
            case ModelKind.GENERAL:
                files["lm"] = str(model_directory().parent / "en-us" / "en-us.lm.bin")
                files["dict"] = str(dictionary_path())
        try:
            return pocketsphinx.Decoder(**files)
        except (RuntimeError, ValueError) as error:
            raise RecogniserFailed(f"pocketsphinx cannot load the model {model.model}") from error


def wideband(pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    """Telephone audio at the rate of the shipped model."""
    wide = soxr.resample(pcm.astype(np.float32), SAMPLES_PER_SECOND, MODEL_SAMPLES_PER_SECOND, quality="HQ")
    level = 32768 * 10 ** (_NOISE_DBFS / 20)
    noise = np.random.default_rng(_SEED).normal(0.0, level, len(wide))
    return np.asarray(np.clip(wide + noise, -32768, 32767), np.int16)


def _words(decoder: pocketsphinx.Decoder) -> tuple[Word, ...]:
    """Without silences and noises; a pronunciation variant such as `the(2)` is the same word."""
    return tuple(
        Word(
            segment.word.partition("(")[0],
            segment.start_frame / _FRAMES_PER_SECOND,
            (segment.end_frame + 1) / _FRAMES_PER_SECOND,
            min(1.0, float(segment.prob)),
        )
        for segment in decoder.seg() or ()
        if segment.word[0] not in "<[(+"
    )
