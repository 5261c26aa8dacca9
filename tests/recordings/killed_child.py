"""Records in real time until it is killed: `killed_child.py FOLDER DATABASE COUNT`; says when it began."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from recordings.catalogue import Catalogue
from recordings.recorder import Recorder
from recordings.settings import RecordingSettings
from server.store.store import open_store
from tests.recordings.fakes import PacedSource


async def main(folder: Path, database: Path, count: int) -> None:
    recorder = Recorder(RecordingSettings(directory=folder), Catalogue(open_store(database)))
    await recorder.start()
    for number in range(count):
        recorder.begin(
            f"contact-{number}", PacedSource(), started_at=datetime.now(UTC), caller="caller", called="100"
        )
    sys.stdout.write(f"began {time.monotonic()}\n")
    sys.stdout.flush()
    await asyncio.sleep(60)


asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
