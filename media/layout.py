"""The memory the tick works on: one structure of arrays, allocated once, a row for every leg.

All counters are 64 bits wide so that compiled and interpreted arithmetic agree to the bit.
"""

from enum import IntEnum
from typing import Final, NamedTuple

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
PACKET: Final = 2048
OUTGOING: Final = 1024
DIGITS: Final = 64
PLAYLIST: Final = 64
ORDER_WORDS: Final = 20
EVENT_WORDS: Final = 8
COMMANDS: Final = 8192
EVENTS: Final = 8192
RECORDING_FRAMES: Final = 256
"""5.12 s for a writer that waits for its disk."""
LISTEN_SAMPLES: Final = 96_000
"""12 s of what a party said, one byte a sample, in its own law."""
LONGEST_TALK: Final = 80_000
"""A spurt is cut at 10 s, which leaves 2 s of the listen ring for what went before and for a late reader."""
MESSAGE_WORDS: Final = 7
CONTROL_WORDS: Final = 8
SOCKADDR: Final = 28

ROOMS: Final = 512
TONES: Final = 8

ULAW: Final = 0
ALAW: Final = 1
G722: Final = 2
"""On the wire only: such a leg's frames are mu-law."""
G722_STATE: Final = 27
G722_TABLE: Final = 232

CONCEALED: Final = 1
SILENT: Final = 2
MASKED: Final = 4
"""Of a recorded frame: its sound is made up, in part at least, for a packet never came; nothing came for
longer than sound can be made up, or the party was silent and said so; a secret was keyed or said.
"""


class Command(IntEnum):
    """Orders to the tick: words are kind, row, generation and arguments."""

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
    ROOM = 12
    SHIELD = 13


class Described(IntEnum):
    """The words of a leg description in a CONNECT order; addresses have 16 bytes, as in IPv6."""

    ADDRESS_HIGH = 3
    ADDRESS = 4
    PORT = 5
    CODING = 6
    TX_TYPE = 7
    TX_EVENTS = 8
    RX_TYPE = 9
    RX_EVENTS = 10
    MAY_SEND = 11
    MAY_RECEIVE = 12
    PTIME = 13
    SIGNALLED_HIGH = 14
    SIGNALLED = 15
    SRTP_OUT = 16
    SRTP_IN = 17


class Event(IntEnum):
    """Facts from the tick: words are kind, row, generation, two values and the time in nanoseconds."""

    DIGIT = 1
    PLAYBACK_FINISHED = 2
    TALK_STARTED = 3
    TALK_ENDED = 4
    SILENT = 5
    RESUMED = 6
    TALK_CUT = 7


_LEG_FIELDS: Final = (
    # life
    *("generation", "closed", "open", "group", "place", "fd", "rtcp_fd", "opened_frame"),
    *("served_frame", "served_before", "served_tick", "sent_frame"),
    # the far end
    *("connected", "latched", "chosen", "connected_ns", "remote_high", "remote_low", "remote_port"),
    *("trial_high", "trial_low", "trial_port", "trial_ssrc", "trial_sequence", "trial_count", "trial_ns"),
    *("sdp_high", "sdp_low", "sdp_port", "signalled_high", "signalled_low", "ipv6"),
    *("srtp_out", "srtp_in", "unauthentic", "replayed"),
    *("tx_type", "tx_events", "rx_type", "rx_events", "may_send", "may_receive", "ptime", "law"),
    *("coding", "wire_whole"),
    # received stream, RFC 3550 appendix A
    *(
        "rx_started",
        "rx_ssrc",
        "rx_candidate",
        "rx_base",
        "rx_highest",
        "rx_next_bad",
        "rx_recent",
        "rx_received",
    ),
    *("rx_expected_prior", "rx_received_prior", "rx_lost_before", "rx_transit", "rx_jitter_q4", "rx_last_ns"),
    *("rx_packets", "rx_bytes", "rx_duplicates", "rx_rejected", "rx_ssrc_changes", "silent"),
    *("noise", "noise_seed"),
    # playout buffer
    *(
        "play_started",
        "play_ts",
        "play_top",
        "newest_ns",
        "slack_ns",
        "hurry",
        "pending",
        "shift",
        "cushion",
        "low",
        "window",
        "calm",
        "stretch",
        "shrink",
    ),
    *("late", "concealed", "lost_run", "lag", "step", "marks", "marks_before"),
    # digits received and sent
    *("digit_seen", "digit_ssrc", "digit_ts", "digit_event", "digit_duration", "digit_ended"),
    *("tone_key", "tone_run", "tone_told"),
    *("send_head", "send_count", "send_step", "send_event", "send_ts", "send_pause"),
    # sent stream
    *(
        "tx_ssrc",
        "tx_sequence",
        "tx_ts",
        "tx_started",
        "tx_packets",
        "tx_bytes",
        "tx_errors",
        "out_fill",
        "out_ts",
    ),
    # playback
    *("playback", "playing", "list_id", "list_size", "list_at", "list_offset", "list_loop"),
    # neighbours
    *("bridge", "recording", "listen", "shielded"),
    *("room", "room_part", "room_gain_q8", "gave_frame", "gave_part", "gave_gain_q8"),
    # talk detection
    *("talk_floor", "talk_run", "talking", "talk_start", "talk_end"),
    # RTCP
    *(
        "rtcp_due",
        "rtcp_poll",
        "last_report",
        "last_report_ns",
        "round_trip_q16",
        "peer_lost",
        "peer_fraction_q8",
    ),
)
LEG: Final = np.dtype(
    [
        *((name, "i8") for name in _LEG_FIELDS),
        ("ring", "u1", (RING,)),
        ("present", "u1", (RING,)),
        ("frame", "u1", (HISTORY + FRAME,)),
        ("sent", "u1", (2 * FRAME,)),
        ("sent_frames", "i8", (2,)),
        ("outbuf", "u1", (OUTGOING,)),
        ("digits", "u1", (DIGITS,)),
        ("cycle", "i2", (CYCLE,)),
        ("wire", "u1", (FRAME,)),
        ("g722_in", "i8", (G722_STATE,)),
        ("g722_out", "i8", (G722_STATE,)),
        ("playlist", "i8", (2 * PLAYLIST,)),
    ],
    align=True,
)

