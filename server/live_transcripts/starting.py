"""Live transcripts of a server that starts."""

from __future__ import annotations

import asyncio
from pathlib import Path

from config.settings import Settings
from media.speech.recogniser import SpeechWorkers
from media.speech.server_session import ServerRecognizer
from media.speech.session import Recognizer
from media.speech.settings import SpeechSettings
from media.speech.vocabulary import LanguageModel
from media.speech.worker_session import WorkerRecognizer
from server.errors import StartError
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
    recognizer = _recognizer(settings.speech, workers)
    hearing = Hearing(recognizer, vocabulary, settings.speech_rules, settings.speech.live_tracks)
    following = LiveFollowing(hearing, journal.note, tasks, asyncio.get_running_loop().time)
    metrics.watch_live(following.status)
    tasks.background(following.run())
    return following


def _recognizer(settings: SpeechSettings, workers: SpeechWorkers) -> Recognizer:
    if not settings.server_url:
        return WorkerRecognizer(workers)
    return ServerRecognizer(settings.server_url, read_token(settings.server_token_file))


def read_token(file: Path | None) -> str | None:
    """Raises StartError when it cannot be read, or holds none."""
    if file is None:
        return None
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise StartError(f"speech.server_token_file: {file} cannot be read: {error}") from None
    if not token or not token.isprintable() or " " in token:
        raise StartError(f"speech.server_token_file: {file} holds no token")
    return token
