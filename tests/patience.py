"""How long a test waits for something that must come: far longer than it takes, for a machine may be busy.

A bound in a test is there so that what hangs is told; how fast something is, the tests that measure time say.
"""

import asyncio
from collections.abc import Callable

PATIENCE_S = 60.0


async def until(condition: Callable[[], object], pause_s: float = 0.01) -> None:
    """Returns once the condition holds; raises TimeoutError if it never does."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(pause_s)
