"""Whether recordings and log are what was signed: each fault in words, and what cannot be excluded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recordings.catalogue import RecordingEntry
from recordings.evidence.keeper import FOLDER, digest_of
from recordings.evidence.log import (
    ERASED,
    HEADS_FILE,
    LOG_FILE,
    RECORDED,
    TreeHead,
    parse_head,
    parse_line,
    parse_lines,
)
from recordings.evidence.manifest import ManifestError, SignedManifest, parse_signed
from recordings.evidence.manifest_files import all_manifests, find_manifest
from recordings.evidence.merkle import Frontier, leaf_hash
from recordings.evidence.signing import PUBLIC_FILE, Verifier
from recordings.folder import SUFFIX

NO_KEPT_HEAD = (
    "no head of the log that was kept elsewhere was given: whoever holds the signing key could have "
    "made another log"
)


@dataclass(frozen=True, slots=True)
class VaultVerdict:
    """`caveats` are what nobody could exclude with what was at hand."""

    recordings: int
    lines: int
    faults: tuple[str, ...]
    caveats: tuple[str, ...]


def public_key(key_directory: Path) -> Verifier | None:
    file = key_directory / PUBLIC_FILE
    return Verifier.parse(file.read_text()) if file.exists() else None


class LoggedDigests:
    """What the log of one folder holds of each recording, read again only when the log was touched: a run
    over all recordings reads it once. Blocks; safe in any thread.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read: tuple[tuple[int, ...], dict[str, str]] | None = None

    def newest(self) -> dict[str, str]:
        """As `logged_digests`."""
        held, version = self._read, self._version()
        if held is not None and held[0] == version:
            return held[1]
        digests = logged_digests(self._directory)
        self._read = version, digests
        return digests

    def _version(self) -> tuple[int, ...]:
        """Another one after any write. The time of the last change is the kernel's: no program sets it."""
        file = self._directory / FOLDER / LOG_FILE
        try:
            status = file.stat()
        except FileNotFoundError:
            return ()
        return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def logged_digests(directory: Path) -> dict[str, str]:
    """The newest digest that the log holds of each recording; empty for one that was erased since."""
    found: dict[str, str] = {}
    for octets in parse_lines(_read(directory / FOLDER / LOG_FILE)):
        line = parse_line(octets)
        if line is not None:
            found[line.subject] = line.digest if line.kind == RECORDED else ""
    return found


def manifest_faults(
    directory: Path, entry: RecordingEntry, verifier: Verifier | None, digests: dict[str, str]
) -> Iterator[str]:
    """What is wrong with the proof of one recording. One made before there were manifests has none."""
    logged = digests.get(entry.recording_id)
    try:
        octets = find_manifest(directory / entry.path)
        held = None if octets is None else parse_signed(octets)
    except (OSError, ManifestError):
        yield "its manifest was changed"
        return
    if held is None:
        if logged is not None:
            yield "its manifest is gone"
        return
    yield from _signature_faults(held, logged, verifier)
    if names := held.manifest.differs_from(entry):
        yield f"the catalogue says otherwise than its manifest: {', '.join(names)}"
    recording = directory / entry.path
    if recording.exists() and digest_of(recording).sha256 != held.manifest.sha256:
        yield "the file is not the one that was signed"


def _signature_faults(held: SignedManifest, logged: str | None, verifier: Verifier | None) -> Iterator[str]:
    if verifier is not None and not held.is_signed_by(verifier):
        yield "its manifest was not signed with our key"
    if logged is None:
        yield "its manifest is not in the log"
    elif logged != held.digest:
        yield "its manifest is not the one in the log"


def examine_vault(directory: Path, verifier: Verifier, kept: TreeHead | None = None) -> VaultVerdict:
    """The whole log against its heads, and every manifest and file against the log; needs no database."""
    lines = parse_lines(_read(directory / FOLDER / LOG_FILE))
    heads = [parse_head(octets) for octets in parse_lines(_read(directory / FOLDER / HEADS_FILE))]
    faults = [*_head_faults(lines, heads, verifier, kept), *_line_faults(lines)]
    digests = logged_digests(directory)
    faults += _stored_faults(directory, digests, verifier)
    recorded = sum(bool(digest) for digest in digests.values())
    return VaultVerdict(recorded, len(lines), tuple(faults), () if kept is not None else (NO_KEPT_HEAD,))


def _head_faults(
    lines: list[bytes], heads: list[TreeHead | None], verifier: Verifier, kept: TreeHead | None
) -> Iterator[str]:
    roots = _roots(lines)
    known = [head for head in heads if head is not None]
    if len(known) < len(heads):
        yield "a head of the log cannot be read"
    for head in (*known, *([kept] if kept is not None else [])):
        if not head.is_signed_by(verifier):
            yield f"the head of {head.size} lines was not signed with our key"
        if head.size >= len(roots):
            yield f"the log has {len(lines)} lines where a head counts {head.size}: lines were removed"
        elif roots[head.size].hex() != head.root:
            yield f"the first {head.size} lines of the log are not what was signed"
    newest = max((head.size for head in known), default=0)
    if newest < len(lines):
        yield f"{len(lines) - newest} lines at the end of the log are under no signed head"


def _roots(lines: list[bytes]) -> list[bytes]:
    frontier = Frontier()
    roots = [frontier.root]
    for line in lines:
        frontier.add(leaf_hash(line))
        roots.append(frontier.root)
    return roots


def _line_faults(lines: list[bytes]) -> Iterator[str]:
    for number, octets in enumerate(lines, start=1):
        line = parse_line(octets)
        if line is None or line.kind not in {RECORDED, ERASED}:
            yield f"line {number} of the log cannot be read"


def _stored_faults(directory: Path, digests: dict[str, str], verifier: Verifier) -> Iterator[str]:
    recordings = {path.stem: path for path in sorted(directory.rglob(f"*{SUFFIX}"))}
    manifests = all_manifests(directory)
    for recording, digest in digests.items():
        path = recordings.get(recording)
        if digest:
            found = _file_faults(path, manifests.get(recording), digest, verifier)
            yield from (f"{recording}: {fault}" for fault in found)
        elif path is not None:
            yield f"{recording}: the log says that it was erased, and here it is"
    for recording in sorted(recordings.keys() & manifests.keys() - digests.keys()):
        yield f"{recording}: its manifest is not in the log"


def _file_faults(
    path: Path | None, held: SignedManifest | None, digest: str, verifier: Verifier
) -> Iterator[str]:
    if path is None and (held is None or held.manifest.size_bytes):
        yield "the file is gone"
    if held is None:
        yield "its manifest is gone or was changed"
        return
    yield from _signature_faults(held, digest, verifier)
    if path is not None and digest_of(path).sha256 != held.manifest.sha256:
        yield "the file is not the one that was signed"


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""
