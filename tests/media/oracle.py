"""One leg's receive path as a function; as a script it answers over a pipe, for the interpreted twin."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from media.compiled import from_python

Turn = tuple[list[bytes], int]


@cache
def _stages() -> tuple[Callable[..., Any], ...]:
    from media import playout, receive, rtcp, talk

    stages = (receive.accept, rtcp.read_compound, playout.take, talk.hear, talk.detect)
    resets = (playout.reset, talk.reset)
    return tuple(from_python(stage) for stage in (*stages, *resets))


def listen(turns: list[Turn], payload_type: int = 0) -> dict[str, Any]:
    """Each turn receives packets, optionally reads an RTCP packet, then plays one frame."""
    from media.layout import FRAME, HISTORY
    from media.memory import allocate, listening_memory
    from media.settings import MediaSettings

    accept, read_compound, take, hear, detect, *resets = _stages()
    settings = MediaSettings(max_legs=1, max_recordings=1, max_listeners=1, prompt_memory_mb=1)
    memory = allocate(settings, 0, listening_memory(settings))
    leg, hub = memory.legs[0], memory.hub
    leg["rx_type"], leg["rx_events"], leg["law"] = payload_type, 101, int(payload_type == 8)
    leg["rx_candidate"], leg["rx_next_bad"], leg["round_trip_q16"] = -1, -1, -1
    leg["cushion"], leg["bridge"] = hub["cushion"], -1
    for reset in resets:
        reset(leg)
    packet = np.zeros(2048, dtype=np.uint8)
    heard, verdicts, talks, levels = [], [], [], []
    for number, (packets, arrival_ms) in enumerate(turns):
        hub["real_ns"] = arrival_ms * 1_000_000
        for data in packets:
            packet[:] = 0xA5
            packet[: len(data)] = np.frombuffer(data, dtype=np.uint8)
            verdicts.append(int(accept(leg, packet, len(data), arrival_ms * 1_000_000, hub)))
            read_compound(leg, packet, len(data), arrival_ms * 1_000_000)
        take(leg, hub)
        levels.append(int(leg["play_top"] - leg["play_ts"]))
        energy = hear(leg, memory.listeners[0], number * FRAME, hub)
        talks.append(int(detect(leg, 0, energy, number * FRAME, hub)))
        heard.append(bytes(leg["frame"][HISTORY:]))
    fields = {name: int(leg[name]) for name in leg.dtype.names if leg.dtype[name].shape == ()}
    return {"heard": b"".join(heard), "verdicts": verdicts, "talks": talks, "leg": fields, "levels": levels}


if __name__ == "__main__":
    while True:
        try:
            turns, payload_type = pickle.load(sys.stdin.buffer)
        except EOFError:
            break
        pickle.dump(listen(turns, payload_type), sys.stdout.buffer)
        sys.stdout.buffer.flush()
