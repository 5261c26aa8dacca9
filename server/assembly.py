"""Where the packages meet: builds a whole server, starts it in order, and stops it in the opposite one."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Engine

from acd.dispatcher import Dispatcher
from config.settings import Settings
from ivr_flows import texts
from media.engine import MediaEngine
from media.errors import MediaError
from media.speech.errors import SpeechError
from media.speech.recogniser import SpeechWorkers
from media.speech.synthesis import Synthesiser
from media.speech.vocabulary import General, LanguageModel, Vocabulary
from recordings.catalogue import Catalogue, RecordingEntry
from recordings.errors import RecordingsFolderError
from recordings.recorder import Recorder
from server.access.local_socket import listen_locally
from server.access.passwords import AccountsError, passwords
from server.access.tokens import TokensError
from server.bus.running import start_bus
from server.callbacks.desk import CallbackDesk
from server.callbacks.promises import LeftOver
from server.checks.configuration import house_sentences
from server.checks.preflight import ground_problems, make_writable
from server.checks.repertoire import Repertoire, load_repertoire
from server.checks.rereading import reread_apart, to_be_said
from server.errors import StartError
from server.http.app import make_app
from server.http.disk_watch import DiskWatch
from server.http.listening import WebServer, listen
from server.http.metrics import Metrics
from server.http.ports import ApiPorts
from server.http.wiring import RunningParts, api_ports
from server.intake.call_intake import CallIntake
from server.intake.capture_policy import CapturePolicy
from server.intake.destroying import Destroying
from server.intake.opening import CallGround, open_line
from server.intake.prompts import Prompts
from server.intake.recognition import PhraseRecognition
from server.intake.reloading import Reloading
from server.journal.erasure import forget_words
from server.journal.journal import Journal, JournalError
from server.journal.recovery import start_recovery
from server.journal.retention import PersonalRetention
from server.live_transcripts.starting import start_following
from server.outside.asking import Kept
from server.outside.kept_lists import KeptLists
from server.outside.notices import NoticeBoard
from server.outside.profiles import StoredProfiles
from server.store.nightly import erase_at_night
from server.store.store import StoreError, open_store
from server.store.writer import CatalogueRows, StoreWriter
from server.tasks import Tasks
from server.transcripts.journal_ledger import JournalTranscripts
from server.transcripts.transcription import Transcription
from server.webhooks.running import Webhooks
from telephony.sip.digest import Password
from telephony.transport.sip_transport import TransportError

log = structlog.get_logger(__name__)

OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trunkline:
    """A running server. `sip` is where it listens, host and port, for UDP and TCP alike."""

    settings: Settings
    sip: tuple[str, int]
    web: str
    journal: Journal
    catalogue: Catalogue
    intake: CallIntake
    callbacks: CallbackDesk
    dispatcher: Dispatcher
    reloading: Reloading
    transcription: Transcription
    prompts: Prompts
    recovered: tuple[RecordingEntry, ...]

    async def drain(self) -> None:
        """Takes no new calls; returns when the last has ended or the settings' time is over."""
        self.intake.draining = True
        try:
            async with asyncio.timeout(self.settings.server.drain_s):
                await self.intake.idle()
        except TimeoutError:
            log.warning("server.drain_over", calls=len(self.intake.active))


@asynccontextmanager
async def running(
    settings: Settings, on_progress: OnProgress, reread: Callable[[], Settings] | None = None
) -> AsyncIterator[Trunkline]:
    """A server that takes calls until the context is left; raises StartError with every mistake it finds.

    `reread` reads the settings once more for a reload, in another process: a function of a module. Without it
    a reload reads the flows only.
    """
    repertoire = load_repertoire(settings)
    secrets = _check_ground(settings)
    async with AsyncExitStack() as stack:
        try:
            again = reread or partial(_same, settings)
            server = await _build(settings, repertoire, secrets, stack, on_progress, again)
        except (
            StoreError,
            JournalError,
            RecordingsFolderError,
            SpeechError,
            MediaError,
            TokensError,
        ) as error:
            raise StartError(str(error)) from None
        except TransportError as error:
            raise StartError(f"sip.port: {error}") from None
        # What stands now lives as long as the server: the collector need not walk over it again and again.
        gc.collect()
        gc.freeze()
        yield server


def _same(settings: Settings) -> Settings:
    return settings


