"""Recordings over the API: find, hear, verify, export, hold, release and delete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import FastAPI, Header, Query
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from contacts.facts.speech import TalkMeasured
from contacts.privacy import Privacy
from recordings.archive import ListedRecording
from recordings.catalogue import RecordingEntry
from recordings.errors import KeyMissingError, RecordingsError, UnknownRecordingError
from recordings.life import HeldError, RecordingErasure, RecordingHold, StillRecordingError
from recordings.retention import Retention
from recordings.saved_recordings import SavedRecordings
from recordings.search import Hit
from recordings.search import Query as SearchQuery
from recordings.segment import RecordingId
from recordings.transcripts import Speaker, TranscriptItem
from recordings.verification import Verdict
from server.http.errors import ApiError, answers
from server.http.guard import Who
from server.http.ids import Id
from server.http.ports import ApiPorts, ContactArchive, ContactEvent

MAX_PAGE = 1000
Result = TypeVar("Result")
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
Words = Annotated[str, Query(max_length=200)]
Text = Annotated[str, Query(max_length=64)]
Instant = Annotated[datetime | None, Query()]
Why = Annotated[str, Header(alias="X-Reason", min_length=1, max_length=200, pattern=r"[A-Za-z0-9]")]
"""Why it is done; the journal keeps it."""


@dataclass(frozen=True, slots=True)
class RecordingLine:
    """One recording in a list; `state` is `missing` or `damaged` where it is."""

    recording: str
    contact: str
    state: str
    started_at: datetime
    duration_s: float
    gap_s: float
    caller: str
    """Empty for readers who see no numbers."""
    called: str
    agent: str
    what: str
    """Empty for the recording of a contact; else what the caller left, like `voicemail`."""
    fault: str


@dataclass(frozen=True, slots=True)
class RecordingDetail:
    """A recording with its words, and who wants it kept."""

    line: RecordingLine
    transcript: tuple[TranscriptItem, ...]
    held_by: str
    held_because: str
    talk: dict[str, Any] | None
    """How customer and agent talked with each other, once it is transcribed; see `talk.measured`."""


@dataclass(frozen=True, slots=True)
class FaultLine:
    """From second to second; `text` is all of it in words."""

    kind: str
    start_s: float
    end_s: float | None
    text: str


@dataclass(frozen=True, slots=True)
class VerdictBody:
    """Whether the recording is what it was."""

    recording: str
    intact: bool
    faults: tuple[FaultLine, ...]


@dataclass(frozen=True, slots=True)
class HitLine:
    """One utterance that was found; `at_s` is the second at which its first wanted word begins."""

    recording: str
    contact: str
    started_at: datetime
    caller: str
    agent: str
    speaker: str
    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Released:
    """Whether there was a hold."""

    was_held: bool


def add_recording_routes(app: FastAPI, ports: ApiPorts) -> None:
    """All of it reads disk or database, in threads of its own."""
    _add_finding(app, ports)
    _add_hearing(app, ports)
    _add_life(app, ports)


def _add_finding(app: FastAPI, ports: ApiPorts) -> None:
    run = _runner(ports)

    @app.get("/recordings")
    async def list_recordings(
        who: Who, limit: Limit = 50, since: Instant = None
    ) -> tuple[RecordingLine, ...]:
        """Newest first."""
        found = await run(lambda kept: kept.archive.newest(limit, _aware(since)))
        return tuple(_line(listed, who.sees) for listed in found)

    @app.get("/recordings/search")
    async def search_recordings(
        who: Who,
        words: Words,
        since: Instant = None,
        until: Instant = None,
        speaker: Speaker | None = None,
        caller: Text = "",
        agent: Text = "",
        queue: Text = "",
        limit: Limit = 50,
    ) -> tuple[HitLine, ...]:
        """Where these words were said in this order, newest first."""
        if not any(map(str.isalnum, words)):
            return ()
        query = SearchQuery(words, _aware(since), _aware(until), speaker, caller, agent, queue, limit)
        return tuple(_hit(hit, who.sees) for hit in await run(lambda kept: kept.search.find(query)))

    @app.get("/recordings/due")
    async def due_recordings(
        who: Who, days: Annotated[int | None, Query(ge=1, le=36_500)] = None, limit: Limit = 50
    ) -> tuple[RecordingLine, ...]:
        """What the settings, or so many days in their place, would have erased tonight, oldest first; nothing
        is.
        """

        def due(kept: SavedRecordings) -> list[ListedRecording]:
            keep = kept.keep if days is None else Retention(days)
            return kept.archive.conditions([each.entry for each in kept.life.due(keep, ports.utc(), limit)])

        found = await run(due)
        return tuple(_line(listed, who.sees) for listed in found)

    @app.get("/recordings/erasures")
    async def list_erasures(limit: Limit = 50) -> tuple[RecordingErasure, ...]:
        """What was erased on purpose, with its certificate; newest first."""
        return tuple(await run(lambda kept: kept.life.erasures(limit)))

    @app.get("/recordings/{recording}", responses=answers(404))
    async def show_recording(recording: Id, who: Who) -> RecordingDetail:
        """By its own id, or by its contact's, whose newest it is then."""
        return await run(lambda kept: _detail(kept, ports.archive, recording, who.sees))


