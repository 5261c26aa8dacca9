"""Tracks as two channels of mu-law: the caller's on the left, all others mixed on the right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from media.g711 import ALAW_TO_ULAW, ulaw_decode, ulaw_encode
from recordings.segment import FRAME_SAMPLES, ULAW_SILENCE
from recordings.tracks import TrackBlock, TrackCodec, TrackError


def to_stereo(blocks: Sequence[TrackBlock], frame_count: int) -> NDArray[np.uint8]:
    """(n, 2, 160); raises TrackError for a codec that is not G.711, or a block of another length."""
    stereo = np.full((frame_count, 2, FRAME_SAMPLES), ULAW_SILENCE, np.uint8)
    left = [_ulaw(block, frame_count) for block in blocks if block.track == 0]
    right = [_ulaw(block, frame_count) for block in blocks if block.track > 0]
    if left:
        stereo[:, 0] = left[0]
    if len(right) == 1:
        stereo[:, 1] = right[0]
    elif right:
        mixed = sum(ulaw_decode(each).astype(np.int32) for each in right)
        stereo[:, 1] = ulaw_encode(np.clip(mixed, -32768, 32767).astype(np.int16))
    return stereo


def _ulaw(block: TrackBlock, frame_count: int) -> NDArray[np.uint8]:
    octets = b"".join(block.frames)
    if len(block.frames) != frame_count or len(octets) != frame_count * FRAME_SAMPLES:
        raise TrackError(f"track {block.track} holds {len(block.frames)} frames of {frame_count}")
    codes = np.frombuffer(octets, np.uint8).reshape(frame_count, FRAME_SAMPLES)
    match block.codec:
        case TrackCodec.ULAW:
            return codes
        case TrackCodec.ALAW:
            return ALAW_TO_ULAW[codes]
        case _:
            raise TrackError(
                f"track {block.track} is {block.codec.name}, which this program does not play yet"
            )
