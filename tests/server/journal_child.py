"""Appends facts until it is killed and says what is durable: `journal_child.py DATABASE`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from server.journal.journal import Journal
from server.store.store import open_store


async def main(database: Path) -> None:
    journal = Journal(open_store(database))
    await journal.start()
    journal.append("contact-0", "contact.started")
    number = 0
    while True:
        for _ in range(20):
            journal.append("contact-0", "flow.node", number=number)
            number += 1
        if number % 60 == 0:
            await journal.flush()
            sys.stdout.write(f"durable {number}\n")
            sys.stdout.flush()
        await asyncio.sleep(0.001)


asyncio.run(main(Path(sys.argv[1])))
