"""Sound in place of lost samples: the last pitch cycle with decay, and a soft return to the real signal.

The idea is ITU-T G.711 Appendix I without its output delay: full strength for 10 ms, silence after 60 ms.
"""

from typing import Final

import numpy as np

from media.compiled import stage
from media.layout import CONCEALED, HISTORY, SILENT, Words
from media.octets import fill, wide
from media.silence import silence_of

NEVER_HEARD: Final = -1
_LEAST_LAG: Final = 40
_MOST_LAG: Final = 120
_TEMPLATE: Final = 120
_FULL: Final = 80
SILENT_FROM: Final = 480
_BLEND: Final = 40
_STEP: Final = 16


@stage
def _find_lag(scratch: Words, end: int) -> int:
    """The lag with the greatest normalised correlation of the samples before `end`."""
    best = _MOST_LAG
    best_score = -1.0
    for lag in range(_LEAST_LAG, _MOST_LAG + 1):
        cross = 0
        energy = 1
        for k in range(end - _TEMPLATE, end):
            cross += scratch[k] * scratch[k - lag]
            energy += scratch[k - lag] * scratch[k - lag]
        if cross > 0:
            score = float(cross) * float(cross) / float(energy)
            if score > best_score:
                best_score = score
                best = lag
    return best


@stage
def begin(leg: np.void, at: int, hub: np.void) -> None:
    """Keep one pitch cycle of what was played before `at`, its end blended so that it repeats seamlessly."""
    scratch = hub["scratch"]
    frame = leg["frame"]
    decode = hub["decode"][leg["law"]]
    for k in range(HISTORY):
        scratch[k] = decode[frame[at - HISTORY + k]]
    lag = _find_lag(scratch, HISTORY)
    quarter = lag // 4
    cycle = leg["cycle"]
    for k in range(lag):
        value = scratch[HISTORY - lag + k]
        inside = k - (lag - quarter)
        if inside >= 0:
            before = scratch[HISTORY - 2 * lag + k]
            value = (value * (quarter - inside - 1) + before * (inside + 1)) // quarter
        cycle[k] = value
    leg["lag"] = lag
    leg["step"] = scratch[HISTORY - 1] - cycle[lag - 1]


@stage
def sample(leg: np.void, k: int) -> int:
    """The k-th sample after the loss began."""
    if k >= SILENT_FROM:
        return 0
    value = wide(leg["cycle"][k % leg["lag"]])
    if k < _STEP:
        value += leg["step"] * (_STEP - k) // _STEP
    if k >= _FULL:
        value = value * (SILENT_FROM - k) // (SILENT_FROM - _FULL)
    if value > 32767:
        return 32767
    return value if value > -32768 else -32768


@stage
def conceal(leg: np.void, at: int, count: int, hub: np.void) -> None:
    """Write `count` samples of replacement; silence if nothing was ever heard or too long ago."""
    if leg["lost_run"] == 0:
        begin(leg, at, hub)
    run = leg["lost_run"]
    frame = leg["frame"]
    if run == NEVER_HEARD or run >= SILENT_FROM:
        fill(frame, at, count, silence_of(leg["law"]))
        leg["marks"] |= SILENT
        return
    leg["marks"] |= CONCEALED
    encode = hub["encode"][leg["law"]]
    for k in range(count):
        frame[at + k] = encode[sample(leg, run + k) & 0xFFFF]
    leg["lost_run"] = run + count
    leg["concealed"] += count


@stage
def rejoin(leg: np.void, at: int, count: int, hub: np.void) -> None:
    """Blend the first five milliseconds after a loss out of the replacement into the real signal."""
    run = leg["lost_run"]
    leg["lost_run"] = 0
    if run <= 0:
        return
    leg["marks"] |= CONCEALED
    frame = leg["frame"]
    decode = hub["decode"][leg["law"]]
    encode = hub["encode"][leg["law"]]
    for k in range(min(count, _BLEND)):
        real = wide(decode[frame[at + k]])
        mixed = (real * (k + 1) + sample(leg, run + k) * (_BLEND - k - 1)) // _BLEND
        frame[at + k] = encode[mixed & 0xFFFF]
