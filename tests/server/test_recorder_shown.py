"""What the disk does to recordings is seen where an operator looks."""

from datetime import UTC, datetime

from prometheus_client import generate_latest

from recordings.health import RecorderHealth
from server.http.metrics import Metrics

FAILING = RecorderHealth(
    live=3,
    behind_s=12.5,
    unsynced_s=14.0,
    spool_share=0.25,
    failing_since=datetime(2026, 1, 1, tzinfo=UTC),
    last_error="Input/output error",
    frames_dropped=7,
    unsaved_rows=2,
)


def test_finding_31_metrics_show_a_disk_that_refuses() -> None:
    metrics = Metrics()
    metrics.watch_recorder(lambda: FAILING)
    page = generate_latest(metrics.registry).decode()
    for line in (
        "trunkline_recordings_live 3.0",
        "trunkline_recordings_behind_seconds 12.5",
        "trunkline_recordings_unsynced_seconds 14.0",
        "trunkline_recordings_spool_ratio 0.25",
        "trunkline_recordings_failing 1.0",
        "trunkline_recordings_frames_dropped_total 7.0",
        "trunkline_recordings_unsaved_rows 2.0",
    ):
        assert line in page
