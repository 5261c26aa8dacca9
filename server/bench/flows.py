"""What flows cost: steps of the engine, the check of a large file, and the loop while one is reloaded."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from config.settings import FlowSettings, Settings
from ivr_flows.definition.flow import Flow
from ivr_flows.engine.inputs import DigitPressed, PlaybackFinished, PlaybackId, Started
from ivr_flows.engine.session import Session
from ivr_flows.loader import load_flow, parse_flow
from server.checks.repertoire import LIBRARY
from server.checks.rereading import reread_apart

CALLS = 300
NODES = 500
LOOK_S = 0.001


@dataclass(frozen=True, slots=True)
class FlowCost:
    """CPU times are of this process; `pause` is the longest that the event loop did nothing for a call."""

    steps_per_s: float
    check_cpu_s: float
    reload_s: float
    reload_pause_ms: float
    idle_pause_ms: float
    """The same while nothing is reloaded: what the machine itself does to a loop."""


def flow_cost() -> FlowCost:
    """Takes a few seconds."""
    steps_per_s, check_cpu_s = _steps_per_s(), _check_cpu_s()
    with TemporaryDirectory() as folder:
        reload_s, pause_s, idle_s = asyncio.run(_reload(Path(folder)))
    return FlowCost(steps_per_s, check_cpu_s, reload_s, pause_s * 1000, idle_s * 1000)


def _steps_per_s() -> float:
    flow = load_flow(LIBRARY / "welcome.yaml")
    _call(flow)
    began, steps = time.process_time(), 0
    for _ in range(CALLS):
        steps += _call(flow)
    return steps / (time.process_time() - began)


def _call(flow: Flow) -> int:
    """One caller: a greeting, an order number read back, the opening hours; returns how many inputs."""
    session, now = Session(flow), 0.0
    session.resume(Started(datetime(2026, 11, 23, 12, tzinfo=UTC)), now)
    script = (None, *"34711", None, None, "2", None, None, None, "2", None, None)
    for key in script:
        now += 0.4
        playback = PlaybackId(session.state.playback)
        session.resume(PlaybackFinished(playback) if key is None else DigitPressed(key, now), now)
    return len(script) + 1


def _large(name: str = "large") -> str:
    nodes = "".join(
        f"  n{i}: {{menu: This is node {i}. Press one or two., options: {{1: n{i + 1}, 2: n{i // 2}}}}}\n"
        for i in range(NODES)
    )
    return f"flow: {name}\nstart: n0\nnodes:\n{nodes}  n{NODES}: {{hangup: normal}}\n"


def _check_cpu_s() -> float:
    text = _large().encode()
    began = time.process_time()
    parse_flow(text, "large.yaml")
    return time.process_time() - began


async def _reload(folder: Path) -> tuple[float, float, float]:
    """How long it took, and the longest pauses of the loop with it and without."""
    (folder / "large.yaml").write_text(_large(), encoding="utf-8")
    settings = Settings(flows=FlowSettings(directory=folder), numbers={"100": "large"})
    began = time.monotonic()
    reading = asyncio.ensure_future(asyncio.to_thread(reread_apart, partial(_same, settings), settings))
    paused_s = await _longest_pause_s(reading)
    took_s = time.monotonic() - began
    await reading
    idle_s = await _longest_pause_s(asyncio.ensure_future(asyncio.sleep(took_s)))
    return took_s, paused_s, idle_s


async def _longest_pause_s(until: asyncio.Future[Any]) -> float:
    longest_s, before = 0.0, time.monotonic()
    while not until.done():
        await asyncio.sleep(LOOK_S)
        now = time.monotonic()
        longest_s, before = max(longest_s, now - before - LOOK_S), now
    return longest_s


def _same(settings: Settings) -> Settings:
    return settings
