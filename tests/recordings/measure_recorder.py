"""What recording costs: `python -m tests.recordings.measure_recorder [RECORDINGS] [SECONDS] [--clear]`.

CPU time of the recorder's threads, the kernel's part included, per second of recorded call; sources give 50
frames a second by the clock.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from recordings.catalogue import Catalogue
from recordings.recorder import Recorder
from recordings.settings import RecordingSettings
from server.store.store import open_store
from tests.recordings.fakes import PacedSource

SEALED = "--clear" not in sys.argv


def cpu_s(name: str) -> float:
    """User and system time of the thread of that name."""
    thread = next(thread for thread in threading.enumerate() if thread.name == name)
    return time.clock_gettime(time.pthread_getcpuclockid(thread.ident or 0))


async def main(count: int, seconds: float) -> None:
    threads = ("recording-drain", "recording-disk-0", "recording-disk-1", "recording-finalizer")
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Catalogue(open_store(Path(folder) / "trunkline.db"))
        recorder = Recorder(
            RecordingSettings(
                directory=Path(folder) / "recordings", key_directory=Path(folder) / "keys", sealed=SEALED
            ),
            catalogue,
        )
        await recorder.start()
        recordings = []
        for number in range(count):
            recordings.append(
                recorder.begin(
                    f"c{number}", PacedSource(), started_at=datetime.now(UTC), caller="a", called="b"
                )
            )
            await asyncio.sleep(1.5 / count)
        await asyncio.sleep(1)
        before, began_s, process_s = [cpu_s(name) for name in threads], time.monotonic(), time.process_time()
        await asyncio.sleep(seconds)
        call_seconds = count * (time.monotonic() - began_s)
        for name, earlier in zip(threads, before, strict=True):
            print(f"{name}: {(cpu_s(name) - earlier) / call_seconds * 1000:.4f} ms CPU per call-second")
        print(
            f"process: {(time.process_time() - process_s) / call_seconds * 1000:.4f} ms CPU per call-second"
        )
        print(recorder.report())
        begun_s = time.monotonic()
        entries = await asyncio.gather(*(recorder.finish(recording) for recording in recordings))
        print(f"{count} finished at once in {time.monotonic() - begun_s:.2f} s")
        print(f"gaps {sum(entry.gap_s for entry in entries)} s")
        print(f"load average {os.getloadavg()}")
        await recorder.stop()


asyncio.run(
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400, float(sys.argv[2]) if len(sys.argv) > 2 else 10)
)
