"""What the server promised before it was killed is there after its next start.

Twenty contacts a second, a kill -9 at a random moment, a start in the same folder; and again. `make test`
does it a few times; `python -m tests.interop.test_kill_9 100` as often as it is told.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from contacts.facts.contact import ContactClosed, ContactStarted
from recordings.catalogue import RECORDING, RecordingState
from server.bench import caller
from server.bench.caller import Callers
from server.journal.reading import entries_after, unclosed_contacts
from server.store.store import open_existing
from tests.interop.trunkline import Trunkline

RATE = 20
HOLD_S = 0.8
LONGEST_S = 3.0

pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]


@dataclass
class Seen:
    """What the callers of all runs saw."""

    answered: list[str] = field(default_factory=list)
    kills: int = 0


async def kill_at(folder: Path, after_s: float, seen: Seen) -> None:
    """One run of the server, ended at that moment of its load."""
    server = await Trunkline.start(folder)
    callers = Callers(server.address, hold_s=HOLD_S)
    calling = asyncio.create_task(asyncio.to_thread(callers.run, RATE, after_s + 0.5))
    await asyncio.sleep(after_s)
    await server.kill()
    tally = await calling
    seen.answered += tally.answered
    seen.kills += 1


async def kill_again_and_again(folder: Path, times: int, seed: int) -> Seen:
    """Afterwards the server is started once more, and stopped as it should be."""
    chance, seen = random.Random(seed), Seen()
    for _ in range(times):
        await kill_at(folder, chance.uniform(0.05, LONGEST_S), seen)
    async with await Trunkline.start(folder) as server:
        await server.closed_contacts()
    return seen


def check(folder: Path, seen: Seen) -> tuple[int, int]:
    """How many contacts and recordings there are; raises AssertionError for the first broken promise."""
    engine = open_existing(folder / "var" / "trunkline.db")
    entries = entries_after(engine, 0, 10_000_000)
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1)), (
        "the sequence has a hole"
    )
    started = {e.fact.contact: e.fact.call_id for e in entries if isinstance(e.fact, ContactStarted)}
    closed = Counter(entry.fact.contact for entry in entries if isinstance(entry.fact, ContactClosed))
    missing = set(seen.answered) - set(started.values())
    assert not missing, f"{len(missing)} callers were answered, and their contact is not in the journal"
    assert {contact for contact, times in closed.items() if times != 1} == set(), "closed more than once"
    assert set(started) == set(closed), "not every contact was closed"
    assert unclosed_contacts(engine) == []
    listed = recordings_listed(folder)
    engine.dispose()
    return len(started), listed


def recordings_listed(folder: Path) -> int:
    """Every file has its row, and no row still says that it is being recorded."""
    engine = open_existing(folder / "var" / "trunkline.db")
    with engine.connect() as connection:
        rows = {row.path: row.state for row in connection.execute(RECORDING.select())}
    engine.dispose()
    root = folder / "var" / "recordings"
    files = {path.relative_to(root).as_posix() for path in root.rglob("*.tlr")}
    assert files <= set(rows), f"{len(files - set(rows))} recordings are in no list"
    assert RecordingState.RECORDING.value not in rows.values()
    return len(files)


@pytest.fixture(autouse=True)
def callers_give_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "PATIENCE_S", 2.0)


async def test_s_promises_are_kept_under_kill_9(tmp_path: Path) -> None:
    seen = await kill_again_and_again(tmp_path, 3, seed=9)
    contacts, recordings = check(tmp_path, seen)
    assert len(seen.answered) > 10
    assert contacts >= len(seen.answered)
    assert recordings > 0


def main(times: str) -> None:
    caller.PATIENCE_S = 2.0
    with tempfile.TemporaryDirectory(prefix="trunkline-kill-") as folder:
        seen = asyncio.run(kill_again_and_again(Path(folder), int(times), seed=random.randrange(1 << 30)))
        contacts, recordings = check(Path(folder), seen)
    print(
        f"{seen.kills} kills, {len(seen.answered)} callers answered: {contacts} contacts, each closed once, "
        f"and {recordings} recordings, all listed"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
