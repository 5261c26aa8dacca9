"""What one recording is, in octets that are signed: no later change of it goes unseen."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from recordings.catalogue import RecordingEntry
from recordings.errors import RecordingsError
from recordings.evidence.signing import Signer, Verifier
from recordings.instants import to_utc_text

VERSION = 1


class ManifestError(RecordingsError):
    """The octets are no manifest."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """`sha256` is the whole file's; `marks` are the checksums of its header and chunks, which find a change.

    No party is named: a manifest may be shown to anybody.
    """

    version: int
    recording: str
    contact: str
    state: str
    started_at: str
    duration_s: float
    gap_s: float
    size_bytes: int
    sha256: str
    marks: str

    def octets(self) -> bytes:
        """Always the same for the same manifest."""
        return canonical(asdict(self))

    def differs_from(self, entry: RecordingEntry) -> tuple[str, ...]:
        """Which of the catalogue's fields say something else."""
        said = manifest_of(entry, self.sha256, self.marks)
        names = ("recording", "contact", "state", "started_at", "duration_s", "gap_s", "size_bytes")
        return tuple(name for name in names if getattr(said, name) != getattr(self, name))


@dataclass(frozen=True, slots=True)
class SignedManifest:
    """As it lies beside the recording."""

    manifest: Manifest
    key_id: str
    signature: str

    @property
    def digest(self) -> str:
        """What the log keeps of it."""
        return hashlib.sha256(self.manifest.octets()).hexdigest()

    def octets(self) -> bytes:
        return canonical(asdict(self)) + b"\n"

    def is_signed_by(self, verifier: Verifier) -> bool:
        return verifier.accepts(self.manifest.octets(), self.signature)


def manifest_of(entry: RecordingEntry, sha256: str, marks: str) -> Manifest:
    return Manifest(
        VERSION,
        entry.recording_id,
        entry.contact_id,
        entry.state.value,
        to_utc_text(entry.started_at),
        round(entry.duration_s, 3),
        round(entry.gap_s, 3),
        entry.size_bytes,
        sha256,
        marks,
    )


def signed(manifest: Manifest, signer: Signer) -> SignedManifest:
    return SignedManifest(manifest, signer.verifier.key_id, signer.sign(manifest.octets()))


def parse_signed(octets: bytes) -> SignedManifest:
    """Raises ManifestError."""
    try:
        held = json.loads(octets)
        manifest = Manifest(**_exactly(Manifest, held["manifest"]))
        return SignedManifest(manifest, str(held["key_id"]), str(held["signature"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ManifestError(f"not a manifest: {error!r}") from error


def canonical(value: dict[str, Any]) -> bytes:
    """JSON with sorted keys and no spaces: the same octets everywhere."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _exactly(kind: type[Manifest], held: dict[str, Any]) -> dict[str, Any]:
    wanted = {field.name: field.type for field in fields(kind)}
    if held.keys() != wanted.keys():
        raise ValueError(f"fields {sorted(held)}")
    return held
