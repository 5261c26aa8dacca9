"""Allocation of the engine's memory and of the fixed structures its system calls use."""

import math
import secrets

import numpy as np
from numpy.typing import NDArray

from media import g711
from media.comfort_noise import noise_peaks
from media.g722 import g722_table
from media.layout import (
    CONTROL_WORDS,
    FRAME,
    GROUPS,
    HUB,
    LEG,
    LISTENER,
    PACKET,
    RECORDING,
    SOCKADDR,
    Memory,
    Octets,
)
from media.settings import MediaSettings
from media.shared_memory import mapped, nameless
from media.sound import SAMPLES_PER_SECOND
from media.syscalls import CONTROL, CONTROL_SIZE, NAME, NAME_SIZE, VECTOR, VECTORS
from media.tones import tone_factors, tone_keys

FULL_SCALE_0_DBM0 = 15770
"""RMS of 0 dBm0 in 16-bit samples: a full-scale mu-law sine is +3.17 dBm0."""


def _set_limits(hub: np.void, settings: MediaSettings, event_fd: int) -> None:
    samples_per_ms = SAMPLES_PER_SECOND // 1000
    hub["cushion"] = settings.playout_delay_ms * samples_per_ms - FRAME
    hub["max_cushion"] = settings.max_playout_delay_ms * samples_per_ms - FRAME
    hub["silence_ns"] = int(settings.silence_after_s * 1e9)
    hub["rtcp_frames"] = int(settings.rtcp_interval_s * SAMPLES_PER_SECOND / FRAME)
    rms = FULL_SCALE_0_DBM0 * math.pow(10, settings.talk_threshold_dbm0 / 20)
    hub["talk_energy"] = int(rms * rms * FRAME)
    hub["talk_ratio_q8"] = int(256 * math.pow(10, settings.talk_above_noise_db / 10))
    hub["hangover"] = settings.talk_hangover_ms * samples_per_ms
    hub["event_fd"] = event_fd


def _translations() -> Octets:
    """Row 2 * from + to, mu-law being 0 and A-law 1."""
    same = np.arange(256, dtype=np.uint8)
    return np.stack([same, g711.ULAW_TO_ALAW, g711.ALAW_TO_ULAW, same])


def _address(hub: np.void, field: str) -> int:
    return int(hub[field].ctypes.data)


def _point(hub: np.void) -> None:
    """Fill in the addresses the kernel is given; see struct msghdr and iovec."""
    for field in ("message", "outgoing", "sockaddr", "timespec", "one", "pcm", "packet", "length"):
        hub[f"{field}_at"] = _address(hub, field)
    hub["vector"] = (_address(hub, "packet"), PACKET)
    message = hub["message"]
    message[NAME] = _address(hub, "name")
    message[NAME_SIZE] = SOCKADDR
    message[VECTOR] = _address(hub, "vector")
    message[VECTORS] = 1
    message[CONTROL] = _address(hub, "control")
    message[CONTROL_SIZE] = 8 * CONTROL_WORDS


def listening_memory(settings: MediaSettings) -> int:
    """A descriptor of the memory that the listen rings lie in, for other processes to map."""
    return nameless("trunkline-listeners", settings.max_listeners * LISTENER.itemsize)


def _shared_listeners(count: int, descriptor: int) -> NDArray[np.void]:
    return np.frombuffer(mapped(descriptor, count * LISTENER.itemsize, writable=True), dtype=LISTENER)


def allocate(settings: MediaSettings, event_fd: int, listen_fd: int) -> Memory:
    """Rows for every leg, recording and listener, on fresh pages, so that unused rows cost nothing."""
    hub: np.void = np.zeros(1, dtype=HUB)[0]
    _set_limits(hub, settings, event_fd)
    _point(hub)
    hub["one"] = 1
    hub["cname"] = np.frombuffer(secrets.token_hex(8).encode(), dtype=np.uint8)
    hub["decode"] = np.stack([g711.ULAW_DECODE, g711.ALAW_DECODE])
    hub["encode"] = np.stack([g711.ULAW_ENCODE, g711.ALAW_ENCODE])
    hub["translate"] = _translations()
    hub["g722"] = g722_table()
    hub["noise_peak"] = noise_peaks()
    hub["tone_factors"] = tone_factors()
    hub["tone_keys"] = tone_keys()
    hub["seed"] = secrets.randbits(31)
    return Memory(
        hub=hub,
        legs=np.zeros(settings.max_legs, dtype=LEG),
        recordings=np.zeros(settings.max_recordings, dtype=RECORDING),
        listeners=_shared_listeners(settings.max_listeners, listen_fd),
        active=np.zeros((GROUPS, settings.max_legs), dtype=np.int64),
        arena=np.zeros(settings.prompt_memory_mb << 20, dtype=np.uint8),
    )
