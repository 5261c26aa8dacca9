"""How long a search takes: `python tests/bench/transcript_search.py [--transcripts N]`.

Synthetic transcripts of 150 words in five utterances, words by Zipf's law over 20,000 of them; each query
asks for the first 50 hits, newest first. Prints ingest and, for each kind of query, the median and the 95th
percentile.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

from recordings.catalogue import Catalogue, RecordingEntry, RecordingState
from recordings.search import Query, TranscriptSearch
from recordings.segment import RecordingId
from recordings.transcripts import Speaker, Transcripts, Utterance
from server.store.store import open_store

WORDS = [f"w{number:05d}" for number in range(20_000)]
WEIGHTS = list(accumulate(1 / (rank + 1) for rank in range(len(WORDS))))
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
AT_ONCE = 500


def utterances(chance: random.Random) -> Iterator[Utterance]:
    for number in range(5):
        text = " ".join(chance.choices(WORDS, cum_weights=WEIGHTS, k=30))
        speaker = Speaker.CALLER if number % 2 == 0 else Speaker.AGENT
        yield Utterance(speaker, number * 20.0, number * 20.0 + 15, text, "bench", 0.9)


def fill(catalogue: Catalogue, count: int, chance: random.Random) -> float:
    """Seconds that it took, one speaker after the other as transcription does it."""
    transcripts = Transcripts(catalogue)
    begun_s = time.monotonic()
    for first in range(0, count, AT_ONCE):
        batch = range(first, min(first + AT_ONCE, count))
        catalogue.save([entry(number) for number in batch])
        for number in batch:
            said = list(utterances(chance))
            for speaker in Speaker:
                own = [utterance for utterance in said if utterance.speaker is speaker]
                transcripts.replace(RecordingId(f"r{number:08d}"), speaker, own)
    return time.monotonic() - begun_s


def entry(number: int) -> RecordingEntry:
    recording = RecordingId(f"r{number:08d}")
    began = BEGAN + timedelta(seconds=30 * number)
    path, agent, caller = Path(f"{recording}.tlr"), f"agent{number % 40}", f"+4420{number:07d}"
    return RecordingEntry(
        recording,
        f"c{number}",
        RecordingState.COMPLETE,
        path,
        began,
        caller,
        "100",
        agent=agent,
    )


def queries(chance: random.Random) -> dict[str, Callable[[], Query]]:
    def word(low: int, high: int) -> str:
        return WORDS[chance.randrange(low, high)]

    return {
        "rare word": lambda: Query(word(10_000, 20_000)),
        "frequent word": lambda: Query(word(0, 20)),
        "phrase of two frequent words": lambda: Query(f"{word(0, 20)} {word(0, 20)}"),
        "frequent word of one agent": lambda: Query(word(0, 200), agent=f"agent{chance.randrange(40)}"),
        "frequent word by the agent": lambda: Query(word(0, 200), speaker=Speaker.AGENT),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--transcripts", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=200)
    asked = parser.parse_args()
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        engine = open_store(Path(folder) / "trunkline.db")
        took_s = fill(Catalogue(engine), asked.transcripts, chance)
        size = sum(file.stat().st_size for file in Path(folder).iterdir()) >> 20
        print(f"{asked.transcripts} transcripts: {asked.transcripts / took_s:.0f} a second in, {size} MB")
        search = TranscriptSearch(engine)
        for name, make in queries(chance).items():
            times = []
            for _ in range(asked.queries):
                query = make()
                begun_s = time.perf_counter()
                search.find(query)
                times.append((time.perf_counter() - begun_s) * 1000)
            times.sort()
            p95 = times[int(len(times) * 0.95)]
            print(f"{name:32} p50 {statistics.median(times):7.2f} ms  p95 {p95:7.2f} ms")
        print(f"load average {os.getloadavg()[0]:.1f}")
        engine.dispose()


if __name__ == "__main__":
    main()
