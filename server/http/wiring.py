"""The running parts of the server, joined to the ports of the API."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import structlog
from sqlalchemy import Engine

from contacts.ids import ContactId
from media.engine import MediaEngine
from media.speech.recogniser import SpeechWorkers
from recordings.archive import Archive
from recordings.catalogue import Catalogue
from recordings.life import RecordingLife
from recordings.recorder import Recorder
from recordings.saved_recordings import SavedRecordings
from recordings.search import TranscriptSearch
from server.access.door import Door, DoorClocks
from server.access.tokens import TokenBook
from server.callbacks.lost import lost_callers
from server.callbacks.ordering import CallbackOrders
from server.http.archive import JournalArchive, JournalFollower, of_queue, told_timeline
from server.http.disk_watch import DiskWatch
from server.http.event_feed import EventFeed
from server.http.load_metrics import LoadFigures
from server.http.metrics import Metrics
from server.http.off_loop import OffLoop
from server.http.parts import TickWatch, disk_health, journal_health, recogniser_health, recorder_health
from server.http.ports import ApiPorts, RunningRecording, TrunkStatus
from server.http.status import PartHealth
from server.http.watch import Watch
from server.intake.call_intake import CallIntake
from server.intake.opening import OpenLine
from server.intake.reloading import Reloading
from server.journal.erasure import JournalEraser, forget_words
from server.journal.journal import Journal
from server.journal.tables import CONTACT
from server.outside.kept_lists import KeptLists
from server.outside.notices import NoticeBoard
from server.outside.profiles import StoredProfiles
from server.store.writer import StoreWriter
from server.version import VERSION
from server.webhooks.running import Webhooks

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RunningParts:
    """What stands when the door is opened."""

    reloading: Reloading
    sip: tuple[str, ...]
    line: OpenLine
    engine: MediaEngine
    workers: SpeechWorkers
    recorder: Recorder
    journal: Journal
    store: Engine
    writer: StoreWriter
    metrics: Metrics
    webhooks: Webhooks
    notices: NoticeBoard
    profiles: StoredProfiles
    lists: KeptLists
    disks: Mapping[str, DiskWatch]
    """By what is on them."""


def api_ports(parts: RunningParts, stack: AsyncExitStack) -> ApiPorts:
    """Raises TokensError when the file of tokens cannot be understood."""
    tokens = TokenBook(parts.reloading.settings.server.data_directory)
    door = Door(tokens, parts.journal, DoorClocks(time.monotonic, _utc))
    off_loop = OffLoop()
    stack.callback(off_loop.close)
    feed = EventFeed(JournalFollower(parts.journal, parts.store), off_loop)
    stack.callback(feed.close)
    parts.metrics.watch(lambda: _figures(parts, door))
    watch = _watch(parts)
    files, verifier = parts.recorder.files, parts.recorder.evidence.signer.verifier
    archive = Archive(files, Catalogue(parts.store), verifier)
    return ApiPorts(
        door=door,
        tokens=tokens,
        off_loop=off_loop,
        health=watch.health,
        registry=parts.metrics.registry,
        archive=JournalArchive(parts.store),
        eraser=JournalEraser(parts.store, parts.journal),
        note=parts.journal.note,
        recordings=lambda: _kept(parts, archive),
        feed=feed,
        dispatch=parts.line.dispatcher,
        acd=lambda: parts.reloading.settings.acd,
        customers=_OnTheLine(parts.line.intake),
        agents_customers=parts.line.intake.desk,
        notices=parts.notices,
        profiles=parts.profiles,
        lists=parts.lists,
        callbacks=CallbackOrders(parts.line.callbacks, parts.line.intake),
        lost_callers=lambda since, limit: lost_callers(parts.store, since, limit),
        durable=parts.journal.durable,
        trunks=lambda: _trunks(parts),
        webhooks=parts.webhooks.status,
        gate=parts.line.intake,
        reloader=parts.reloading,
        monotonic=time.monotonic,
        utc=_utc,
    )


def _kept(parts: RunningParts, archive: Archive) -> SavedRecordings:
    catalogue, files, evidence = Catalogue(parts.store), parts.recorder.files, parts.recorder.evidence
    return SavedRecordings(
        archive=archive,
        search=TranscriptSearch(parts.store, of_queue),
        life=RecordingLife(catalogue, files, evidence, CONTACT, partial(forget_words, parts.writer)),
        files=files,
        evidence=evidence,
        timeline=lambda contact: told_timeline(parts.store, contact),
        keep=parts.reloading.settings.recordings.retention,
    )


def _watch(parts: RunningParts) -> Watch:
    ticks = TickWatch()

    def engine() -> PartHealth:
        now = parts.engine.statistics()
        return ticks.health(now.legs, now.ticks, parts.engine.load(), time.monotonic())

    return Watch(
        VERSION,
        time.monotonic(),
        parts.sip,
        parts.line.intake,
        (
            engine,
            lambda: journal_health(parts.journal.health()),
            lambda: recorder_health(parts.recorder.health()),
            lambda: recogniser_health(parts.workers.statistics()),
            *(_disk(name, watch) for name, watch in parts.disks.items()),
        ),
        time.monotonic,
    )


def _disk(name: str, watch: DiskWatch) -> Callable[[], PartHealth]:
    return lambda: disk_health(name, watch.look, time.monotonic())


def _figures(parts: RunningParts, door: Door) -> LoadFigures:
    refusals, workers = parts.line.endpoint.refusals, parts.workers.statistics()
    journal = parts.journal.health()
    return LoadFigures(
        refused=refusals.counts,
        unanswered=refusals.dropped,
        failed_api_logins=door.failed_logins,
        journal_waiting=journal.behind,
        journal_failing=not journal.well,
        tick_share=parts.engine.load(),
        recogniser_restarts=workers.restarts,
        recogniser_workers=len(workers.pids),
        webhooks=parts.webhooks.status(),
    )


def _utc() -> datetime:
    return datetime.now(UTC)


def _trunks(parts: RunningParts) -> tuple[TrunkStatus, ...]:
    return tuple(
        TrunkStatus(
            trunk.name,
            tuple(map(str, trunk.networks)),
            trunk.max_calls,
            parts.line.endpoint.incoming_calls(trunk.name),
        )
        for trunk in parts.reloading.settings.sip.trunks
    )


class _OnTheLine:
    """The customers of the contacts that there are."""

    def __init__(self, line: CallIntake) -> None:
        self._line = line

    def caller(self, contact: ContactId) -> str:
        active = self._line.active.get(contact)
        return "" if active is None else active.customer.number

    def recording(self, contact: ContactId) -> RunningRecording | None:
        active = self._line.active.get(contact)
        return None if active is None else active.recording
