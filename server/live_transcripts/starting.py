"""Live transcripts of a server that starts."""

from __future__ import annotations

import asyncio

from config.settings import Settings
from media.speech.recogniser import SpeechWorkers
from media.speech.session import Recognizer
from media.speech.vocabulary import LanguageModel
from media.speech.worker_session import WorkerRecognizer
from server.http.metrics import Metrics
from server.journal.journal import Journal
from server.live_transcripts.following import Hearing, LiveFollowing
from server.tasks import Tasks


def start_following(
    settings: Settings,
    workers: SpeechWorkers,
    vocabulary: LanguageModel,
    journal: Journal,
    metrics: Metrics,
    tasks: Tasks,
) -> LiveFollowing:
    """Runs as long as the tasks."""
    recognizer: Recognizer = WorkerRecognizer(workers)
    hearing = Hearing(recognizer, vocabulary, settings.speech_rules, settings.speech.live_tracks)
    following = LiveFollowing(hearing, journal.note, tasks, asyncio.get_running_loop().time)
    metrics.watch_live(following.status)
    tasks.background(following.run())
    return following
