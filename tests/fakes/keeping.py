"""Journal, recorder, recogniser and voice of a server in process: nothing touches a disk or a thread."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from contacts.facts.entry import JournalEntry
from contacts.facts.fact import Fact
from ivr_flows.engine.requests import Values
from media.g711 import ULAW_SILENCE
from media.sound import Sound
from media.speech.errors import SynthesisError
from media.speech.synthesis import Voice
from recordings.catalogue import RecordingEntry, RecordingState
from recordings.errors import RecordingsError
from recordings.segment import RecordingId
from recordings.source import RecordingSource
from server.intake.ports import Understood
from server.journal.journal import JournalFull
from server.outside.asking import Kept
from server.outside.profiles import ProfileError
from server.outside.web import WebError, WebReply

F = TypeVar("F", bound=Fact)

Listener = Callable[[JournalEntry], None]


@dataclass
class MemoryJournal:
    """Durable at once. `full` and `hangs` are the test's to set."""

    now: Callable[[], float]
    entries: list[JournalEntry] = field(default_factory=list)
    full: bool = False
    hangs: bool = False
    """Nothing becomes durable any more."""
    settings: str = ""
    awaited: int = 0
    """How often somebody waited for durability."""

    def note(self, fact: Fact) -> None:
        if not self.full:
            self.append(fact)

    def apply(self, settings: str) -> None:
        self.settings = settings

    def append(self, fact: Fact) -> JournalEntry:
        if self.full:
            raise JournalFull("no room")
        entry = JournalEntry(
            sequence=len(self.entries) + 1,
            instance="test",
            boot="test",
            at=datetime.now(UTC),
            clock_s=self.now(),
            settings=self.settings,
            fact=fact,
        )
        self.entries.append(entry)
        return entry

    async def durable(self) -> None:
        self.awaited += 1
        if self.hangs:
            await asyncio.Event().wait()

    def facts(self, kind: type[F], contact: str | None = None) -> list[F]:
        """All of one kind, in order."""
        return [
            entry.fact
            for entry in self.entries
            if isinstance(entry.fact, kind) and contact in (None, entry.fact.contact_id)
        ]

    def at(self, fact: Fact) -> float:
        """When it was told, by the clock of the loop."""
        return next(entry.clock_s for entry in self.entries if entry.fact is fact)


@dataclass
class FakeRecordings:
    """Remembers what was begun; what goes wrong is the test's to set."""

    refuses: bool = False
    breaks: bool = False
    lasted_s: float = 1.0
    live: dict[RecordingId, tuple[str, RecordingSource]] = field(default_factory=dict)
    what: dict[RecordingId, str] = field(default_factory=dict)
    """Empty for a contact's own recording."""
    destroyed: dict[RecordingId, str] = field(default_factory=dict)
    """Why, by recording."""
    finished: dict[RecordingId, str] = field(default_factory=dict)
    """The agents' names, by recording."""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def begin(
        self,
        contact_id: str,
        source: RecordingSource,
        *,
        started_at: datetime,
        caller: str,
        called: str,
        what: str = "",
    ) -> RecordingId:
        if self.refuses:
            raise RecordingsError("no room for another recording")
        recording = RecordingId(f"recording-{next(self._numbers)}")
        self.live[recording] = (contact_id, source)
        self.what[recording] = what
        return recording

    async def destroy(self, recording_id: RecordingId, reason: str) -> None:
        self.destroyed[recording_id] = reason

    async def finish(self, recording_id: RecordingId, *, agent: str = "") -> RecordingEntry:
        if self.breaks:
            raise OSError("the disk is gone")
        contact, _ = self.live.pop(recording_id)
        self.finished[recording_id] = agent
        return RecordingEntry(
            recording_id,
            contact,
            RecordingState.COMPLETE,
            Path("nowhere"),
            datetime.now(UTC),
            "",
            "",
            agent,
            duration_s=self.lasted_s,
        )


@dataclass
class FakeVoice:
    """Text is as long as its letters: 50 ms each. `mute` texts cannot be said."""

    mute: bool = False
    said: list[str] = field(default_factory=list)

    async def render(self, text: str, voice: Voice | None = None) -> Sound:
        if self.mute:
            raise SynthesisError("no voice")
        self.said.append(text)
        return Sound(name=text, ulaw=bytes([ULAW_SILENCE - 1]) * (400 * max(1, len(text))))


@dataclass
class FakeRecognition:
    """Understands every utterance as `next`; an exception in its place is raised."""

    next: str | Exception = ""
    asked: int = 0

    async def understand(self, pcm: NDArray[np.int16], phrases: tuple[str, ...]) -> Understood:
        self.asked += 1
        if isinstance(self.next, Exception):
            raise self.next
        return Understood(self.next, 0.9 if self.next else 0.0)


@dataclass
class FakeTranscribing:
    """Remembers what was handed over."""

    handed: list[tuple[str, str]] = field(default_factory=list)

    def transcribe(self, contact_id: str, recording_id: str) -> None:
        self.handed.append((contact_id, recording_id))


@dataclass
class FakeWeb:
    """Answers as the test says; an exception in place of an answer is raised."""

    answers: list[WebReply | WebError | float] = field(default_factory=list)
    asked: list[tuple[str, str, Mapping[str, object]]] = field(default_factory=list)

    async def send(
        self, method: str, url: str, headers: tuple[tuple[str, str], ...], body: Mapping[str, object]
    ) -> WebReply:
        self.asked.append((method, url, body))
        answer = self.answers.pop(0)
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            return WebReply(200, {})
        if isinstance(answer, WebError):
            raise answer
        return answer


@dataclass
class FakeNotices:
    """Notices by name, on until the test takes them away."""

    texts: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, now: datetime) -> str | None:
        return self.texts.get(name)


@dataclass
class FakeProfiles:
    """Profiles in memory; `error` is raised in place of an answer."""

    kept: dict[str, dict[str, str]] = field(default_factory=dict)
    error: ProfileError | None = None

    async def read(self, caller: str) -> Values:
        if self.error is not None:
            raise self.error
        return tuple(sorted(self.kept.get(caller, {}).items()))

    async def write(self, caller: str, values: Values) -> None:
        if self.error is not None:
            raise self.error
        self.kept.setdefault(caller, {}).update(values)


def nothing_kept() -> Kept:
    """No notice is on, and no caller is known."""
    return Kept(FakeNotices(), FakeProfiles(), lambda: datetime.now(UTC))
