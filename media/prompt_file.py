"""Recorded prompts: WAV files as sounds."""

from __future__ import annotations

import hashlib
import struct
import wave
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from media.errors import MediaError
from media.g711 import ulaw_decode, ulaw_encode
from media.sound import SAMPLES_PER_SECOND, Sound

MAX_SECONDS = 600
MIN_RATE_HZ = 1000
MAX_ULAW_BYTES = 16 * SAMPLES_PER_SECOND * MAX_SECONDS
ULAW_FORMAT = 7


class PromptFileError(MediaError):
    """The file is not a prompt; the message names it and says what it should be."""


def read_prompt(file: Path) -> Sound:
    """A PCM WAV file of any rate, mixed to mono and resampled to 8 kHz. Blocks on the disk."""
    ulaw = ulaw_encode(read_pcm(file)).tobytes()
    return Sound(name=f"file:{hashlib.sha256(ulaw).hexdigest()[:24]}", ulaw=ulaw)


def read_pcm(file: Path, channel: int | None = None) -> NDArray[np.int16]:
    """At 8 kHz: one channel of it, or all of them mixed. Samples of 8, 16, 24 or 32 bits are read."""
    if (ulaw := _ulaw_wave(file)) is not None:
        frames, rate_hz = ulaw
        return _resampled(frames.mean(axis=1) if channel is None else frames[:, channel], rate_hz)
    try:
        with wave.open(str(file), "rb") as stream:
            rate_hz, channels, width = stream.getframerate(), stream.getnchannels(), stream.getsampwidth()
            if not 1 <= width <= 4 or rate_hz < MIN_RATE_HZ:
                raise PromptFileError(f"{file}: {width * 8}-bit samples at {rate_hz} Hz; prompts are PCM")
            data = stream.readframes(min(stream.getnframes(), rate_hz * MAX_SECONDS))
    except (OSError, EOFError, RuntimeError, ArithmeticError, wave.Error) as error:
        # Of a file that was cut or changed the reader of the standard library says so in many ways.
        raise PromptFileError(f"{file}: not a readable PCM WAV file ({error})") from None
    whole = len(data) // (channels * width) * channels * width
    frames = _samples(data[:whole], width).reshape(-1, channels)
    return _resampled(frames.mean(axis=1) if channel is None else frames[:, channel], rate_hz)


def _ulaw_wave(file: Path) -> tuple[NDArray[np.float64], int] | None:
    """Frames and rate of a mu-law WAV file, such as our own recordings are; None when it is none."""
    try:
        with file.open("rb") as stream:
            octets = stream.read(MAX_ULAW_BYTES)
    except OSError:
        return None
    kind, channels, rate_hz, at = 0, 0, 0, 12
    while at + 8 <= len(octets) and octets[:4] == b"RIFF":
        name, size = struct.unpack_from("<4sI", octets, at)
        if name == b"fmt " and at + 16 <= len(octets):
            kind, channels, rate_hz = struct.unpack_from("<HHI", octets, at + 8)
        if name == b"data":
            if kind != ULAW_FORMAT or not 0 < channels <= 8 or rate_hz < MIN_RATE_HZ:
                return None
            codes = np.frombuffer(octets[at + 8 : at + 8 + size], np.uint8)
            whole = codes[: len(codes) // channels * channels]
            return ulaw_decode(whole).astype(np.float64).reshape(-1, channels), rate_hz
        at += 8 + size + size % 2
    return None


def write_pcm(file: Path, pcm: NDArray[np.int16]) -> None:
    """As prompts are read best: 8 kHz, mono, 16 bit. Whole or not at all; raises OSError."""
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as opened, wave.open(opened, "wb") as stream:
            stream.setnchannels(1)
            stream.setsampwidth(2)
            stream.setframerate(SAMPLES_PER_SECOND)
            stream.writeframes(pcm.astype("<i2").tobytes())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _samples(data: bytes, width: int) -> NDArray[np.float64]:
    """On the scale of 16 bits, whatever their width; those of 8 bits have no sign (RIFF)."""
    if width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float64) - 128) * 256
    octets = np.frombuffer(data, np.uint8).reshape(-1, width)
    aligned = np.zeros((len(octets), 4), np.uint8)
    aligned[:, 4 - width :] = octets
    return aligned.reshape(-1).view("<i4").astype(np.float64) / 65536


def _resampled(mono: NDArray[np.float64], rate_hz: int) -> NDArray[np.int16]:
    if rate_hz != SAMPLES_PER_SECOND:
        mono = np.asarray(soxr.resample(mono, rate_hz, SAMPLES_PER_SECOND, quality="HQ"))
    return np.clip(np.rint(mono), -32768, 32767).astype(np.int16)
