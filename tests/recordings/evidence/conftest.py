"""A vault of three finished recordings with manifests and log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recordings.archive import Archive
from recordings.catalogue import Catalogue, RecordingEntry, RecordingState
from recordings.chunk import ChunkWriter
from recordings.content import ContentDigest
from recordings.evidence.keeper import EvidenceKeeper
from recordings.evidence.signing import Signer, Verifier
from recordings.files import RecordingFiles
from recordings.keyring import Keyring
from recordings.segment import FileHeader, RecordingId
from recordings.tracks import g711_blocks
from server.store.store import open_store
from tests.recordings.conftest import STARTED
from tests.recordings.fakes import numbered_frames

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Vault:
    """Where everything lies, and who looks after it."""

    folder: Path
    keys: Path
    catalogue: Catalogue
    keeper: EvidenceKeeper
    entries: list[RecordingEntry]

    @property
    def files(self) -> RecordingFiles:
        return RecordingFiles.open(self.folder, self.keys)

    @property
    def verifier(self) -> Verifier:
        return Signer.open(self.keys).verifier

    @property
    def archive(self) -> Archive:
        return Archive(self.files, self.catalogue, self.verifier)

    def record(self, number: int) -> RecordingEntry:
        recording = RecordingId(f"20250301-10153{number}-00000000000{number}")
        path = Path(f"2025/03/01/{recording}.tlr")
        header = FileHeader(recording, f"contact-{number}", STARTED, "+442071838750", "100")
        writer = ChunkWriter(header, Keyring.open(self.keys, create=True).make(path))
        content = ContentDigest()
        octets = [writer.header]
        for n in range(6):
            octets.append(
                writer.chunk(n * 25, 25, g711_blocks(numbered_frames(n * 25, 25).transpose(1, 0, 2)))
            )
        octets.append(writer.last(150))
        for piece in octets:
            content.add(piece)
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(b"".join(octets))
        entry = RecordingEntry(
            recording,
            header.contact_id,
            RecordingState.COMPLETE,
            path,
            STARTED,
            header.caller,
            header.called,
            duration_s=3.0,
            size_bytes=content.size_bytes,
        )
        self.catalogue.save([entry])
        self.keeper.keep([(entry, content)], NOW)
        self.entries.append(entry)
        return entry


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    engine = open_store(tmp_path / "trunkline.db")
    folder, keys = tmp_path / "recordings", tmp_path / "keys"
    made = Vault(folder, keys, Catalogue(engine), EvidenceKeeper(folder, Signer.open(keys)), [])
    for number in range(3):
        made.record(number)
    yield made
    engine.dispose()
