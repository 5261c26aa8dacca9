"""Where the packages meet: builds a whole server, starts it in order, and stops it in the opposite one."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy import Engine

from acd.events import AgentRegistered, AgentUnregistered
from acd.events import Event as DispatchEvent
from acd.floor import Floor
from acd.ids import AgentId, ContactId, DeviceId
from acd.ports import Ledger, Phones
from acd.ports import WaitingRoom as WaitingRoomPort
from config.settings import Settings
from ivr_flows import texts
from ivr_flows.ports import Caller
from media.engine import MediaEngine
from media.errors import MediaError
from media.speech.errors import SpeechError
from media.speech.recogniser import SpeechWorkers
from media.speech.synthesis import Synthesiser
from media.speech.vocabulary import General, Vocabulary
from recordings.catalogue import Catalogue, RecordingEntry
from recordings.errors import RecordingsFolderError
from recordings.events import FramesDropped, RecordingEvent, RecordingFailed, RecordingSettled
from recordings.recorder import Recorder
from server.accounts import AccountsError, passwords
from server.agent_phones import AgentPhones
from server.contact import Contact
from server.dialler import TransferDialler
from server.ears import RecogniserEars
from server.failure import StartError
from server.flow_line import FlowLine
from server.house import House
from server.journal import Journal
from server.late import Late
from server.ledger import JournalLedger
from server.metrics import Metrics
from server.preflight import (
    Repertoire,
    find_sip_port,
    house_sentences,
    load_repertoire,
    make_writable,
    prompt_files,
)
from server.prompts import Prompts
from server.store import StoreError, open_store
from server.switchboard import Switchboard
from server.tasks import Tasks
from server.transcription import Transcription
from server.version import VERSION
from server.waiting_room import WaitingRoom
from server.watch import Watch
from server.web import WebServer, listen, make_app
from telephony.call import Call
from telephony.endpoint import SipEndpoint
from telephony.registrar import (
    BindingAdded,
    BindingExpired,
    BindingRefreshed,
    BindingRemoved,
    RegistrarEffect,
)
from telephony.registration_desk import RegistrationDesk
from telephony.sip.digest import Password
from telephony.transport import TransportError

log = structlog.get_logger(__name__)

OnProgress = Callable[[str], None]


def _fits(line: FlowLine, phones: AgentPhones, room: WaitingRoom, ledger: JournalLedger) -> None:
    """The type checker proves here that telephony fits the needs of flows and dispatch; nobody calls it."""
    caller: Caller = line
    needs: tuple[Phones, WaitingRoomPort, Ledger] = (phones, room, ledger)
    del caller, needs


@dataclass(frozen=True, slots=True)
class Trunkline:
    """A running server. `sip` is where it listens, host and port, for UDP and TCP alike."""

    settings: Settings
    sip: tuple[str, int]
    web: str
    journal: Journal
    catalogue: Catalogue
    switchboard: Switchboard
    floor: Floor
    transcription: Transcription
    prompts: Prompts
    recovered: tuple[RecordingEntry, ...]

    async def drain(self) -> None:
        """Takes no new calls; returns when the last has ended or the settings' time is over."""
        self.switchboard.draining = True
        try:
            async with asyncio.timeout(self.settings.server.drain_s):
                await self.switchboard.idle()
        except TimeoutError:
            log.warning("server.drain_over", calls=len(self.switchboard.guests))


@asynccontextmanager
async def running(settings: Settings, on_progress: OnProgress) -> AsyncIterator[Trunkline]:
    """A server that takes calls until the context is left; raises StartError with every mistake it finds."""
    repertoire = load_repertoire(settings)
    secrets = _check_ground(settings)
    async with AsyncExitStack() as stack:
        try:
            server = await _build(settings, repertoire, secrets, stack, on_progress)
        except (StoreError, RecordingsFolderError, SpeechError, MediaError) as error:
            raise StartError(str(error)) from None
        except TransportError as error:
            raise StartError(f"sip.port: {error}") from None
        # What stands now lives as long as the server: the collector need not walk over it again and again.
        gc.collect()
        gc.freeze()
        yield server


