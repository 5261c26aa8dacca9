"""Recordings as WAV files: stereo, caller left, what the caller hears right.

What is missing is silence, with a marker (a cue point and its label) that players show.
"""

from __future__ import annotations

import enum
import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, assert_never

import numpy as np
from numpy.typing import NDArray

from media.g711 import ulaw_decode
from recordings.catalogue import RecordingEntry
from recordings.errors import KeyMissingError, RecordingsError
from recordings.files import RecordingFiles
from recordings.folder import private_folder
from recordings.segment import CHANNELS, FRAME_SAMPLES, RATE_HZ, ULAW_SILENCE, FileHeader
from recordings.segment_reader import Damage, Finished, Gap, GapCause, Item, SealedSegment, Segment

_SILENCE_FRAMES = 500
_CHUNK = struct.Struct("<4sI")
_RIFF = struct.Struct("<4sI4s")
_FORMAT = struct.Struct("<HHIIHHH")
_CUE = struct.Struct("<II4sIII")
_GAP_LABELS = {GapCause.DROPPED: b"not recorded", GapCause.LOST: b"damaged"}


class WavEncoding(enum.Enum):
    """The value is the format tag of the WAV file."""

    PCM16 = 1
    ULAW = 7

    @property
    def sample_bytes(self) -> int:
        return 2 if self is WavEncoding.PCM16 else 1


@dataclass(frozen=True, slots=True)
class _Mark:
    sample: int
    label: bytes


@dataclass(frozen=True, slots=True)
class WavAudio:
    """What a WAV file holds: `samples` is (n, channels) linear, whatever the file's encoding."""

    encoding: WavEncoding
    rate_hz: int
    samples: NDArray[np.int16]

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate_hz


def play_path(files: RecordingFiles, entry: RecordingEntry, encoding: WavEncoding = WavEncoding.ULAW) -> Path:
    """A playable WAV of the recording as it is now; rendered only when not there yet.

    Beside its file, or, when that is sealed, in a folder for temporary files that nobody else can read.
    """
    recording = files.directory / entry.path
    if entry.is_empty:
        target = private_folder() / f"{recording.stem}.{encoding.name.lower()}.empty.wav"
        export_wav((), target, encoding)
        return target
    folder = recording.parent if files.seal_of(entry.path) is None else private_folder()
    target = folder / (recording.stem + (".wav" if encoding is WavEncoding.ULAW else ".pcm16.wav"))
    try:
        written_ns = recording.stat().st_mtime_ns
        if not target.exists() or target.stat().st_mtime_ns != written_ns:
            export_wav(files.sound(entry.path), target, encoding)
            # Equal times say "made from exactly this"; a recording that goes on gets a new WAV.
            os.utime(target, ns=(written_ns, written_ns))
    except OSError as error:
        raise RecordingsError(
            f"recording {entry.recording_id}: {error.filename or recording}: {error.strerror}"
        ) from error
    return target


def playable_files(directory: Path, entry: RecordingEntry) -> tuple[Path, ...]:
    """Where `play_path` may have left sound of it."""
    stems = (directory / entry.path.with_suffix(""), private_folder() / entry.path.stem)
    return tuple(stem.with_name(stem.name + suffix) for stem in stems for suffix in (".wav", ".pcm16.wav"))


def export_wav(items: Iterable[Item], target: Path, encoding: WavEncoding = WavEncoding.ULAW) -> None:
    """Renders in a stream; `target` appears whole or not at all."""
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as part:
        try:
            render_wav(items, part, encoding)
            part.flush()
            os.fsync(part.fileno())
            Path(part.name).replace(target)
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise


def render_wav(items: Iterable[Item], target: IO[bytes], encoding: WavEncoding) -> None:
    """`target` must be seekable: the header is written last."""
    begin = target.tell()
    target.write(_wav_header(encoding, 0, 0))
    sample_count = 0
    marks: list[_Mark] = []
    for block in _blocks(items, marks):
        interleaved = block.transpose(0, 2, 1)
        octets = interleaved.tobytes() if encoding is WavEncoding.ULAW else _pcm16(interleaved)
        target.write(octets)
        sample_count += len(block) * FRAME_SAMPLES
    labels = _marker_chunks(marks)
    target.write(labels)
    end = target.tell()
    target.seek(begin)
    target.write(_wav_header(encoding, sample_count, len(labels)))
    target.seek(end)


