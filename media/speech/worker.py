"""The recogniser's worker process: `python -m media.speech.worker PIPE MEMORY`, two inherited descriptors.

It ends when its pipe closes, however its parent died.
"""

import math
import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from typing import Any, Final, Protocol, assert_never

import numpy as np
from numpy.typing import NDArray

from media.speech.errors import RecogniserFailed, SpeechError
from media.speech.jobs import (
    Answer,
    Continue,
    Continued,
    Decode,
    Decoded,
    Endpoint,
    Endpointed,
    Order,
    Ready,
    Refused,
    SharedAudio,
)
from media.speech.model_files import ModelFiles
from media.speech.settings import Engine, SpeechSettings
from media.speech.stream import Stream
from media.speech.utterance import Utterance
from media.vad import talk_spurts

STREAMS_KEPT: Final = 256
"""One whose end never came, because its call had trouble, goes when so many newer ones have begun."""


class Decoding(Protocol):
    """A speech engine, as the worker drives it."""

    @property
    def version(self) -> str: ...

    def stream(self, model: ModelFiles) -> Stream: ...

    def decode(self, pcm: NDArray[np.int16], model: ModelFiles) -> Utterance: ...


def load_engine(settings: SpeechSettings) -> Decoding:
    """Imports only the engine that was chosen: each is large, and vosk may not be installed."""
    match settings.engine:
        case Engine.POCKETSPHINX:
            from media.speech.pocketsphinx_engine import PocketsphinxEngine  # noqa: PLC0415

            return PocketsphinxEngine()
        case Engine.VOSK:
            from media.speech.vosk_engine import VoskEngine  # noqa: PLC0415

            return VoskEngine(settings.vosk_model_dir)
        case _:
            assert_never(settings.engine)


def serve(pipe: "Connection[Answer, Any]", audio: SharedAudio, engine: Decoding) -> None:
    """Until the pipe closes."""
    streams: dict[int, Stream] = {}
    while True:
        order: Order = pipe.recv()
        # Should the engine hang while no parent is left to notice, the kernel ends this process. A Python
        # handler would never run inside the engine's C code; the default action needs none.
        signal.alarm(math.ceil(order.limit_s * 2))
        answer = _carry_out(order, audio, engine, streams)
        signal.alarm(0)
        pipe.send(answer)


def _carry_out(order: Order, audio: SharedAudio, engine: Decoding, streams: dict[int, Stream]) -> Answer:
    began = time.monotonic()
    pcm = audio.read(order.samples)
    try:
        match order:
            case Endpoint():
                return Endpointed(talk_spurts(pcm), time.monotonic() - began)
            case Decode(model=model):
                return Decoded(engine.decode(pcm, model), time.monotonic() - began)
            case Continue():
                so_far, utterance = _continue(order, pcm, engine, streams)
                return Continued(so_far, utterance, time.monotonic() - began)
            case _:
                assert_never(order)
    except (SpeechError, RuntimeError, ValueError, OSError) as error:
        return Refused(f"{type(error).__name__}: {error}")


def _continue(
    order: Continue, pcm: NDArray[np.int16], engine: Decoding, streams: dict[int, Stream]
) -> tuple[str | None, Utterance | None]:
    """Raises SpeechError for a stream whose beginning this worker has not heard: another one died with it."""
    if order.first and order.model is not None:
        streams[order.stream] = engine.stream(order.model)
        while len(streams) > STREAMS_KEPT:
            del streams[next(iter(streams))]
    stream = streams.get(order.stream)
    if stream is None:
        raise RecogniserFailed("the beginning of the utterance is lost")
    if order.last:
        del streams[order.stream]
        stream.feed(pcm)
        return None, stream.finish()
    return stream.feed(pcm), None


def main() -> None:
    # Ctrl-C in a terminal goes to the whole group; the parent decides when its workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe: Connection[Answer, Any] = Connection(int(sys.argv[1]))
    audio = SharedAudio(int(sys.argv[2]))
    try:
        settings = pipe.recv()
        assert isinstance(settings, SpeechSettings)  # noqa: S101 - the parent's first message
        os.nice(settings.worker_niceness)
        began = time.monotonic()
        try:
            engine = load_engine(settings)
        except SpeechError as error:
            pipe.send(Refused(str(error)))
            return
        pipe.send(Ready(time.monotonic() - began, engine.version))
        serve(pipe, audio, engine)
    except (EOFError, ConnectionError):
        return


if __name__ == "__main__":
    main()
