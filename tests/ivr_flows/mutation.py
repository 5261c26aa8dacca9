"""Flow files with a few things wrong: whatever the bytes, no exception, and every refusal has a place.

`python -m tests.ivr_flows.mutation 100000 [SEED]` tries that many, on all processors but one, and stops at
the first file that breaks the promise, which it writes down. The same seed gives the same files.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ivr_flows.definition.flow import Flow
from ivr_flows.engine.inputs import (
    DigitPressed,
    HungUp,
    Input,
    PlaybackFinished,
    PlaybackId,
    QueueLeft,
    QueueOutcome,
    RecordingEnded,
    Started,
    Tick,
)
from ivr_flows.engine.session import Session
from ivr_flows.findings import Severity
from ivr_flows.loader import parse_flow

LIBRARY = Path(__file__).parents[2] / "ivr_flows" / "library"
EXAMPLES = Path(__file__).parents[1] / "data" / "flows"
SEEDS = sorted(path.read_bytes() for folder in (LIBRARY, EXAMPLES) for path in folder.glob("*.yaml"))
TOKENS = [
    b":", b"- ", b"\n", b"  ", b'"\\e[0m"', b'"\\ud800"', b'"a\\nb"',
    b"{", b"}", b"[", b"]", b"'", b'"', b"|", b">", b"&a ", b"*a", b"!x ", b"#", b"?",
    b"\t", b"\x00", b"\xff", b"%", b"@", b"~", b"null", b"0", b"-1", b"99999999999", b"1e9", b"{x}", b"---\n",
    b"next", b"start", b"\xe2\x80\xa8", b"\xf0\x9f\x93\x9e", b"\\", b"<<: ", b"true", b"5s", b"\r",
    b"hung_up", b"effort()", b" and not ", b"== ", b"1-5", b"in_days(1e99)", b"lookup(", b"([a",
]  # fmt: skip
AT_ONCE = 500


def mutated(chance: random.Random) -> bytes:
    """One file: up to six bytes, tokens, pieces or lines other than in a flow that is right."""
    data = chance.choice(SEEDS)
    for _ in range(chance.randint(1, 6)):
        at, length = chance.randint(0, len(data)), chance.randint(0, 12)
        match chance.choice(("insert", "delete", "replace", "copy", "line", "swap")):
            case "insert":
                data = data[:at] + chance.choice(TOKENS) + data[at:]
            case "delete":
                data = data[:at] + data[at + length :]
            case "replace":
                data = data[:at] + chance.randbytes(chance.randint(0, 4)) + data[at + length :]
            case "copy":
                source = chance.randint(0, len(data))
                data = data[:at] + data[source : source + 10 * length] + data[at:]
            case "line":
                lines = data.splitlines(keepends=True) or [b""]
                del lines[chance.randrange(len(lines))]
                data = b"".join(lines)
            case _:
                words = data.split(b" ")
                first, second = chance.randrange(len(words)), chance.randrange(len(words))
                words[first], words[second] = words[second], words[first]
                data = b" ".join(words)
    return data


def check(data: bytes) -> bool:
    """Whether it was taken; raises AssertionError where a promise is broken, and whatever is not caught."""
    loaded = parse_flow(data, "mutated.yaml")
    lines = data.count(b"\n") + data.count(b"\r") + data.count(b"\xe2\x80\xa8") + data.count(b"\xc2\x85") + 2
    for finding in loaded.findings:
        assert finding.file == "mutated.yaml"
        assert 1 <= finding.line <= lines
        assert finding.column >= 1
        assert finding.message
        assert "\n" not in str(finding)
    errors = [finding for finding in loaded.findings if finding.severity is Severity.ERROR]
    assert (loaded.flow is None) == bool(errors)
    if loaded.flow is not None:
        walk(loaded.flow)
    return loaded.flow is not None


def walk(flow: Flow) -> None:
    """A caller who does a little of everything: a flow that was taken must run."""
    session, now = Session(flow, {"caller_number": "+441"}), 0.0
    session.resume(Started(datetime(2026, 11, 23, 12, 0, tzinfo=UTC)), now)
    just_now = 1e9
    script: tuple[Input | None, ...] = (
        None,
        DigitPressed("3", just_now),
        None,
        DigitPressed("1", just_now),
        None,
        Tick(),
        RecordingEnded("item", 1.0),
        QueueLeft(QueueOutcome.NOBODY),
        HungUp(),
        Tick(),
    )
    for received in script:
        now = max(now + 0.5, session.answer_due() or 0.0)
        session.resume(received or PlaybackFinished(PlaybackId(session.state.playback)), now)


@dataclass(frozen=True)
class Tried:
    """What a number of files came to; `broken` is the first that broke a promise, and how."""

    files: int
    taken: int
    broken: tuple[bytes, str] | None = None


def tried(seed: int, files: int) -> Tried:
    chance, taken = random.Random(seed), 0
    for count in range(files):
        data = mutated(chance)
        try:
            taken += check(data)
        except Exception as error:
            return Tried(count + 1, taken, (data, repr(error)))
    return Tried(files, taken)


def _batches(files: int, seed: int) -> Iterator[tuple[int, int]]:
    for number, begin in enumerate(range(0, files, AT_ONCE)):
        yield seed + number, min(AT_ONCE, files - begin)


def main(files: int, seed: int) -> int:
    began = time.monotonic()
    batches = list(_batches(files, seed))
    done = taken = 0
    with ProcessPoolExecutor(max(1, (os.cpu_count() or 2) - 1)) as pool:
        for found in pool.map(tried, *zip(*batches, strict=True)):
            done, taken = done + found.files, taken + found.taken
            if found.broken is not None:
                pool.shutdown(cancel_futures=True)
                file = Path("broken_flow.yaml")
                file.write_bytes(found.broken[0])
                sys.stdout.write(f"{found.broken[1]}: see {file.absolute()}\n")
                return 1
    took_s = time.monotonic() - began
    sys.stdout.write(
        f"{done} files in {took_s:.0f} s, {taken} taken and walked, the others refused with place\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
