"""kill -9 in the middle of calls: at most the last second is lost, and the rest plays."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from recordings.catalogue import Catalogue, RecordingState
from recordings.recovery import recover
from recordings.wav import play_path, read_wav
from server.store.store import open_store

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("lived_s", [0.3, 1.7, 3.1])
def test_killed_recordings_are_listed_interrupted_playable_and_lose_under_a_second(
    tmp_path: Path, lived_s: float
) -> None:
    folder, database = tmp_path / "recordings", tmp_path / "trunkline.db"
    arguments = [sys.executable, "-m", "tests.recordings.killed_child", str(folder), str(database), "5"]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        told = next(line for line in child.stdout if line.startswith(b"began "))
        began_s = float(told.split()[1])
        time.sleep(max(0.0, began_s + lived_s - time.monotonic()))
        lived_s = time.monotonic() - began_s
        child.kill()
    engine = open_store(database)
    catalogue = Catalogue(engine)
    assert len(recover(folder, catalogue)) == 5
    entries = catalogue.list()
    assert len(entries) == 5
    for entry in entries:
        assert entry.state is RecordingState.INTERRUPTED
        assert lived_s - 1.0 <= entry.duration_s <= lived_s + 0.05
        assert entry.gap_s == 0
        assert read_wav(play_path(folder, entry)).duration_s == pytest.approx(entry.duration_s)
    engine.dispose()
