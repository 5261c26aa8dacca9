"""G.711 mu-law and A-law: ITU-T tables and conversions over NumPy arrays."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

ULAW_SILENCE: Final = 0xFF
ALAW_SILENCE: Final = 0xD5


def _ulaw_decode_table() -> NDArray[np.int16]:
    code = np.arange(256, dtype=np.int32)
    inverted = ~code & 0xFF
    exponent = (inverted >> 4) & 7
    step = 8 << exponent
    magnitude = (0x80 << exponent) + step * (inverted & 0x0F) + step // 2 - 4 * 33
    table: NDArray[np.int16] = np.where(code < 0x80, -magnitude, magnitude).astype(np.int16)
    return table


def _alaw_decode_table() -> NDArray[np.int16]:
    code = np.arange(256, dtype=np.int32)
    bits = (code ^ 0x55) & 0x7F
    exponent = bits >> 4
    mantissa = (((bits & 0x0F) + np.where(exponent > 0, 16, 0)) << 4) + 8
    magnitude = mantissa << np.maximum(exponent - 1, 0)
    table: NDArray[np.int16] = np.where(code > 127, magnitude, -magnitude).astype(np.int16)
    return table


def _ulaw_encode_table() -> NDArray[np.uint8]:
    """Indexed by the sample as unsigned 16 bits; negative samples in one's complement as in ITU-T G.191."""
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    absolute = np.minimum((np.where(sample < 0, ~sample, sample) >> 2) + 33, 0x1FFF)
    segment = np.frexp(absolute >> 6)[1].astype(np.int32) + 1
    code = ((8 - segment) << 4) | (15 - ((absolute >> segment) & 15))
    table: NDArray[np.uint8] = (code | np.where(sample >= 0, 0x80, 0)).astype(np.uint8)
    return table


def _alaw_encode_table() -> NDArray[np.uint8]:
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    level = np.where(sample < 0, ~sample, sample) >> 4
    exponent = np.maximum(np.frexp(level)[1].astype(np.int32) - 4, 0)
    mantissa = (level >> np.maximum(exponent - 1, 0)) & 15
    code = (exponent << 4) | mantissa | np.where(sample >= 0, 0x80, 0)
    table: NDArray[np.uint8] = (code ^ 0x55).astype(np.uint8)
    return table


# ITU-T G.711 tables 3 and 4: the numbers of the matching decision values, positive half.
_ULAW_TO_ALAW_LEVELS: Final = (
    *(1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8),
    *range(9, 25),
    *(25, 27, 29, 31, *range(33, 45)),
    *(46, *range(48, 63)),
    *range(64, 80),
    *(80, *range(82, 129)),
)
_ALAW_TO_ULAW_LEVELS: Final = (
    *(1, 3, 5, 7, 9, 11, 13, 15, *range(16, 32)),
    *(32, 32, 33, 33, 34, 34, 35, 35, *range(36, 48)),
    *(48, 48, 49, 49, *range(50, 64)),
    *(64, 64, *range(65, 81)),
    *range(80, 128),
)


def _ulaw_to_alaw_table() -> NDArray[np.uint8]:
    levels = np.array(_ULAW_TO_ALAW_LEVELS, dtype=np.int32)
    code = np.arange(256, dtype=np.int32)
    negative = 0x55 ^ (levels[(0x7F ^ code) & 0x7F] - 1)
    positive = 0xD5 ^ (levels[(0xFF ^ code) & 0x7F] - 1)
    table: NDArray[np.uint8] = np.where(code & 0x80, positive, negative).astype(np.uint8)
    return table


def _alaw_to_ulaw_table() -> NDArray[np.uint8]:
    levels = np.array(_ALAW_TO_ULAW_LEVELS, dtype=np.int32)
    code = np.arange(256, dtype=np.int32)
    negative = 0x7F ^ levels[(code ^ 0x55) & 0x7F]
    positive = 0xFF ^ levels[(code ^ 0xD5) & 0x7F]
    table: NDArray[np.uint8] = np.where(code & 0x80, positive, negative).astype(np.uint8)
    return table


ULAW_DECODE: Final = _ulaw_decode_table()
ALAW_DECODE: Final = _alaw_decode_table()
ULAW_ENCODE: Final = _ulaw_encode_table()
ALAW_ENCODE: Final = _alaw_encode_table()
ULAW_TO_ALAW: Final = _ulaw_to_alaw_table()
ALAW_TO_ULAW: Final = _alaw_to_ulaw_table()


def ulaw_encode(samples: NDArray[np.int16]) -> NDArray[np.uint8]:
    return ULAW_ENCODE[samples.astype(np.int16, copy=False).view(np.uint16)]


def ulaw_decode(codes: NDArray[np.uint8]) -> NDArray[np.int16]:
    return ULAW_DECODE[codes]