def _add_hearing(app: FastAPI, ports: ApiPorts) -> None:
    run = _runner(ports)

    @app.post("/recordings/{recording}/verify", responses=answers(404))
    async def verify_recording(recording: Id) -> VerdictBody:
        """Reads all of it."""
        return _verdict(await run(lambda kept: kept.archive.verify(kept.archive.find(recording))))

    @app.get("/recordings/{recording}/sound", responses=answers(404, 409), response_class=FileResponse)
    async def hear_recording(recording: Id) -> FileResponse:
        """A stereo WAV file: caller left, what the caller hears right."""
        playable = await run(lambda kept: kept.archive.playable(kept.archive.find(recording)))
        return FileResponse(playable.path, media_type="audio/wav", filename=f"{recording}.wav")

    @app.get("/recordings/{recording}/case", responses=answers(404, 409), response_class=FileResponse)
    async def export_recording(recording: Id) -> FileResponse:
        """Sound, words, timeline and the evidence of all of it, in one file that can be verified anywhere."""
        file = await run(lambda kept: kept.export(kept.archive.find(recording)))
        remove = BackgroundTask(file.unlink, missing_ok=True)
        return FileResponse(
            file, media_type="application/zip", filename=f"{recording}.zip", background=remove
        )


def _add_life(app: FastAPI, ports: ApiPorts) -> None:
    run = _runner(ports)

    @app.post("/recordings/{recording}/hold", responses=answers(404))
    async def hold_recording(recording: Id, who: Who, reason: Why) -> RecordingHold:
        """Nothing may erase it until it is released."""
        return await run(lambda kept: kept.life.hold(_id(kept, recording), who.name, reason, ports.utc()))

    @app.post("/recordings/{recording}/release", responses=answers(404))
    async def release_recording(recording: Id, reason: Why) -> Released:
        """Ends the hold."""
        return Released(await run(lambda kept: kept.life.release(_id(kept, recording))))

    @app.delete("/recordings/{recording}", responses=answers(404, 409))
    async def delete_recording(recording: Id, who: Who, reason: Why) -> RecordingErasure:
        """For good: its key is destroyed, so that no copy of it can be heard."""
        return await run(lambda kept: kept.life.erase(_id(kept, recording), who.name, reason, ports.utc()))


class _Runner:
    """Off the loop, with the errors of recordings as the API tells them."""

    def __init__(self, ports: ApiPorts) -> None:
        self._ports = ports

    async def __call__(self, work: Callable[[SavedRecordings], Result]) -> Result:
        try:
            return await self._ports.off_loop.run(lambda: work(self._ports.recordings()))
        except UnknownRecordingError as error:
            raise ApiError(404, str(error), "`trunkline recordings list` shows what there is") from None
        except HeldError as error:
            raise ApiError(409, str(error), "`trunkline recordings release` ends the hold") from None
        except StillRecordingError as error:
            raise ApiError(409, str(error), "wait until the call has ended") from None
        except KeyMissingError as error:
            raise ApiError(409, str(error), "put back the key folder of this server") from None
        except RecordingsError as error:
            raise ApiError(422, str(error), "see /openapi.json for what this route takes") from None


def _runner(ports: ApiPorts) -> _Runner:
    return _Runner(ports)


def _aware(instant: datetime | None) -> datetime | None:
    """One that says no zone is taken for UTC; what no calendar of ours holds, for its end."""
    if instant is None:
        return None
    try:
        return instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        return (datetime.min if instant.year == 1 else datetime.max).replace(tzinfo=UTC)


def _id(kept: SavedRecordings, identifier: str) -> RecordingId:
    return kept.archive.find(identifier).recording_id


def _detail(
    kept: SavedRecordings, archive: ContactArchive, identifier: str, most: Privacy
) -> RecordingDetail:
    entry = kept.archive.find(identifier)
    (listed,) = kept.archive.conditions([entry])
    hold = kept.life.hold_of(entry.recording_id)
    words = () if most is Privacy.PUBLIC else kept.archive.transcript(entry)
    because = ("", "") if hold is None else (hold.held_by, hold.reason)
    told = archive.events(entry.contact_id, Privacy.PUBLIC)
    return RecordingDetail(_line(listed, most), words, *because, _talk(told, entry.recording_id))


def _talk(events: tuple[ContactEvent, ...], recording: str) -> dict[str, Any] | None:
    """What was measured last: a second pass may know better."""
    measured = (event.fields for event in reversed(events) if event.kind == TalkMeasured.kind())
    return next((fields for fields in measured if fields["recording"] == recording), None)


def _line(listed: ListedRecording, most: Privacy) -> RecordingLine:
    entry: RecordingEntry = listed.entry
    return RecordingLine(
        recording=entry.recording_id,
        contact=entry.contact_id,
        state=listed.condition,
        started_at=entry.started_at,
        duration_s=round(entry.duration_s, 3),
        gap_s=round(entry.gap_s, 3),
        caller="" if most is Privacy.PUBLIC else entry.caller,
        called=entry.called,
        agent=entry.agent,
        what=entry.what,
        fault=listed.fault or entry.failure,
    )


def _verdict(verdict: Verdict) -> VerdictBody:
    faults = (FaultLine(f.kind.value, f.start_s, f.end_s, str(f)) for f in verdict.faults)
    return VerdictBody(verdict.recording_id, verdict.is_intact, tuple(faults))


def _hit(hit: Hit, most: Privacy) -> HitLine:
    return HitLine(
        recording=hit.recording_id,
        contact=hit.contact_id,
        started_at=hit.started_at,
        caller="" if most is Privacy.PUBLIC else hit.caller,
        agent=hit.agent,
        speaker=hit.speaker.value,
        at_s=round(hit.at_s, 2),
        text="" if most is Privacy.PUBLIC else hit.text,
    )
