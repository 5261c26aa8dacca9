"""G.722 at 64 kbit/s as far as telephone sound goes: its lower sub-band, which is sound at 8 kHz by itself.

The codec's own filters split 16 kHz into two bands, each at 8 kHz; the lower one (0 to 4 kHz) has six bits of
every octet. Decoding it alone is a clean way to narrow-band sound, and encoding it with an empty upper band a
legal stream. A bridge of two such legs passes the octets on, both bands untouched.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.compiled import stage
from media.layout import FRAME, G722_STATE, HISTORY, Octets, Words
from media.octets import copy, fill, wide

# ITU-T G.722, tables 5 to 19, one behind the other
_LOG_STEPS: Final = (-60, -30, 58, 172, 334, 538, 1198, 3042)
_LOG_INDEX: Final = (0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0)
_SCALE: Final = (
    *(2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834),
    *(2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008),
)
_INVERSE_4: Final = (
    *(0, -20456, -12896, -8968, -6288, -4240, -2584, -1200),
    *(20456, 12896, 8968, 6288, 4240, 2584, 1200, 0),
)
_UPPER_6: Final = (
    *(
        24808,
        21904,
        19008,
        16704,
        14984,
        13512,
        12280,
        11192,
        10232,
        9360,
        8576,
        7856,
        7192,
        6576,
        6000,
        5456,
    ),
    *(4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728),
)
_INVERSE_6: Final = (
    *(-136, -136, -136, -136),
    *(-level for level in _UPPER_6),
    *_UPPER_6,
    *(432, 136, -432, -136),
)
_DECISIONS: Final = (
    *(0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714),
    *(786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919, 0, 0),
)
_CODES_BELOW: Final = (0, 63, 62, *range(31, 3, -1), 0)
_CODES_ABOVE: Final = (0, *range(61, 31, -1), 0)

_AT_LOG_STEPS: Final = 0
_AT_LOG_INDEX: Final = 8
_AT_SCALE: Final = 24
_AT_INVERSE_4: Final = 56
_AT_INVERSE_6: Final = 72
_AT_DECISIONS: Final = 136
_AT_BELOW: Final = 168
_AT_ABOVE: Final = 200

# the words of a sub-band's state, by the names of the recommendation
_NB: Final = 0
_DET: Final = 1
_S: Final = 2
_SZ: Final = 3
_R: Final = 4
_A: Final = 7
_P: Final = 10
_D: Final = 13
_B: Final = 20

_FIRST_DET: Final = 32
_EMPTY_UPPER_BAND: Final = 0xC0
_LEVELS: Final = 30


def g722_table() -> NDArray[np.int64]:
    tables = (
        *(_LOG_STEPS, _LOG_INDEX, _SCALE, _INVERSE_4, _INVERSE_6, _DECISIONS, _CODES_BELOW, _CODES_ABOVE),
    )
    return np.array([value for table in tables for value in table], dtype=np.int64)


@stage
def reset(state: Words) -> None:
    for k in range(G722_STATE):
        state[k] = 0
    state[_DET] = _FIRST_DET


@stage
def _saturated(value: int) -> int:
    return min(max(value, -32768), 32767)


@stage
def _adapt_poles(state: Words) -> None:
    """UPPOL2 and UPPOL1; `p` of now stands at the front already."""
    newest, before, oldest = state[_P] >> 15, state[_P + 1] >> 15, state[_P + 2] >> 15
    first = _saturated(state[_A + 1] << 2)
    second = min(-first if newest == before else first, 32767)
    pole = (128 if newest == oldest else -128) + (second >> 7) + (state[_A + 2] * 32512 >> 15)
    pole = min(max(pole, -12288), 12288)
    limit = _saturated(15360 - pole)
    other = _saturated((192 if newest == before else -192) + (state[_A + 1] * 32640 >> 15))
    state[_A + 2] = pole
    state[_A + 1] = min(max(other, -limit), limit)


@stage
def _adapt_zeros(state: Words, difference: int) -> None:
    """UPZERO, and the shift of the differences."""
    step = 0 if difference == 0 else 128
    for k in range(6, 0, -1):
        same = state[_D + k] >> 15 == difference >> 15
        state[_B + k] = _saturated((step if same else -step) + (state[_B + k] * 32640 >> 15))
    state[_D] = difference
    for k in range(6, 0, -1):
        state[_D + k] = state[_D + k - 1]


@stage
def _predict(state: Words, difference: int) -> None:
    """Block 4: what the next sample is expected to be. Places 1 and 2 are of the samples before."""
    state[_P] = _saturated(state[_SZ] + difference)
    _adapt_poles(state)
    _adapt_zeros(state, difference)
    state[_R + 2] = state[_R + 1]
    state[_R + 1] = _saturated(state[_S] + difference)
    state[_P + 2] = state[_P + 1]
    state[_P + 1] = state[_P]
    poles = state[_A + 1] * _saturated(2 * state[_R + 1]) >> 15
    poles += state[_A + 2] * _saturated(2 * state[_R + 2]) >> 15
    zeros = 0
    for k in range(6, 0, -1):
        zeros += state[_B + k] * _saturated(2 * state[_D + k]) >> 15
    state[_SZ] = _saturated(zeros)
    state[_S] = _saturated(_saturated(poles) + state[_SZ])


@stage
def _follow(state: Words, table: Words, four_bits: int) -> None:
    """LOGSCL, SCALEL and block 4: adapt the step and predict."""
    difference = state[_DET] * table[_AT_INVERSE_4 + four_bits] >> 15
    logarithm = (state[_NB] * 127 >> 7) + table[_AT_LOG_STEPS + table[_AT_LOG_INDEX + four_bits]]
    logarithm = min(max(logarithm, 0), 18432)
    shift = 8 - (logarithm >> 11)
    scale = table[_AT_SCALE + (logarithm >> 6 & 31)]
    state[_NB] = logarithm
    _predict(state, difference)
    state[_DET] = (scale << -shift if shift < 0 else scale >> shift) << 2


@stage
def decode_octet(state: Words, table: Words, octet: int) -> int:
    """A sample of 16 bits at 8 kHz."""
    code = octet & 0x3F
    sample = state[_S] + (state[_DET] * table[_AT_INVERSE_6 + code] >> 15)
    _follow(state, table, code >> 2)
    return int(min(max(sample, -16384), 16383) * 2)


@stage
def encode_sample(state: Words, table: Words, sample: int) -> int:
    """An octet for a sample of 16 bits at 8 kHz."""
    error = _saturated((sample >> 1) - state[_S])
    size = error if error >= 0 else -(error + 1)
    level = 1
    while level < _LEVELS and size >= table[_AT_DECISIONS + level] * state[_DET] >> 12:
        level += 1
    code = table[(_AT_BELOW if error < 0 else _AT_ABOVE) + level]
    _follow(state, table, code >> 2)
    return int(_EMPTY_UPPER_BAND | code)


@stage
def decode(leg: np.void, hub: np.void, at: int, count: int) -> None:
    """Octets in the leg's frame become mu-law, in place."""
    frame = leg["frame"]
    encode = hub["encode"][0]
    for k in range(at, at + count):
        sample = decode_octet(leg["g722_in"], hub["g722"], wide(frame[k]))
        frame[k] = encode[sample & 0xFFFF]


@stage
def decode_frame(leg: np.void, hub: np.void) -> None:
    """A frame without a hole; its octets are kept for a bridge that passes them on."""
    copy(leg["wire"], 0, leg["frame"], HISTORY, FRAME)
    leg["wire_whole"] = 1
    decode(leg, hub, HISTORY, FRAME)


@stage
def encode(leg: np.void, hub: np.void, packet: Octets, at: int) -> None:
    """A frame of mu-law becomes octets, in place."""
    decode_law = hub["decode"][0]
    for k in range(at, at + FRAME):
        sample = wide(decode_law[packet[k]])
        packet[k] = np.uint8(encode_sample(leg["g722_out"], hub["g722"], sample))


@stage
def begin(leg: np.void) -> None:
    reset(leg["g722_in"])
    reset(leg["g722_out"])
    fill(leg["wire"], 0, FRAME, 0)
    leg["wire_whole"] = 0
