"""One recording as a file to hand over: sound, words, timeline, the sealed original, and the proof of all of
it.

    case.json          what it is, and SHA-256 of every other file
    case.sig           the signature of case.json
    recording.wav      to listen to; rendered from the original
    transcript.txt     who said what, with times; transcript.json with the times of words
    timeline.json      what happened in the contact
    original.tlr       the file as it was recorded, sealed; original.key opens it
    manifest.json      what was signed when the recording ended
    proof.json         the log's line, and the way from it to a signed head
    signing.pub        the server's public key, for comparison with the one that you hold

It is verified with this file alone and the public key, on any machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from recordings.catalogue import RecordingEntry
from recordings.errors import RecordingsError
from recordings.evidence.keeper import FOLDER
from recordings.evidence.log import HEADS_FILE, LOG_FILE, TreeHead, parse_head, parse_line, parse_lines
from recordings.evidence.manifest import ManifestError, canonical, parse_signed
from recordings.evidence.manifest_files import find_manifest
from recordings.evidence.merkle import inclusion_path, leaf_hash, root_by_path
from recordings.evidence.signing import Signer, Verifier
from recordings.files import RecordingFiles
from recordings.sealing import AesGcmSeal
from recordings.segment_reader import Damage, Finished, Gap, GapCause, SealedSegment, read_segments
from recordings.transcripts import TranscriptItem, render_transcript
from recordings.wav import WavEncoding, render_wav

_COPY_BYTES = 1 << 20
_LARGEST_SOUND_BYTES = 2 << 30
_LARGEST_TEXT_BYTES = 64 << 20
NO_PUBLIC_KEY = "no public key of the server was given: the one inside the file may be anybody's"
NO_PROOF = "the recording is not in the evidence log, or the log was not at hand when it was exported"


@dataclass(frozen=True, slots=True)
class CaseVerdict:
    """`caveats` are what nobody could exclude with what was at hand."""

    recording: str
    faults: tuple[str, ...]
    caveats: tuple[str, ...]


def write_case(
    target: IO[bytes],
    entry: RecordingEntry,
    files: RecordingFiles,
    transcript: Sequence[TranscriptItem],
    timeline: Sequence[dict[str, Any]],
    signer: Signer,
) -> None:
    """Raises RecordingsError when the sound cannot be heard, OSError."""
    hashes: dict[str, str] = {}
    with ZipFile(target, "w", ZIP_DEFLATED) as case:
        for name, content in _texts(entry, files, transcript, timeline, signer.verifier):
            hashes[name] = hashlib.sha256(content).hexdigest()
            case.writestr(name, content)
        with TemporaryFile() as wav:
            render_wav(() if entry.is_empty else files.sound(entry.path), wav, WavEncoding.ULAW)
            wav.seek(0)
            hashes["recording.wav"] = _store(case, "recording.wav", wav)
        with BytesIO() if entry.is_empty else files.raw(entry.path) as original:
            hashes["original.tlr"] = _store(case, "original.tlr", original)
        told = canonical({"recording": entry.recording_id, "contact": entry.contact_id, "sha256": hashes})
        case.writestr("case.json", told)
        case.writestr("case.sig", signer.sign(told))


def _texts(
    entry: RecordingEntry,
    files: RecordingFiles,
    transcript: Sequence[TranscriptItem],
    timeline: Sequence[dict[str, Any]],
    verifier: Verifier,
) -> Iterator[tuple[str, bytes]]:
    yield "transcript.txt", render_transcript(transcript).encode()
    spoken = [asdict(item) | {"speaker": item.speaker.value} for item in transcript]
    yield "transcript.json", json.dumps(spoken, ensure_ascii=False, indent=1).encode()
    yield "timeline.json", json.dumps(list(timeline), ensure_ascii=False, indent=1, default=str).encode()
    yield "signing.pub", verifier.text.encode()
    if files.keyring is not None and files.keyring.has(entry.path):
        yield "original.key", files.keyring.key(entry.path).hex().encode()
    if (manifest := find_manifest(files.directory / entry.path)) is not None:
        yield "manifest.json", manifest
    if (proof := _proof(files.directory, entry.recording_id)) is not None:
        yield "proof.json", canonical(proof)


def _proof(directory: Path, recording: str) -> dict[str, Any] | None:
    log, heads = directory / FOLDER / LOG_FILE, directory / FOLDER / HEADS_FILE
    if not log.exists() or not heads.exists():
        return None
    head = parse_head(parse_lines(heads.read_bytes())[-1])
    lines = parse_lines(log.read_bytes())[: 0 if head is None else head.size]
    found = [
        n for n, octets in enumerate(lines) if (line := parse_line(octets)) and line.subject == recording
    ]
    if head is None or not found:
        return None
    path = inclusion_path([leaf_hash(octets) for octets in lines], found[-1])
    return {
        "line": lines[found[-1]].decode(),
        "index": found[-1],
        "path": [node.hex() for node in path],
        "head": asdict(head),
    }


def _store(case: ZipFile, name: str, source: IO[bytes]) -> str:
    digest = hashlib.sha256()
    with case.open(name, "w", force_zip64=True) as part:
        while octets := source.read(_COPY_BYTES):
            digest.update(octets)
            part.write(octets)
    return digest.hexdigest()


def verify_case(file: Path, verifier: Verifier | None = None, kept: TreeHead | None = None) -> CaseVerdict:
    """Raises RecordingsError when the file is no case at all; needs nothing but the file."""
    try:
        with ZipFile(file) as case:
            return _verdict(case, verifier, kept)
    except (BadZipFile, KeyError, ValueError, NotImplementedError, EOFError) as error:
        raise RecordingsError(f"{file}: this is no exported recording, or it is broken: {error}") from error
    except OSError as error:
        raise RecordingsError(f"{file}: {error.strerror}") from error


def _verdict(case: ZipFile, verifier: Verifier | None, kept: TreeHead | None) -> CaseVerdict:
    told = _read(case, "case.json")
    held = json.loads(told)
    inside = Verifier.parse(_read(case, "signing.pub").decode())
    caveats = [] if verifier is not None else [NO_PUBLIC_KEY]
    trusted = verifier or inside
    faults = []
    if not trusted.accepts(told, _read(case, "case.sig").decode()):
        faults.append("case.json was not signed with the server's key")
    faults += _part_faults(case, held["sha256"])
    faults += _original_faults(case, str(held["recording"]), trusted)
    if "proof.json" in case.namelist():
        faults += _proof_faults(case, trusted, kept)
    else:
        caveats.append(NO_PROOF)
    return CaseVerdict(str(held["recording"]), tuple(faults), tuple(caveats))


def _part_faults(case: ZipFile, hashes: dict[str, str]) -> Iterator[str]:
    names = set(case.namelist()) - {"case.json", "case.sig"}
    if len(set(case.namelist())) < len(case.namelist()):
        yield "a file comes twice in it"
    yield from (f"{name} is missing" for name in sorted(hashes.keys() - names))
    yield from (f"{name} was added" for name in sorted(names - hashes.keys()))
    for name in sorted(names & hashes.keys()):
        if _digest(case, name) != hashes[name]:
            yield f"{name} was changed"


def _read(case: ZipFile, name: str, limit: int = _LARGEST_TEXT_BYTES) -> bytes:
    """Raises BadZipFile for more than anybody exports: a small file may hold any amount of zeros."""
    if case.getinfo(name).file_size > limit:
        raise BadZipFile(f"{name} is larger than anything that is exported")
    return case.read(name)


def _digest(case: ZipFile, name: str) -> str:
    """Also when the archive's own checksum does not fit."""
    digest = hashlib.sha256()
    try:
        with case.open(name) as part:
            while octets := part.read(_COPY_BYTES):
                digest.update(octets)
    except (BadZipFile, EOFError, ValueError, KeyError):
        return ""
    return digest.hexdigest()


