"""The memory the tick works on: one structure of arrays, allocated once, a row for every leg.

All counters are 64 bits wide so that compiled and interpreted arithmetic agree to the bit.
"""

from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

FRAME: Final = 160
"""Samples in 20 ms, the rhythm of every leg."""
FRAME_NS: Final = 20_000_000
GROUPS: Final = 4
TICK_NS: Final = FRAME_NS // GROUPS
HISTORY: Final = 320
"""Samples before the current frame that concealment looks back on."""
RING: Final = 4096
"""Samples in a playout ring: 512 ms, a power of two."""
CYCLE: Final = 128
BATCH: Final = 4
PACKET: Final = 2048
OUTGOING: Final = 1024
DIGITS: Final = 64
CONTROL_WORDS: Final = 8

ULAW: Final = 0
ALAW: Final = 1


class Slot(IntEnum):
    """Words shared between the tick and the control side; each has one writer."""

    STOP = 0
    COMMAND_WRITTEN = 8
    COMMAND_READ = 16
    EVENT_WRITTEN = 24
    EVENT_READ = 32
    EVENT_DROPPED = 40
    EVENT_SIGNAL = 41
    TICK = 48
    TICK_ORIGIN_NS = 49
    NOW_NS = 50
    REAL_NS = 51
    LATE_TICKS = 52
    SKIPPED_FRAMES = 53
    PACKETS_IN = 54
    PACKETS_OUT = 55
    CPU_NS = 56
    RECORDING_DROPPED = 57
    SIZE = 64


class Limit(IntEnum):
    """Indexes of the settings as the tick reads them."""

    CUSHION = 0
    MAX_CUSHION = 1
    SILENCE_NS = 2
    RTCP_FRAMES = 3
    TALK_ENERGY = 4
    TALK_RATIO_Q8 = 5
    HANGOVER = 6
    EVENT_FD = 7
    SIZE = 8


class Address(IntEnum):
    """Indexes of the fixed addresses handed to system calls."""

    MESSAGES = 0
    OUTGOING = 1
    SOCKADDR = 2
    TIMESPEC = 3
    ONE = 4
    SIZE = 5


class Command(IntEnum):
    """Orders to the tick: words are kind, row, generation and up to five arguments."""

    OPEN = 1
    CONNECT = 2
    PLAY = 3
    SEGMENT = 4
    STOP_PLAYBACK = 5
    DIGIT = 6
    BRIDGE = 7
    UNBRIDGE = 8
    RECORD = 9
    LISTEN = 10
    CLOSE = 11


class Event(IntEnum):
    """Facts from the tick: words are kind, row, generation and up to two values."""

    DIGIT = 1
    PLAYBACK_FINISHED = 2
    TALK_STARTED = 3
    TALK_ENDED = 4
    SILENT = 5
    RESUMED = 6


class Recording(IntEnum):
    """Words of a recording row; READ belongs to the consumer, the others to the tick."""

    WRITTEN = 0
    READ = 8
    DROPPED = 9
    ENDED = 10
    STARTED_FRAME = 11
    SIZE = 16


_LEG_FIELDS: Final = (
    # life
    *("generation", "open", "group", "place", "fd", "rtcp_fd", "opened_frame"),
    # the far end
    *("connected", "latched", "connected_ns", "remote_ip", "sdp_port", "remote_port"),
    *("payload_type", "dtmf_type", "may_send", "may_receive", "ptime", "law"),
    # received stream, RFC 3550 appendix A
    *("rx_started", "rx_ssrc", "rx_candidate", "rx_base", "rx_highest", "rx_next_bad", "rx_recent", "rx_received"),
    *("rx_expected_prior", "rx_received_prior", "rx_lost_before", "rx_transit", "rx_jitter_q4", "rx_last_ns"),
    *("rx_packets", "rx_bytes", "rx_duplicates", "rx_rejected", "rx_ssrc_changes", "silent"),
    # playout buffer
    *("play_started", "play_ts", "play_top", "cushion", "low", "window", "calm", "stretch", "shrink"),
    *("late", "concealed", "lost_run", "lag", "step"),
    # digits received and sent
    *("digit_seen", "digit_ts", "digit_event", "digit_duration", "digit_ended"),
    *("send_head", "send_count", "send_step", "send_event", "send_ts", "send_pause"),
    # sent stream
    *("tx_ssrc", "tx_sequence", "tx_ts", "tx_started", "tx_packets", "tx_bytes", "tx_errors", "out_fill", "out_ts"),
    # playback
    *("playback", "playing", "list_id", "list_size", "list_at", "list_offset", "list_loop"),
    # neighbours
    *("bridge", "recording", "listen", "listening"),
    # talk detection
    *("talk_floor", "talk_run", "talking", "talk_start", "talk_end", "heard_from", "heard_end"),
    # RTCP
    *("rtcp_due", "rtcp_poll", "last_report", "last_report_ns", "round_trip_q16", "peer_lost", "peer_fraction_q8"),
)
LEG: Final = np.dtype([(name, "i8") for name in _LEG_FIELDS])

Words = NDArray[np.int64]
Octets = NDArray[np.uint8]
Samples = NDArray[np.int16]


class Memory(NamedTuple):
    """Everything `run_ticks` touches; the arrays never move and are never replaced."""

    words: Words
    limits: Words
    addresses: Words
    commands: Words
    events: Words
    legs: NDArray[np.void]
    closed: Words
    active: Words
    active_count: Words
    ring: Octets
    present: Octets
    frames: Octets
    cycle: Samples
    outbuf: Octets
    digits: Octets
    playlist: Words
    arena: Octets
    recorded: Octets
    recorded_frame: Words
    recordings: Words
    listened: Samples
    decode: Samples
    encode: Octets
    translate: Octets
    cname: Octets
    messages: NDArray[np.void]
    names: Octets
    controls: Words
    packets: Octets
    vectors: Words
    outgoing: Octets
    sockaddr: Octets
    timespec: Words
    one: Words
    scratch: Words
    scratch_frame: Octets
    lateness: Words
    tick_time: Words


def leg_row(memory: Memory, row: int) -> Any:
    """The leg's record, to be read field by field from the control side."""
    return memory.legs[row]
