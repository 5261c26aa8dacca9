"""Allocation of the engine's memory and of the fixed structures its system calls use."""

import math
import secrets

import numpy as np

from media import g711
from media.layout import (
    BATCH,
    CONTROL_WORDS,
    CYCLE,
    DIGITS,
    FRAME,
    GROUPS,
    HISTORY,
    LEG,
    OUTGOING,
    PACKET,
    RING,
    Address,
    Limit,
    Memory,
    Octets,
    Recording,
    Samples,
    Slot,
    Words,
)
from media.settings import MediaSettings
from media.sound import SAMPLES_PER_SECOND
from media.syscalls import MESSAGE

FULL_SCALE_0_DBM0 = 15770
"""RMS of 0 dBm0 in 16-bit samples: a full-scale mu-law sine is +3.17 dBm0."""


def _words(*shape: int) -> Words:
    return np.zeros(shape, dtype=np.int64)


def _octets(*shape: int) -> Octets:
    """np.zeros maps fresh pages, so that rows never used take no memory."""
    return np.zeros(shape, dtype=np.uint8)


def _samples(*shape: int) -> Samples:
    return np.zeros(shape, dtype=np.int16)


def _limits(settings: MediaSettings, event_fd: int) -> Words:
    samples_per_ms = SAMPLES_PER_SECOND // 1000
    limits = _words(Limit.SIZE)
    limits[Limit.CUSHION] = settings.playout_delay_ms * samples_per_ms - FRAME
    limits[Limit.MAX_CUSHION] = settings.max_playout_delay_ms * samples_per_ms - FRAME
    limits[Limit.SILENCE_NS] = int(settings.silence_after_s * 1e9)
    limits[Limit.RTCP_FRAMES] = int(settings.rtcp_interval_s * SAMPLES_PER_SECOND / FRAME)
    rms = FULL_SCALE_0_DBM0 * math.pow(10, settings.talk_threshold_dbm0 / 20)
    limits[Limit.TALK_ENERGY] = int(rms * rms * FRAME)
    limits[Limit.TALK_RATIO_Q8] = int(256 * math.pow(10, settings.talk_above_noise_db / 10))
    limits[Limit.HANGOVER] = settings.talk_hangover_ms * samples_per_ms
    limits[Limit.EVENT_FD] = event_fd
    return limits


def _translations() -> Octets:
    """Row 2 * from + to, mu-law being 0 and A-law 1."""
    same = np.arange(256, dtype=np.uint8)
    return np.stack([same, g711.ULAW_TO_ALAW, g711.ALAW_TO_ULAW, same])


def allocate(settings: MediaSettings, event_fd: int) -> Memory:
    """Rows for every leg, recording and listener the settings allow."""
    legs, recordings, listeners = settings.max_legs, settings.recording_rows, settings.listen_rows
    ring_frames = int(settings.recording_ring_s * SAMPLES_PER_SECOND / FRAME)
    listen_frames = int(settings.listen_ring_s * SAMPLES_PER_SECOND / FRAME)
    memory = Memory(
        words=_words(Slot.SIZE),
        limits=_limits(settings, event_fd),
        addresses=_words(Address.SIZE),
        commands=_words(settings.command_ring * CONTROL_WORDS),
        events=_words(settings.event_ring * CONTROL_WORDS),
        legs=np.zeros(legs, dtype=LEG),
        closed=_words(legs),
        active=_words(GROUPS, legs),
        active_count=_words(GROUPS),
        ring=_octets(legs, RING),
        present=_octets(legs, RING),
        frames=_octets(legs, HISTORY + FRAME),
        cycle=_samples(legs, CYCLE),
        outbuf=_octets(legs, OUTGOING),
        digits=_octets(legs, DIGITS),
        playlist=_words(legs, 2 * settings.max_sounds_per_playback),
        arena=_octets(settings.arena_mb << 20),
        recorded=_octets(recordings, ring_frames * 2 * FRAME),
        recorded_frame=_words(recordings, ring_frames),
        recordings=_words(recordings, Recording.SIZE),
        listened=_samples(listeners, listen_frames * FRAME),
        decode=np.stack([g711.ULAW_DECODE, g711.ALAW_DECODE]),
        encode=np.stack([g711.ULAW_ENCODE, g711.ALAW_ENCODE]),
        translate=_translations(),
        cname=np.frombuffer(secrets.token_hex(8).encode(), dtype=np.uint8).copy(),
        messages=np.zeros(BATCH, dtype=MESSAGE),
        names=_octets(BATCH, 16),
        controls=_words(BATCH * 8),
        packets=_octets(BATCH, PACKET),
        vectors=_words(BATCH, 2),
        outgoing=_octets(OUTGOING),
        sockaddr=_octets(16),
        timespec=_words(2),
        one=np.ones(1, dtype=np.int64),
        scratch=_words(HISTORY),
        scratch_frame=_octets(FRAME),
        lateness=_words(32),
        tick_time=_words(32),
    )
    _point(memory)
    return memory


def _point(memory: Memory) -> None:
    """Fill in the addresses the kernel is given; see struct mmsghdr, msghdr and iovec."""
    memory.addresses[Address.MESSAGES] = memory.messages.ctypes.data
    memory.addresses[Address.OUTGOING] = memory.outgoing.ctypes.data
    memory.addresses[Address.SOCKADDR] = memory.sockaddr.ctypes.data
    memory.addresses[Address.TIMESPEC] = memory.timespec.ctypes.data
    memory.addresses[Address.ONE] = memory.one.ctypes.data
    for index in range(BATCH):
        message = memory.messages[index]
        memory.vectors[index] = (memory.packets[index].ctypes.data, PACKET)
        message["name"] = memory.names[index].ctypes.data
        message["name_size"] = memory.names.shape[1]
        message["vector"] = memory.vectors[index].ctypes.data
        message["vectors"] = 1
        message["control"] = memory.controls[index * 8 :].ctypes.data
        message["control_size"] = 64