def _original_faults(case: ZipFile, recording: str, verifier: Verifier) -> Iterator[str]:
    """The sound that one hears is the sound that was recorded, and that is what was signed."""
    names = set(case.namelist())
    if "manifest.json" in names:
        try:
            held = parse_signed(_read(case, "manifest.json"))
        except (ManifestError, BadZipFile):
            yield "manifest.json cannot be read"
        else:
            if not held.is_signed_by(verifier):
                yield "manifest.json was not signed with the server's key"
            if held.manifest.recording != recording:
                yield f"manifest.json is of recording {held.manifest.recording}"
            if _digest(case, "original.tlr") != held.manifest.sha256:
                yield "original.tlr is not the file that was signed when the recording ended"
    try:
        original = _read(case, "original.tlr", _LARGEST_SOUND_BYTES)
        key = bytes.fromhex(_read(case, "original.key").decode()) if "original.key" in names else b""
        seal = AesGcmSeal(key) if key else None
    except (BadZipFile, ValueError, KeyError):
        return
    yield from _sound_faults(case, original, seal)


def _sound_faults(case: ZipFile, original: bytes, seal: AesGcmSeal | None) -> Iterator[str]:
    items = list(read_segments(original, seal)) if original else []
    broken = [item for item in items if isinstance(item, Damage | SealedSegment)]
    lost = [item for item in items if isinstance(item, Gap) and item.cause is GapCause.LOST]
    if broken or lost:
        yield f"original.tlr is damaged in {len(broken) + len(lost)} places"
        return
    if not any(isinstance(item, Finished) for item in items) and seal is not None:
        yield "original.tlr ends without its mark: it was interrupted or cut off"
    with TemporaryFile() as wav:
        render_wav(items, wav, WavEncoding.ULAW)
        wav.seek(0)
        rendered = hashlib.file_digest(wav, "sha256").hexdigest()
    if rendered != _digest(case, "recording.wav"):
        yield "recording.wav is not the sound of original.tlr"


def _proof_faults(case: ZipFile, verifier: Verifier, kept: TreeHead | None) -> Iterator[str]:
    proof = json.loads(_read(case, "proof.json"))
    head = parse_head(canonical(proof["head"]))
    line = parse_line(str(proof["line"]).encode())
    if head is None or line is None or not head.is_signed_by(verifier):
        yield "proof.json: its head of the log was not signed with the server's key"
        return
    path = [bytes.fromhex(node) for node in proof["path"]]
    root = root_by_path(leaf_hash(str(proof["line"]).encode()), int(proof["index"]), head.size, path)
    if root is None or root.hex() != head.root:
        yield "proof.json: the line is not in the log that was signed"
    if (
        "manifest.json" in case.namelist()
        and parse_signed(_read(case, "manifest.json")).digest != line.digest
    ):
        yield "manifest.json is not the one in the log"
    if kept is not None and kept.size == head.size and kept.root != head.root:
        yield "the log is another one than the head that was kept elsewhere says"
