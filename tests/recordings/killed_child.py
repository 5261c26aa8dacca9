"""Records in real time until it is killed: `killed_child.py FOLDER DATABASE COUNT SEED`.

COUNT recordings last; beside them others begin and end all the time. Says when each began, and which are
finished.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from recordings.catalogue import Catalogue
from recordings.recorder import Recorder
from recordings.segment import RecordingId
from recordings.settings import RecordingSettings
from server.store.store import open_store
from tests.recordings.fakes import PacedSource


def tell(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def begin(recorder: Recorder, contact: str, source: PacedSource) -> RecordingId:
    recording = recorder.begin(contact, source, started_at=datetime.now(UTC), caller="a", called="b")
    tell("began", time.monotonic(), recording)
    return recording


async def short(recorder: Recorder, seconds: float) -> None:
    source = PacedSource()
    recording = begin(recorder, "short", source)
    await asyncio.sleep(seconds)
    source.end()
    await recorder.finish(recording)
    tell("finished", time.monotonic(), recording)


async def main(folder: Path, database: Path, count: int, seed: int) -> None:
    recorder = Recorder(
        RecordingSettings(directory=folder, key_directory=folder.parent / "keys"),
        Catalogue(open_store(database)),
    )
    await recorder.start()
    lengths = random.Random(seed)
    async with asyncio.TaskGroup() as calls:
        for number in range(count):
            begin(recorder, f"contact-{number}", PacedSource())
        while True:
            calls.create_task(short(recorder, lengths.uniform(0.0, 1.5)))
            await asyncio.sleep(lengths.uniform(0.0, 0.1))


asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
