"""What the engine and its legs tell about themselves."""

from dataclasses import dataclass

import numpy as np

from media.layout import FRAME, Memory, Words
from media.rtp import count_lost
from media.sound import SAMPLES_PER_SECOND

_SAMPLES_PER_MS = SAMPLES_PER_SECOND // 1000


@dataclass(frozen=True, slots=True)
class LegReport:
    """Counters of one leg since it was opened; what the peer lost and the round trip come from its RTCP."""

    packets_sent: int
    bytes_sent: int
    send_errors: int
    packets_received: int
    bytes_received: int
    lost: int
    duplicates: int
    late: int
    rejected: int
    concealed_ms: int
    jitter_ms: float
    playout_delay_ms: float
    round_trip_ms: float | None
    lost_by_peer: int
    fraction_lost_by_peer: float
    ssrc_changes: int
    unauthentic: int = 0
    """Encrypted packets that were none of the peer's, or in another key."""
    replayed: int = 0

    @property
    def mos(self) -> float | None:
        """What the party sounds like to us, from 1 to 4.4; None before anything was received.

        The E-model (ITU-T G.107) with its defaults, G.711 with concealment (G.113: Ie 0, Bpl 25.1), random
        loss, and for the delay half the round trip, the playout buffer and a frame.
        """
        expected = self.packets_received + self.lost
        if self.packets_received == 0:
            return None
        missing_percent = 100 * min((self.lost + self.late) / expected, 1.0)
        delay_ms = (self.round_trip_ms or 0.0) / 2 + self.playout_delay_ms + FRAME / _SAMPLES_PER_MS
        impaired = 95 * missing_percent / (missing_percent + 25.1)
        delayed = 0.024 * delay_ms + 0.11 * max(delay_ms - 177.3, 0.0)
        rating = min(max(93.2 - delayed - impaired, 0.0), 100.0)
        return 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6


@dataclass(frozen=True, slots=True)
class EngineStatistics:
    """`tick_time_us` and `lateness_us` are histograms: pairs of upper bound in microseconds and count."""

    legs: int
    ticks: int
    late_ticks: int
    skipped_frames: int
    packets_received: int
    packets_sent: int
    events_dropped: int
    recording_frames_dropped: int
    tick_cpu_s: float
    tick_time_us: tuple[tuple[int, int], ...]
    lateness_us: tuple[tuple[int, int], ...]


def leg_report(leg: np.void) -> LegReport:
    """Read a leg's record; the tick may be writing it, so the counters can be a packet apart."""
    trip = int(leg["round_trip_q16"])
    return LegReport(
        packets_sent=int(leg["tx_packets"]),
        bytes_sent=int(leg["tx_bytes"]),
        send_errors=int(leg["tx_errors"]),
        packets_received=int(leg["rx_packets"]),
        bytes_received=int(leg["rx_bytes"]),
        lost=count_lost(leg),
        duplicates=int(leg["rx_duplicates"]),
        late=int(leg["late"]),
        rejected=int(leg["rx_rejected"]),
        concealed_ms=int(leg["concealed"]) // _SAMPLES_PER_MS,
        jitter_ms=int(leg["rx_jitter_q4"]) / 16 / _SAMPLES_PER_MS,
        playout_delay_ms=int(leg["cushion"] + FRAME) / _SAMPLES_PER_MS,
        round_trip_ms=trip * 1000 / 65536 if trip >= 0 else None,
        lost_by_peer=int(leg["peer_lost"]),
        fraction_lost_by_peer=int(leg["peer_fraction_q8"]) / 256,
        ssrc_changes=int(leg["rx_ssrc_changes"]),
        unauthentic=int(leg["unauthentic"]),
        replayed=int(leg["replayed"]),
    )


def engine_statistics(memory: Memory, legs: int) -> EngineStatistics:
    hub = memory.hub
    return EngineStatistics(
        legs=legs,
        ticks=int(hub["tick"]),
        late_ticks=int(hub["late_ticks"]),
        skipped_frames=int(hub["skipped_frames"]),
        packets_received=int(hub["packets_in"]),
        packets_sent=int(hub["packets_out"]),
        events_dropped=int(hub["event_dropped"]),
        recording_frames_dropped=int(hub["recording_dropped"]),
        tick_cpu_s=int(hub["cpu_ns"]) / 1e9,
        tick_time_us=_histogram(memory.hub["tick_time"]),
        lateness_us=_histogram(memory.hub["lateness"]),
    )


def _histogram(bins: Words) -> tuple[tuple[int, int], ...]:
    return tuple((1 << index, int(count)) for index, count in enumerate(bins))