def _pcm16(codes: NDArray[np.uint8]) -> bytes:
    return ulaw_decode(codes).astype("<i2").tobytes()


def _blocks(items: Iterable[Item], marks: list[_Mark]) -> Iterator[NDArray[np.uint8]]:
    """The sound in order; where it is missing is added to `marks`."""
    silence = np.full((_SILENCE_FRAMES, CHANNELS, FRAME_SAMPLES), ULAW_SILENCE, np.uint8)
    for item in items:
        match item:
            case Segment():
                yield item.samples
            case Gap():
                marks.append(_Mark(item.first_frame * FRAME_SAMPLES, _GAP_LABELS[item.cause]))
                for begin in range(0, item.frame_count, _SILENCE_FRAMES):
                    yield silence[: item.frame_count - begin]
            case FileHeader() | Damage() | Finished():
                pass
            case SealedSegment():
                raise KeyMissingError("sealed sound cannot be heard")
            case _:
                assert_never(item)


def _wav_header(encoding: WavEncoding, sample_count: int, after_bytes: int) -> bytes:
    """A format other than PCM needs an extended fmt chunk and a fact chunk."""
    block = CHANNELS * encoding.sample_bytes
    bits = 8 * encoding.sample_bytes
    form = _FORMAT.pack(encoding.value, CHANNELS, RATE_HZ, RATE_HZ * block, block, bits, 0)
    if encoding is WavEncoding.PCM16:
        form = form[:-2]
    chunks = _CHUNK.pack(b"fmt ", len(form)) + form
    if encoding is not WavEncoding.PCM16:
        chunks += _CHUNK.pack(b"fact", 4) + struct.pack("<I", sample_count)
    data_bytes = sample_count * block
    chunks += _CHUNK.pack(b"data", data_bytes)
    return _RIFF.pack(b"RIFF", 4 + len(chunks) + data_bytes + after_bytes, b"WAVE") + chunks


def _marker_chunks(marks: Sequence[_Mark]) -> bytes:
    """A cue chunk with a point for each mark, and their labels; nothing without marks."""
    if not marks:
        return b""
    points = b"".join(
        _CUE.pack(number, mark.sample, b"data", 0, 0, mark.sample) for number, mark in enumerate(marks, 1)
    )
    cue = struct.pack("<I", len(marks)) + points
    labels = b"adtl"
    for number, mark in enumerate(marks, 1):
        text = mark.label + b"\0"
        labels += (
            _CHUNK.pack(b"labl", 4 + len(text)) + struct.pack("<I", number) + text + b"\0" * (len(text) % 2)
        )
    return _CHUNK.pack(b"cue ", len(cue)) + cue + _CHUNK.pack(b"LIST", len(labels)) + labels


def read_wav(path: Path) -> WavAudio:
    """Reads whole WAV files of the two encodings that `export_wav` writes, with any number of channels."""
    octets = path.read_bytes()
    if octets[:4] != b"RIFF" or octets[8:12] != b"WAVE":
        raise RecordingsError(f"{path} is not a WAV file")
    chunks = _chunks(octets)
    try:
        tag, channels, rate_hz, _, block, _, _ = _FORMAT.unpack(
            chunks[b"fmt "].ljust(_FORMAT.size, b"\0")[:18]
        )
        encoding, data = WavEncoding(tag), chunks[b"data"]
    except (KeyError, ValueError) as error:
        raise RecordingsError(f"{path}: a WAV file this program does not read: {error!r}") from error
    if channels == 0 or block != channels * encoding.sample_bytes or len(data) % block:
        raise RecordingsError(f"{path}: its blocks of {block} octets do not fit {channels} channels")
    if encoding is WavEncoding.ULAW:
        samples = ulaw_decode(np.frombuffer(data, np.uint8))
    else:
        samples = np.frombuffer(data, "<i2").astype(np.int16)
    return WavAudio(encoding, rate_hz, samples.reshape(-1, channels))


def _chunks(octets: bytes) -> dict[bytes, bytes]:
    chunks: dict[bytes, bytes] = {}
    at = _RIFF.size
    while at + _CHUNK.size <= len(octets):
        name, length = _CHUNK.unpack_from(octets, at)
        at += _CHUNK.size
        chunks[name] = octets[at : at + length]
        at += length + length % 2
    return chunks
