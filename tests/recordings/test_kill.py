"""kill -9 at any moment of calls that begin and end: nothing is unlisted, at most a second is lost, the
rest plays.
"""

import os
import random
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from recordings.archive import Archive
from recordings.catalogue import Catalogue, RecordingState
from recordings.files import RecordingFiles
from recordings.recovery import recover
from recordings.wav import play_path, read_wav
from server.store.store import open_store

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("TRUNKLINE_TEST_KILLS", "4"))


@dataclass
class Child:
    """What the killed program had told before it died, by recording."""

    began_s: dict[str, float] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)

    def listen(self, lines: "subprocess.Popen[bytes]") -> None:
        assert lines.stdout is not None
        for line in lines.stdout:
            match line.split():
                case [b"began", at_s, recording]:
                    self.began_s[recording.decode()] = float(at_s)
                case [b"finished", _, recording]:
                    self.finished.add(recording.decode())


def run_and_kill(folder: Path, database: Path, lived_s: float, seed: int) -> tuple[Child, float]:
    arguments = ["-m", "tests.recordings.killed_child", str(folder), str(database), "5", str(seed)]
    told = Child()
    with subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE) as child:
        listening = threading.Thread(target=told.listen, args=(child,))
        listening.start()
        while not told.began_s and child.poll() is None:
            time.sleep(0.005)
        time.sleep(lived_s)
        died_s = time.monotonic()
        child.kill()
        listening.join()
    return told, died_s


@pytest.mark.timing
@pytest.mark.parametrize("seed", range(KILLS))
@pytest.mark.timeout(300)
def test_a_kill_at_any_moment_leaves_no_recording_unlisted_and_costs_under_a_second(
    tmp_path: Path, seed: int
) -> None:
    folder, database = tmp_path / "recordings", tmp_path / "trunkline.db"
    told, died_s = run_and_kill(folder, database, random.Random(seed).uniform(0.05, 4.0), seed)
    engine = open_store(database)
    catalogue = Catalogue(engine)
    files = RecordingFiles.open(folder, folder.parent / "keys")
    recover(files, catalogue)
    entries = {entry.recording_id: entry for entry in catalogue.list()}
    assert {path.stem for path in folder.rglob("*.tlr")} <= set(entries)
    assert {entry.state for entry in entries.values()} <= {
        RecordingState.INTERRUPTED,
        RecordingState.COMPLETE,
    }
    for recording, began_s in told.began_s.items():
        if died_s - began_s > 1.0:
            assert recording in entries, "a recording is not listed"
    assert told.finished <= {id_ for id_, entry in entries.items() if entry.state is RecordingState.COMPLETE}
    archive = Archive(files, catalogue)
    for recording, entry in entries.items():
        lived_s = died_s - told.began_s.get(recording, died_s)
        if entry.contact_id != "short":
            assert lived_s - 1.0 <= entry.duration_s <= lived_s + 0.1
        assert entry.gap_s == 0
        assert archive.verify(entry).is_intact
        assert read_wav(play_path(files, entry)).duration_s == pytest.approx(entry.duration_s)
    engine.dispose()
