"""The short form of `tests/bench/invite_flood.py`: a flood of strangers, and the trunk notices nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.invite_flood import measure

pytestmark = [pytest.mark.timing, pytest.mark.timeout(240)]


async def test_finding_01_a_flood_from_outside_the_trunks_costs_no_call_of_the_trunk(tmp_path: Path) -> None:
    outcome = await measure(tmp_path / "server", seconds=3, rate=3000, calls=5)
    assert not outcome.failed, outcome.failed[:3]
    assert outcome.flooded >= 6000
    assert outcome.done["talked, held and hung up"] >= 5
    assert outcome.log_bytes < 100_000
