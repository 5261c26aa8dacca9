"""What the journal costs: `python -m tests.server.measure_journal`."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from contacts.facts.flow import NodeEntered
from contacts.ids import ContactId
from server.journal.journal import Journal, JournalFull
from tests.server.ground import journalling, opened


def append(journal: Journal, number: int) -> None:
    contact = ContactId(f"0195f0c2-{number // 10}")
    journal.append(NodeEntered(contact=contact, flow="welcome", node="menu", node_kind="say"))


async def flood(journal: Journal, count: int) -> None:
    """As fast as the disk takes them, waiting when the queue is full."""
    cpu_s, began_s = time.process_time(), time.monotonic()
    for number in range(count):
        try:
            append(journal, number)
        except JournalFull:
            await journal.durable()
            append(journal, number)
    await journal.durable()
    elapsed_s, used_s = time.monotonic() - began_s, time.process_time() - cpu_s
    print(f"flood: {count / elapsed_s:.0f} events/s, {used_s / count * 1e6:.1f} us CPU per event")


async def pace(journal: Journal, per_s: int, seconds: float) -> None:
    """Evenly, as calls cause them."""
    cpu_s, began_s, number = time.process_time(), time.monotonic(), 0
    spent_s = 0.0
    while (elapsed_s := time.monotonic() - began_s) < seconds:
        while number < elapsed_s * per_s:
            before_s = time.perf_counter()
            append(journal, number)
            spent_s += time.perf_counter() - before_s
            number += 1
        await asyncio.sleep(0.005)
    await journal.durable()
    used_s = time.process_time() - cpu_s
    print(
        f"{number / elapsed_s:.0f} events/s: {used_s / number * 1e6:.0f} us CPU per event "
        f"({used_s / elapsed_s * 100:.1f} % of a core, event loop included), "
        f"append {spent_s / number * 1e6:.1f} us"
    )


async def latency(journal: Journal) -> None:
    waits_ms = []
    for number in range(100):
        await asyncio.sleep(0.03)
        began_s = time.perf_counter()
        append(journal, number)
        await journal.durable()
        waits_ms.append((time.perf_counter() - began_s) * 1000)
    waits_ms.sort()
    print(f"append to durable: median {waits_ms[50]:.1f} ms, worst {waits_ms[-1]:.1f} ms")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "trunkline.db") as ground:
        async with journalling(*ground, capacity=10_000) as journal:
            await flood(journal, 50_000)
            for per_s in (50, 500, 2000):
                await pace(journal, per_s, 5)
            await latency(journal)


asyncio.run(main())
