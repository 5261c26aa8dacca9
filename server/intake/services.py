"""What every contact needs of the program around it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from acd.events import Event as DispatchEvent
from recordings.segment import RecordingId
from server.http.metrics import Metrics
from server.intake.caller_lists import CallerLists
from server.intake.capture_policy import CapturePolicy
from server.intake.customer import PromisedPlaces
from server.intake.durable_first import DurableFirst
from server.intake.exchange import Exchange
from server.intake.ports import Dialler, FactLog, Lines, Recognition, Recordings, Transcribing
from server.intake.prompts import Prompts
from server.live_transcripts.following import LiveFollowing
from server.outside.asking import OutsideAsking
from server.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Services:
    """The collaborators of a contact. `post` tells dispatch an event; `now` is the loop's clock."""

    journal: FactLog
    durable: DurableFirst
    prompts: Prompts
    recordings: Recordings
    metrics: Metrics
    recognition: Recognition
    dialler: Dialler
    lines: Lines
    transcribing: Transcribing
    outside: OutsideAsking
    exchange: Exchange
    post: Callable[[DispatchEvent], None]
    tasks: Tasks
    callbacks: PromisedPlaces
    now: Callable[[], float]
    live: LiveFollowing
    capture: CapturePolicy
    destroy: Callable[[RecordingId, str], Awaitable[None]]
    """Of a recording that may not be kept, and why: its key, for good."""
    lists: CallerLists
