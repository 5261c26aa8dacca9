"""The espeak-ng library through ctypes.

The library keeps its state in globals: one voice, one callback, one data path for the whole process. So every
use of it goes through one lock, and sets everything that it depends on. ctypes releases the GIL in the calls,
so that a caller's other threads go on.
"""

import ctypes
import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

from media.speech.errors import SynthesisError
from media.speech.settings import Voice

_AUDIO_SYNCHRONOUS: Final = 2
_DONT_EXIT: Final = 0x8000
_RATE: Final = 1
_PITCH: Final = 3
_POSITION_CHARACTER: Final = 1
_CHARS_UTF8: Final = 1
_PHONEMES_IN_IPA: Final = 2
_OK: Final = 0

_SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
_LOCK: Final = threading.Lock()


@dataclass(frozen=True)
class _Library:
    handle: ctypes.CDLL
    version: str
    sample_rate: int
    chunks: list[bytes]
    callback: Callable[..., int]


@functools.cache
def _library() -> _Library:
    """Call with the lock held: initialises the library once for the process."""
    try:
        handle = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
    except (OSError, RuntimeError) as error:
        raise SynthesisError(f"espeak-ng cannot be loaded: {error}") from error
    rate = handle.espeak_Initialize(_AUDIO_SYNCHRONOUS, 0, data, _DONT_EXIT)
    if rate <= 0:
        raise SynthesisError("espeak-ng does not find its data; reinstall the package espeakng-loader")
    handle.espeak_Info.restype = ctypes.c_char_p
    handle.espeak_TextToPhonemes.restype = ctypes.c_char_p
    version = handle.espeak_Info(None).decode()
    chunks: list[bytes] = []

    def collect(samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            chunks.append(ctypes.string_at(samples, count * 2))
        return 0

    callback = _SynthCallback(collect)
    handle.espeak_SetSynthCallback(callback)
    return _Library(handle, version, int(rate), chunks, callback)


def _select(library: _Library, voice: Voice) -> None:
    # An unknown variant (the part after +) is silently ignored by the library, so it is looked for first.
    language, _, variant = voice.name.partition("+")
    if variant and not _variant_exists(variant):
        raise SynthesisError(f"espeak-ng has no voice variant {variant!r} (in {voice.name!r})")
    if library.handle.espeak_SetVoiceByName(voice.name.encode()) != _OK:
        raise SynthesisError(f"espeak-ng has no voice {language!r}")
    library.handle.espeak_SetParameter(_RATE, voice.rate_wpm, 0)
    library.handle.espeak_SetParameter(_PITCH, voice.pitch, 0)


def _variant_exists(variant: str) -> bool:
    return "/" not in variant and (_data_path() / "voices" / "!v" / variant).is_file()


def _data_path() -> Path:
    return Path(espeakng_loader.get_data_path())


def version() -> str:
    with _LOCK:
        return _library().version


def speak(text: str, voice: Voice) -> tuple[NDArray[np.int16], int]:
    """The samples and their rate; blocks for about a thousandth of the sound's duration."""
    encoded = text.encode() + b"\0"
    with _LOCK:
        library = _library()
        _select(library, voice)
        library.chunks.clear()
        status = library.handle.espeak_Synth(
            encoded, ctypes.c_size_t(len(encoded)), 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None
        )
        samples = np.frombuffer(b"".join(library.chunks), np.int16)
        library.chunks.clear()
    if status != _OK:
        raise SynthesisError(f"espeak-ng failed with status {status}")
    return samples, library.sample_rate


def phonemes(word: str, voice: Voice) -> str:
    """The word in the International Phonetic Alphabet, as espeak-ng would say it."""
    buffer = ctypes.create_string_buffer(word.encode())
    with _LOCK:
        library = _library()
        _select(library, voice)
        pointer = ctypes.c_void_p(ctypes.addressof(buffer))
        spoken = library.handle.espeak_TextToPhonemes(ctypes.byref(pointer), _CHARS_UTF8, _PHONEMES_IN_IPA)
        return spoken.decode() if spoken else ""
