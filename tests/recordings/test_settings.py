"""Settings that promise what cannot be kept are refused."""

import pytest
from pydantic import ValidationError

from recordings.settings import RecordingSettings


def test_sync_more_often_than_drain_is_refused() -> None:
    with pytest.raises(ValidationError, match="sync_every_s"):
        RecordingSettings(drain_interval_s=0.5, sync_every_s=0.5)


def test_drain_that_would_lose_more_than_a_second_is_refused() -> None:
    with pytest.raises(ValidationError, match="drain_interval_s"):
        RecordingSettings(drain_interval_s=1.0)
