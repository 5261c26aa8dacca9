"""What the engine and its legs tell about themselves."""

from dataclasses import dataclass


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
