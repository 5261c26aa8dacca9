"""What /metrics shows, in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from media.engine import MediaEngine
from recordings.health import RecorderHealth
from server.http.load_metrics import LoadFigures, load_metrics
from server.live_transcripts.following import LiveStatus
from server.logs import StandardError
from server.transcripts.transcription import TranscriptionStatus

SETUP_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
WAIT_BUCKETS_S = (1, 5, 10, 20, 30, 60, 120, 300, 600)


class Metrics:
    """One registry per server, so that two servers in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Gauge("trunkline_calls", "Callers on the line now", registry=self.registry)
        self.contacts = Counter(
            "trunkline_contacts", "Contacts that ended, by outcome", ["outcome"], registry=self.registry
        )
        self.refused = Counter(
            "trunkline_calls_refused", "Calls not taken, by reason", ["reason"], registry=self.registry
        )
        self.not_durable = Counter(
            "trunkline_journal_not_durable",
            "Calls that went on before their facts were durable, since the disk hung or refused",
            ["reason"],
            registry=self.registry,
        )
        self.pauses_overdue = Counter(
            "trunkline_recordings_pause_overdue",
            "Paused recordings that nobody resumed in time",
            registry=self.registry,
        )
        Gauge(
            "trunkline_log_lines_lost",
            "Lines of the log that could not be written since the program started",
            registry=self.registry,
        ).set_function(lambda: StandardError.lost_lines)
        self.setup_s = Histogram(
            "trunkline_call_setup_seconds",
            "From INVITE to our 200",
            buckets=SETUP_BUCKETS_S,
            registry=self.registry,
        )
        self.wait_s = Histogram(
            "trunkline_queue_wait_seconds",
            "From joining a queue to the agent's voice",
            ["queue"],
            buckets=WAIT_BUCKETS_S,
            registry=self.registry,
        )

    def watch(self, figures: Callable[[], LoadFigures]) -> None:
        self.registry.register(_Asked(lambda: load_metrics(figures())))

    def watch_media(self, engine: MediaEngine) -> None:
        self.registry.register(_MediaCollector(engine))

    def watch_recorder(self, health: Callable[[], RecorderHealth]) -> None:
        self.registry.register(_RecorderCollector(health))

    def watch_transcription(self, status: Callable[[], TranscriptionStatus]) -> None:
        self.registry.register(_TranscriptionCollector(status))

    def watch_live(self, status: Callable[[], LiveStatus]) -> None:
        self.registry.register(_Asked(lambda: _live_metrics(status())))


class _Asked:
    """Metrics that are made when somebody reads the page."""

    def __init__(self, make: Callable[[], Iterator[Metric]]) -> None:
        self._make = make

    def collect(self) -> Iterator[Metric]:
        return self._make()


class _TranscriptionCollector:
    """How far transcription is behind the calls, honestly."""

    def __init__(self, status: Callable[[], TranscriptionStatus]) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        now = self._status()
        for name, text, value in (
            ("waiting", "Recordings that wait to be transcribed", now.waiting),
            ("in_work", "Recordings being transcribed now", now.in_work),
            ("to_be_tried_again", "Recordings that could not be transcribed yet", now.to_be_tried_again),
            ("lag_seconds", "How long the recording has waited that has waited longest", now.lag_s),
        ):
            yield GaugeMetricFamily(f"trunkline_transcription_{name}", text, value)
        yield CounterMetricFamily("trunkline_transcription_ready", "Transcripts that are whole", now.ready)
        yield CounterMetricFamily(
            "trunkline_transcription_given_up", "Recordings given up after several tries", now.given_up
        )


def _live_metrics(now: LiveStatus) -> Iterator[Metric]:
    """How well words keep up with who speaks."""
    yield GaugeMetricFamily("trunkline_live_tracks", "Voices followed while they speak", now.tracks)
    yield GaugeMetricFamily(
        "trunkline_live_lag_seconds",
        "How long the oldest utterance has been over whose words are not there",
        now.lag_s,
    )
    for name, text, value in (
        ("refused", "Voices not followed because others were", now.refused),
        ("partials", "Partial results told", now.partials),
        ("finals", "Utterances understood while the call went on", now.finals),
        ("deferred", "Utterances left to be transcribed from the recording", now.deferred),
        ("deferred_seconds", "Seconds of them", now.deferred_s),
    ):
        yield CounterMetricFamily(f"trunkline_live_{name}", text, value)


class _RecorderCollector:
    """Asks the recorder how it is when somebody reads the page."""

    def __init__(self, health: Callable[[], RecorderHealth]) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        now = self._health()
        for name, text, value in (
            ("live", "Recordings being made now", now.live),
            ("behind_seconds", "Age of the oldest sound that no file has yet", now.behind_s),
            ("unsynced_seconds", "Age of the oldest sound that a loss of power would cost", now.unsynced_s),
            ("spool_ratio", "Share of the memory spool in use; at 1 sound is being lost", now.spool_share),
            ("failing", "1 while the disk refuses a recording", float(now.failing_since is not None)),
            ("unsaved_rows", "Rows that the database has refused so far", now.unsaved_rows),
        ):
            yield GaugeMetricFamily(f"trunkline_recordings_{name}", text, value)
        yield CounterMetricFamily(
            "trunkline_recordings_frames_dropped", "Frames lost to a slow disk", now.frames_dropped
        )


class _MediaCollector:
    """Reads the engine's own counters when somebody asks, so that the tick pays nothing for it."""

    def __init__(self, engine: MediaEngine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        now = self._engine.statistics()
        yield GaugeMetricFamily("trunkline_media_legs", "Legs open in the engine", now.legs)
        for name, text, value in (
            ("ticks", "Ticks run", now.ticks),
            ("late_ticks", "Ticks that began too late", now.late_ticks),
            ("skipped_frames", "Frames not sent because the tick was too late", now.skipped_frames),
            ("packets_received", "RTP packets received", now.packets_received),
            ("packets_sent", "RTP packets sent", now.packets_sent),
            ("events_dropped", "Events lost because the program did not read them", now.events_dropped),
            ("recording_frames_dropped", "Frames lost to a slow disk", now.recording_frames_dropped),
            ("tick_cpu_seconds", "CPU time of the tick thread", now.tick_cpu_s),
        ):
            yield CounterMetricFamily(f"trunkline_media_{name}", text, value)
        yield _histogram("trunkline_media_tick_seconds", "Time a tick took", now.tick_time_us)
        yield _histogram("trunkline_media_lateness_seconds", "How late a tick began", now.lateness_us)


def _histogram(name: str, text: str, counts: tuple[tuple[int, int], ...]) -> Metric:
    buckets: list[tuple[str, float]] = []
    total = 0
    for bound_us, count in counts[:-1]:
        total += count
        buckets.append((f"{bound_us / 1e6:g}", total))
    total += counts[-1][1] if counts else 0
    buckets.append(("+Inf", total))
    family = HistogramMetricFamily(name, text)
    family.add_metric([], buckets=buckets, sum_value=None)
    return family