def _check_ground(settings: Settings) -> dict[str, Password]:
    find_sip_port(settings.sip)
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
) -> Trunkline:
    """Each part after those it needs; the stack stops them in the opposite order."""
    metrics, guests = Metrics(), dict[ContactId, Contact]()
    web_socket = listen(settings.http)
    stack.callback(web_socket.close)
    workers, engine = SpeechWorkers(settings.speech), MediaEngine(settings.media)
    stack.push_async_callback(workers.stop)
    stack.push_async_callback(engine.stop)
    await _all_started(workers.start(), engine.start(on_progress))
    store = open_store(settings.server.database)
    stack.callback(store.dispose)
    catalogue = Catalogue(store)
    recorder, journal, recovered = await _start_keeping(settings, store, catalogue, stack)
    metrics.watch_media(engine)
    prompts = await _prepare_prompts(settings, repertoire, stack, on_progress)
    tasks = await stack.enter_async_context(Tasks())
    vocabulary = _vocabulary(settings, repertoire)
    await workers.prepare(vocabulary)
    transcription = Transcription(workers, vocabulary, catalogue, settings.recordings.directory, journal)
    tasks.background(transcription.run())

    post = Late[DispatchEvent]()
    desk = RegistrationDesk(settings.sip, secrets.get, lambda change: _on_registrar(change, post))
    take = Late[Call]()
    endpoint = SipEndpoint(settings.sip, engine, take, desk)
    dialler = TransferDialler(endpoint, desk, settings.flows.number_gateway, post)
    house = House(journal, prompts, recorder, metrics, RecogniserEars(workers), dialler, transcription, post)
    phones = AgentPhones(endpoint, desk, guests, post, tasks)
    floor = Floor(settings.acd, phones, WaitingRoom(guests, phones), JournalLedger(journal))
    stack.callback(floor.stop)
    post.to(floor.post)
    switchboard = Switchboard(repertoire, house, guests, settings.server.max_calls)
    take.to(lambda call: switchboard.take(call, tasks))
    stack.push_async_callback(switchboard.idle)
    bound = await endpoint.start()
    stack.push_async_callback(endpoint.stop)

    began = time.monotonic()
    watch = Watch(VERSION, began, (f"{bound.address}:{bound.port}",), switchboard, floor, journal)
    web = WebServer(make_app(watch.status, metrics, store), web_socket)
    tasks.background(web.serve())
    stack.callback(web.stop)
    await web.started()
    return Trunkline(
        settings,
        (bound.address, bound.port),
        web.address,
        journal,
        catalogue,
        switchboard,
        floor,
        transcription,
        prompts,
        recovered,
    )


async def _all_started(*starts: Awaitable[None]) -> None:
    """Side by side; when one fails the others have ended too before the first error goes on."""
    for outcome in await asyncio.gather(*starts, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def _start_keeping(
    settings: Settings, store: Engine, catalogue: Catalogue, stack: AsyncExitStack
) -> tuple[Recorder, Journal, tuple[RecordingEntry, ...]]:
    """Recordings and journal, with what a dead server left unfinished closed as interrupted."""
    journal = Journal(store)
    await journal.start()
    stack.push_async_callback(journal.stop)
    recorder = Recorder(settings.recordings, catalogue, lambda event: _on_recording(event, journal))
    await recorder.start()
    stack.push_async_callback(recorder.stop)
    recovered = tuple(await recorder.recover())
    for entry in recovered:
        journal.append(
            entry.contact_id,
            "recording.finished",
            recording=entry.recording_id,
            duration_s=round(entry.duration_s, 3),
            state=entry.state.value,
        )
    interrupted = await journal.close_interrupted(datetime.now(UTC))
    if recovered or interrupted:
        log.warning("server.recovered", recordings=len(recovered), contacts=len(interrupted))
    return recorder, journal, recovered


def _on_recording(event: RecordingEvent, journal: Journal) -> None:
    """What the disk did to a recording belongs to the contact; the end of a recording is told by its tape."""
    match event:
        case RecordingFailed(recording, contact, reason):
            log.error("recording.failed", recording=recording, reason=reason)
            journal.append(contact, "recording.failed", recording=recording, reason=reason)
        case FramesDropped(recording, contact, frames):
            log.warning("recording.gap", recording=recording, frames=frames)
            journal.append(contact, "recording.gap", recording=recording, frames=frames)
        case RecordingSettled():
            pass


async def _prepare_prompts(
    settings: Settings, repertoire: Repertoire, stack: AsyncExitStack, on_progress: OnProgress
) -> Prompts:
    synthesiser = Synthesiser(settings.speech)
    stack.callback(synthesiser.close)
    prompts = Prompts(synthesiser, settings.speech.voice)
    for flow in repertoire.flows():
        await prompts.prepare(
            texts.spoken_texts(flow),
            prompt_files(flow),
            flow.voice,
            lambda done, total: on_progress(f"rendering prompts: {done} of {total}"),
        )
    return prompts


def _vocabulary(settings: Settings, repertoire: Repertoire) -> Vocabulary | General:
    """The house's words: what its flows say and expect, and its own texts; without any, all words."""
    sentences = [sentence for flow in repertoire.flows() for sentence in texts.vocabulary(flow)]
    sentences += house_sentences(settings.flows.vocabulary)
    return Vocabulary("house", tuple(dict.fromkeys(sentences))) if sentences else General()


def _on_registrar(change: RegistrarEffect, post: Callable[[DispatchEvent], None]) -> None:
    """A phone that comes or goes is a fact about its agent."""
    agent, device = AgentId(change.binding.aor), DeviceId(str(change.binding.contact))
    match change:
        case BindingAdded() | BindingRefreshed():
            post(AgentRegistered(agent, device))
        case BindingRemoved() | BindingExpired():
            post(AgentUnregistered(agent, device))