def _check_ground(settings: Settings) -> dict[str, Password]:
    if problems := ground_problems(settings):
        raise StartError(*problems)
    make_writable(settings.server.data_directory, "server.data_directory")
    make_writable(settings.recordings.directory, "recordings.directory")
    try:
        made = passwords(settings.agents, settings.server.data_directory)
    except AccountsError as error:
        raise StartError(str(error)) from None
    return {name: Password(password.get_secret_value()) for name, password in made.items()}


async def _build(
    settings: Settings,
    repertoire: Repertoire,
    secrets: dict[str, Password],
    stack: AsyncExitStack,
    on_progress: OnProgress,
    reread: Callable[[], Settings],
) -> Trunkline:
    """Each part after those it needs; the stack stops them in the opposite order."""
    web_socket = listen(settings.http)
    stack.callback(web_socket.close)
    ground = await _lay_ground(settings, repertoire, stack, on_progress)
    tasks = await stack.enter_async_context(Tasks())
    tasks.background(ground.transcription.run())
    if settings.server.personal_days is not None:
        keep = timedelta(days=settings.server.personal_days)
        retention = PersonalRetention(keep, ground.journal, ground.store, utc=_utc)
        tasks.background(retention.run())
    kept = await _kept_for_flows(ground, settings, tasks, stack)
    line = await open_line(settings, repertoire, secrets, _call_ground(settings, ground, kept, tasks), stack)
    line.restoring.take_up(ground.left)
    tasks.background(line.callbacks.run())
    reloading = Reloading(
        settings, line, ground.prompts, ground.journal, secrets, partial(reread_apart, reread), asyncio.Lock()
    )
    where = f"{line.bound.address}:{line.bound.port}"
    parts = RunningParts(
        reloading,
        (where,),
        line,
        ground.engine,
        ground.workers,
        ground.recorder,
        ground.journal,
        ground.store,
        ground.writer,
        ground.metrics,
        Webhooks(),
        kept.notices,
        kept.profiles,
        kept.lists,
        _disks(settings, tasks),
    )
    ports = api_ports(parts, stack)
    tasks.background(erase_at_night(ports.recordings))
    await parts.webhooks.start(
        settings.webhooks, ports.feed, ground.journal, ground.store, ports.off_loop, tasks, stack
    )
    await start_bus(settings.bus, ground.journal, ground.store, ports, line.dispatcher, ground.metrics, tasks)
    web = await _open_door(settings, ports, web_socket, tasks, stack)
    return Trunkline(
        settings,
        (line.bound.address, line.bound.port),
        web.address,
        ground.journal,
        ground.catalogue,
        line.intake,
        line.callbacks,
        line.dispatcher,
        reloading,
        ground.transcription,
        ground.prompts,
        ground.recovered,
    )


SPOOL_SHARE_FOR_CALLS = 0.8


@dataclass(frozen=True, slots=True)
class _KeptForFlows:
    """What flows are told by the server itself, and calls are judged by."""

    notices: NoticeBoard
    profiles: StoredProfiles
    lists: KeptLists


async def _kept_for_flows(
    ground: _Ground, settings: Settings, tasks: Tasks, stack: AsyncExitStack
) -> _KeptForFlows:
    notices = await asyncio.to_thread(NoticeBoard, ground.store, ground.writer)
    profiles = StoredProfiles(ground.store, ground.writer, _utc)
    stack.callback(profiles.close)
    if settings.server.personal_days is not None:
        tasks.background(profiles.forget(timedelta(days=settings.server.personal_days)))
    country = settings.calls.country or settings.callbacks.home_country
    lists = await asyncio.to_thread(KeptLists, ground.store, ground.writer, country)
    tasks.background(lists.forget(_utc))
    return _KeptForFlows(notices, profiles, lists)


def _utc() -> datetime:
    return datetime.now(UTC)


def _call_ground(settings: Settings, ground: _Ground, kept: _KeptForFlows, tasks: Tasks) -> CallGround:
    return CallGround(
        ground.engine,
        ground.journal,
        ground.recorder,
        # A slow disk costs no sound while the spool lasts, so that it is no reason to refuse a call either.
        lambda: ground.recorder.report().writer.spool_share < SPOOL_SHARE_FOR_CALLS,
        ground.prompts,
        PhraseRecognition(ground.workers),
        ground.transcription,
        Kept(kept.notices, kept.profiles, _utc),
        kept.lists.numbers,
        ground.metrics,
        tasks,
        start_following(settings, ground.workers, ground.vocabulary, ground.journal, ground.metrics, tasks),
        CapturePolicy.of(settings.capture, settings.recordings),
        Destroying(ground.catalogue, ground.recorder, _utc, partial(forget_words, ground.writer)),
    )


