"""What a silent party sounds like: noise of the level it announced (RFC 3389), spectrum left flat."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.compiled import stage
from media.concealment import SILENT_FROM
from media.octets import wide

_LEVELS: Final = 128
_MULTIPLIER: Final = 1_103_515_245
_INCREMENT: Final = 12_345


def noise_peaks() -> NDArray[np.int64]:
    """The greatest sample of evenly distributed noise at each level, in -dBov."""
    return np.array([int(32768 * 10 ** (-level / 20) * math.sqrt(3)) for level in range(_LEVELS)], np.int64)


@stage
def comfort(leg: np.void, at: int, count: int, hub: np.void) -> None:
    """Write `count` samples; whatever sound comes next is not blended with what was lost before."""
    encode = hub["encode"][leg["law"]]
    peak = min(hub["noise_peak"][leg["noise"] - 1], 16_383)
    seed = leg["noise_seed"]
    for k in range(count):
        seed = seed * _MULTIPLIER + _INCREMENT & 0x7FFF_FFFF
        value = (seed >> 8 & 0xFFFF) - 0x8000
        leg["frame"][at + k] = encode[wide(value * peak >> 15) & 0xFFFF]
    leg["noise_seed"] = seed
    leg["lost_run"] = SILENT_FROM