RECORDING: Final = np.dtype(
    [
        *((name, "i8") for name in ("written", "dropped", "ended", "started_frame")),
        ("apart", "i8", (8,)),
        ("read", "i8"),
        ("numbers", "i8", (RECORDING_FRAMES,)),
        ("laws", "u1", (RECORDING_FRAMES,)),
        ("marks", "u1", (RECORDING_FRAMES * 2,)),
        ("samples", "u1", (RECORDING_FRAMES * 2 * FRAME,)),
    ],
    align=True,
)
"""A ring of stereo frames; `read` belongs to the consumer and has a cache line of its own."""

LISTENER: Final = np.dtype(
    [
        *((name, "i8") for name in ("oldest", "newest", "law", "use", "detector")),
        ("apart", "i8", (283,)),
        ("codes", "u1", (LISTEN_SAMPLES,)),
    ],
    align=True,
)
"""Whole pages, so that another process can map one alone. `use` is another number each time a leg has it."""

_HUB_FIELDS: Final = (
    # written by the tick
    *("command_read", "event_written", "event_dropped", "event_signal", "tick", "now_ns", "real_ns"),
    *(
        "late_ticks",
        "skipped_frames",
        "packets_in",
        "packets_out",
        "cpu_ns",
        "recording_dropped",
        "busy_ns",
        "busy_so_far_ns",
        "seed",
        "arrived_ns",
        "by_hand",
        "through",
    ),
    # settings
    *(
        "cushion",
        "max_cushion",
        "silence_ns",
        "rtcp_frames",
        "talk_energy",
        "voice_process",
        *("srtp_protect", "srtp_unprotect", "srtp_protect_rtcp", "srtp_unprotect_rtcp"),
        "talk_ratio_q8",
        "hangover",
        "event_fd",
    ),
    # addresses of fields below, for system calls
    *("message_at", "outgoing_at", "sockaddr_at", "timespec_at", "one_at", "pcm_at"),
    *("packet_at", "length_at"),
)
HUB: Final = np.dtype(
    [
        # written by the control side, a cache line of its own
        *((name, "i8") for name in ("stop", "command_written", "event_read")),
        ("apart", "i8", (8,)),
        *((name, "i8") for name in _HUB_FIELDS),
        ("active_count", "i8", (GROUPS,)),
        ("lateness", "i8", (32,)),
        ("tick_time", "i8", (32,)),
        ("message", "i8", (MESSAGE_WORDS,)),
        ("vector", "i8", (2,)),
        ("control", "i8", (CONTROL_WORDS,)),
        ("name", "u1", (32,)),
        ("packet", "u1", (PACKET,)),
        ("pcm", "i2", (FRAME,)),
        ("outgoing", "u1", (OUTGOING,)),
        ("sockaddr", "u1", (32,)),
        ("timespec", "i8", (2,)),
        ("one", "i8", (1,)),
        ("length", "i8", (1,)),
        ("cname", "u1", (16,)),
        ("scratch", "i8", (HISTORY,)),
        ("decode", "i2", (2, 256)),
        ("encode", "u1", (2, 65536)),
        ("noise_peak", "i8", (128,)),
        ("tone_factors", "f8", (TONES,)),
        ("tone_powers", "f8", (TONES,)),
        ("tone_keys", "i8", (2 * TONES,)),
        ("room_frames", "i8", (2 * ROOMS,)),
        ("room_sums", "i8", (4 * ROOMS * FRAME,)),
        ("translate", "u1", (4, 256)),
        ("g722", "i8", (G722_TABLE,)),
        ("commands", "i8", (COMMANDS * ORDER_WORDS,)),
        ("events", "i8", (EVENTS * EVENT_WORDS,)),
    ],
    align=True,
)

Words = NDArray[np.int64]
Octets = NDArray[np.uint8]
Samples = NDArray[np.int16]


class Memory(NamedTuple):
    """Everything `run_ticks` touches; nothing is ever moved or replaced.

    Few and coarse on purpose: every array of its own is seven more arguments to each compiled function, and
    compilation time grows with them.
    """

    hub: np.void
    legs: NDArray[np.void]
    recordings: NDArray[np.void]
    listeners: NDArray[np.void]
    active: Words
    arena: Octets