def _disks(settings: Settings, tasks: Tasks) -> dict[str, DiskWatch]:
    folders = {
        "data disk": settings.server.data_directory,
        "recordings disk": settings.recordings.directory,
    }
    disks = {name: DiskWatch(folder, time.monotonic) for name, folder in folders.items()}
    for disk in disks.values():
        tasks.background(disk.run())
    return disks


async def _open_door(
    settings: Settings, ports: ApiPorts, web_socket: socket.socket, tasks: Tasks, stack: AsyncExitStack
) -> WebServer:
    """The API, on its TCP port and on the unix socket of the data folder."""
    app = make_app(ports)
    try:
        local_socket = listen_locally(settings.server.data_directory)
    except OSError as error:
        raise StartError(f"server.data_directory: no socket can be made there: {error.strerror}") from None
    stack.callback(local_socket.close)
    try:
        web, local = WebServer(app, web_socket, settings.http), WebServer(app, local_socket)
    except OSError as error:  # of ssl too
        raise StartError(f"http.certificate: {error}; both files are PEM, and belong together") from None
    for server in (web, local):
        tasks.background(server.serve())
        stack.push_async_callback(server.stop)
        await server.started()
    return web


@dataclass(frozen=True, slots=True)
class _Ground:
    """Everything that calls stand on, started: sound, speech, and what is kept."""

    metrics: Metrics
    engine: MediaEngine
    workers: SpeechWorkers
    store: Engine
    writer: StoreWriter
    catalogue: Catalogue
    journal: Journal
    recorder: Recorder
    recovered: tuple[RecordingEntry, ...]
    prompts: Prompts
    transcription: Transcription
    vocabulary: LanguageModel
    left: LeftOver


async def _lay_ground(
    settings: Settings, repertoire: Repertoire, stack: AsyncExitStack, on_progress: OnProgress
) -> _Ground:
    # First, since what is wrong with it is told at once; beside the loop, since it may take long.
    store = await asyncio.to_thread(open_store, settings.server.database)
    stack.callback(store.dispose)
    workers, engine, metrics = SpeechWorkers(settings.speech), MediaEngine(settings.media), Metrics()
    stack.push_async_callback(workers.stop)
    stack.push_async_callback(engine.stop)
    await _all_started(workers.start(), engine.start(on_progress))
    metrics.watch_media(engine)
    writer = StoreWriter(settings.server.database)
    writer.start()
    stack.push_async_callback(asyncio.to_thread, writer.stop)
    catalogue = Catalogue(store, CatalogueRows(writer))
    recorder, journal, recovered, left = await start_recovery(settings, store, writer, catalogue, stack)
    metrics.watch_recorder(recorder.health)
    prompts = await _prepare_prompts(settings, repertoire, stack, on_progress)
    vocabulary = _vocabulary(settings, repertoire)
    await workers.prepare(vocabulary)
    transcription = Transcription(
        workers,
        vocabulary,
        catalogue,
        recorder.files,
        JournalTranscripts(journal, store),
        side_by_side=settings.speech.workers,
    )
    metrics.watch_transcription(transcription.status)
    return _Ground(
        metrics,
        engine,
        workers,
        store,
        writer,
        catalogue,
        journal,
        recorder,
        recovered,
        prompts,
        transcription,
        vocabulary,
        left,
    )


async def _all_started(*starts: Awaitable[None]) -> None:
    """Side by side; when one fails the others have ended too before the first error goes on."""
    for outcome in await asyncio.gather(*starts, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def _prepare_prompts(
    settings: Settings, repertoire: Repertoire, stack: AsyncExitStack, on_progress: OnProgress
) -> Prompts:
    synthesiser = Synthesiser(settings.speech)
    stack.callback(synthesiser.close)
    prompts = Prompts(synthesiser, settings.speech.voice)
    stock = await prompts.rendered(
        to_be_said(repertoire), lambda done, total: on_progress(f"rendering prompts: {done} of {total}")
    )
    prompts.use(stock)
    return prompts


def _vocabulary(settings: Settings, repertoire: Repertoire) -> Vocabulary | General:
    """The house's words: what its flows say and expect, and its own texts; without any, all words."""
    sentences = [sentence for flow in repertoire.flows() for sentence in texts.vocabulary(flow)]
    sentences += house_sentences(settings.flows.vocabulary)
    return Vocabulary("house", tuple(dict.fromkeys(sentences))) if sentences else General()
