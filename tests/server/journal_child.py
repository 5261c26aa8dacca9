"""Appends facts until it is killed and says what is durable: `journal_child.py DATABASE`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.server.ground import counted, journalling, opened, started


async def main(database: Path) -> None:
    with opened(database) as (engine, writer):
        async with journalling(engine, writer, capacity=10_000) as journal:
            journal.append(started("contact-0"))
            number = 0
            while True:
                for _ in range(20):
                    journal.append(counted("contact-0", number))
                    number += 1
                if number % 60 == 0:
                    await journal.durable()
                    sys.stdout.write(f"durable {number}\n")
                    sys.stdout.flush()
                await asyncio.sleep(0.001)


asyncio.run(main(Path(sys.argv[1])))
