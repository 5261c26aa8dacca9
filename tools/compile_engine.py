"""Compiles the media engine if that has not been done yet, so that no test has to wait for it."""

import asyncio
import sys
import time

import structlog

from media.engine import MediaEngine
from media.settings import MediaSettings


async def compile_engine() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("warning"))
    started_at = time.monotonic()
    engine = MediaEngine(MediaSettings(max_legs=2, max_recordings=2, max_listeners=2, prompt_memory_mb=1))
    ticker = asyncio.create_task(_tell_time(started_at), name="progress")
    try:
        await engine.start()
        await engine.stop()
    finally:
        ticker.cancel()
    if time.monotonic() - started_at > 5:
        print(f"  Media engine compiled ({time.monotonic() - started_at:.1f} s); kept for the next time")


async def _tell_time(started_at: float) -> None:
    while True:
        await asyncio.sleep(5)
        print(f"  Compiling the media engine (once), {time.monotonic() - started_at:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(compile_engine()))
