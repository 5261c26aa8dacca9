"""Recordings that may not be kept: destroyed as soon as they have ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from recordings.catalogue import Catalogue
from recordings.life import RecordingLife
from recordings.recorder import Recorder
from recordings.segment import RecordingId

BY = "the server"


class Destroying:
    """With a signed certificate, as everything that is erased on purpose."""

    def __init__(
        self,
        catalogue: Catalogue,
        recorder: Recorder,
        utc: Callable[[], datetime],
        forget_words: Callable[[str], None],
    ) -> None:
        self._life = RecordingLife(catalogue, recorder.files, recorder.evidence, forget_words=forget_words)
        self._utc = utc

    async def __call__(self, recording: RecordingId, reason: str) -> None:
        """Raises RecordingsError, for one on hold too."""
        await asyncio.to_thread(self._life.erase, recording, BY, reason, self._utc())
