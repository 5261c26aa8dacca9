"""Calls set up and torn down, many a second; then three times as many as a core is rated for, and afterwards.

The server is the one of `server.bench.floor`: telephony and the audio engine, nothing recorded or written.
"""

from __future__ import annotations

from dataclasses import dataclass

from server.bench.contacts import Cost, load, started

RATED_SHARE_OF_A_CORE = 0.6
TIMES_RATED = 3
RECOVERS_WITHIN_S = 10.0
_AFTERWARDS_S = 5.0
_LEAST_CALL_MS = 0.2


@dataclass(frozen=True, slots=True)
class OverloadCost:
    """`goodput` is the share of the rated calls that were whole at three times the rated load.

    `recovered` when ten seconds later half the rated load went through without a refusal or a loss.
    """

    bare: Cost
    rated: float
    overloaded: Cost
    goodput: float
    recovered: bool


def overload_cost(rate: float, seconds: float) -> OverloadCost:
    """Raises BenchError. Takes three times as long as asked for, and a quarter of a minute."""
    with started(["-m", "server.bench.floor"]) as (process, address):
        bare = load(process, address, rate, seconds)
        rated = RATED_SHARE_OF_A_CORE * 1000 / max(_LEAST_CALL_MS, bare.cpu_ms)
        overloaded = load(process, address, TIMES_RATED * rated, seconds)
        load(process, address, rated / 2, RECOVERS_WITHIN_S)
        after = load(process, address, rated / 2, _AFTERWARDS_S)
    return OverloadCost(
        bare=bare,
        rated=rated,
        overloaded=overloaded,
        goodput=overloaded.whole / (rated * seconds),
        recovered=after.refused == 0 and after.lost == 0,
    )
