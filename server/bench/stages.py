"""What single steps of the tick cost, many times in a row in compiled code: without sockets, so steady."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from media import srtp, talk, tones
from media.compiled import from_python, stage
from media.description import SrtpKeys, SrtpSuite
from media.engine import tell_functions
from media.errors import MediaError
from media.layout import FRAME, HISTORY, Memory
from media.libraries import VoiceDetectors
from media.memory import allocate, listening_memory
from media.pointers import MISSING
from media.rtp import HEADER
from media.settings import MediaSettings
from media.srtp_sessions import SrtpSessions, srtp_available
from server.bench.talkers import tone

_REPEATED = 20_000
_AGGRESSIVENESS = 2
_LOUD_AT = 600


@dataclass(frozen=True, slots=True)
class StageCost:
    """The mean over so many repetitions."""

    stage: str
    repeated: int
    mean_us: float


@stage
def _seal_often(hub: Any, leg: Any, times: int) -> int:
    done = 0
    for number in range(times):
        hub["outgoing"][0] = 0x80
        hub["outgoing"][2] = np.uint8(number >> 8 & 0xFF)
        hub["outgoing"][3] = np.uint8(number & 0xFF)
        done += srtp.seal_packet(hub, leg, hub["srtp_protect"], HEADER + FRAME) > 0
    return done


@stage
def _seal_and_open_often(hub: Any, leg: Any, times: int) -> int:
    done = 0
    for number in range(times):
        hub["outgoing"][0] = 0x80
        hub["outgoing"][2] = np.uint8(number >> 8 & 0xFF)
        hub["outgoing"][3] = np.uint8(number & 0xFF)
        size = srtp.seal_packet(hub, leg, hub["srtp_protect"], HEADER + FRAME)
        for k in range(size):
            hub["packet"][k] = hub["outgoing"][k]
        done += srtp.open_packet(hub, leg, hub["srtp_unprotect"], size) > 0
    return done


@stage
def _listen_often(hub: Any, leg: Any, listener: Any, times: int) -> int:
    loud = 0
    for number in range(times):
        energy = talk.hear(leg, listener, number * FRAME, hub)
        talk.detect(leg, listener["detector"], energy, number * FRAME, hub)
        loud += energy > hub["talk_energy"]
    return loud


@stage
def _search_often(hub: Any, leg: Any, times: int) -> int:
    found = 0
    for _ in range(times):
        found += tones.detect(leg, hub) >= 0
    return found


def srtp_costs() -> list[StageCost]:
    """Raises MediaError where there is no SRTP."""
    if not srtp_available():
        raise MediaError("there is no SRTP library")
    memory = _memory()
    key = secrets.token_bytes(SrtpSuite.AES_CM_128_HMAC_SHA1_80.key_bytes)
    sessions = SrtpSessions(SrtpKeys(SrtpSuite.AES_CM_128_HMAC_SHA1_80, key, key))
    leg = memory.legs[0]
    leg["srtp_out"], leg["srtp_in"] = sessions.sends_at, sessions.receives_at
    seal = _timed("seal a packet of 20 ms", from_python(_seal_often), memory, leg)
    again = SrtpSessions(SrtpKeys(SrtpSuite.AES_CM_128_HMAC_SHA1_80, key, key))
    leg["srtp_out"], leg["srtp_in"] = again.sends_at, again.receives_at
    both = _timed("open", from_python(_seal_and_open_often), memory, leg)
    opened = StageCost("open a packet of 20 ms", both.repeated, round(both.mean_us - seal.mean_us, 3))
    return [seal, opened]


def detection_costs() -> list[StageCost]:
    memory = _memory()
    leg, listener = memory.legs[0], memory.listeners[0]
    codes = np.frombuffer(tone(1.0).ulaw[_LOUD_AT : _LOUD_AT + FRAME], np.uint8)
    leg["frame"][HISTORY:] = codes
    detectors = VoiceDetectors(_AGGRESSIVENESS)
    search = _timed("search a loud frame for keys", from_python(_search_often), memory, leg)
    listen = from_python(_listen_often)
    bare = _timed("keep a loud frame to be listened to", listen, memory, leg, listener)
    listener["detector"] = detectors.fresh(MISSING)
    whole = _timed("voice", listen, memory, leg, listener)
    detectors.free(int(listener["detector"]))
    voice = StageCost("is a loud frame voice", whole.repeated, round(whole.mean_us - bare.mean_us, 3))
    return [bare, voice, search]


def _memory() -> Memory:
    settings = MediaSettings(max_legs=1, max_recordings=1, max_listeners=1, prompt_memory_mb=1)
    descriptor = listening_memory(settings)
    memory = allocate(settings, 0, descriptor)
    os.close(descriptor)
    tell_functions(memory.hub, VoiceDetectors(_AGGRESSIVENESS))
    return memory


def _timed(name: str, function: Any, memory: Memory, *rows: Any) -> StageCost:
    """The CPU time of this thread; the first call compiles."""
    function(memory.hub, *rows, 1)
    began_ns = time.thread_time_ns()
    done = function(memory.hub, *rows, _REPEATED)
    took_ns = time.thread_time_ns() - began_ns
    if not done and "keys" not in name:
        raise MediaError(f"nothing was measured: {name}")
    return StageCost(name, _REPEATED, round(took_ns / _REPEATED / 1000, 3))
