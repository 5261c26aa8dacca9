"""Telephony, dispatch and contacts tied together: from `open_line` on calls are taken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from acd.dispatcher import Dispatcher
from acd.events import AgentRegistered, AgentUnregistered
from acd.events import Event as DispatchEvent
from acd.ports import Ledger, Phones, QueuePort
from config.settings import Settings
from contacts.facts.agent import PhoneRegistered, PhoneUnregistered
from contacts.ids import AgentId, ContactId, DeviceId, QueueId
from ivr_flows.ports import Caller
from media.call_sound import SoundEngine
from recordings.segment import RecordingId
from server.callbacks.desk import CallbackDesk, DeskClocks
from server.callbacks.restoring import Restoring
from server.checks.repertoire import Repertoire
from server.http.metrics import Metrics
from server.intake.active_contact import ActiveContact
from server.intake.agent_legs import AgentLegs
from server.intake.call_intake import CallIntake
from server.intake.caller_lists import CallerLists
from server.intake.caller_port import CallerPort
from server.intake.capture_policy import CapturePolicy
from server.intake.dial_plan import DialPlan
from server.intake.durable_first import DurableFirst
from server.intake.exchange import Exchange
from server.intake.ports import Recognition, Recordings, Transcribing
from server.intake.prompts import Prompts
from server.intake.queue_port import IntakeQueuePort
from server.intake.services import Services
from server.intake.third_party import TransferDialler
from server.journal.journal import Journal
from server.journal.ledger import JournalLedger
from server.live_transcripts.following import LiveFollowing
from server.outside.asking import Kept, OutsideAsking
from server.outside.number_lists import ListedNumbers
from server.outside.web import HttpWeb
from server.tasks import Tasks
from telephony.admission import Load
from telephony.call import Call
from telephony.endpoint import SipEndpoint
from telephony.registrar.bindings import (
    BindingAdded,
    BindingExpired,
    BindingRefreshed,
    BindingRemoved,
    RegistrarEffect,
)
from telephony.registrar.desk import RegistrationDesk
from telephony.sip.digest import Password
from telephony.transport.sip_transport import BoundAddress


def _fits(line: CallerPort, legs: AgentLegs, queues: IntakeQueuePort, ledger: JournalLedger) -> None:
    """The type checker proves here that the parts fit the needs of flows and dispatch; nobody calls it."""
    caller: Caller = line
    needs: tuple[Phones, QueuePort, Ledger] = (legs, queues, ledger)
    del caller, needs


@dataclass(frozen=True, slots=True)
class CallGround:
    """What calls leave behind, and what they are spoken to with: all of it running."""

    engine: SoundEngine
    journal: Journal
    recordings: Recordings
    recorder_ready: Callable[[], bool]
    prompts: Prompts
    recognition: Recognition
    transcribing: Transcribing
    kept: Kept
    lists: ListedNumbers
    metrics: Metrics
    tasks: Tasks
    live: LiveFollowing
    capture: CapturePolicy
    destroy: Callable[[RecordingId, str], Awaitable[None]]

    @property
    def durable(self) -> DurableFirst:
        return DurableFirst(self.journal, self.metrics.not_durable)


@dataclass(frozen=True, slots=True)
class OpenLine:
    """Calls are taken at `bound`."""

    intake: CallIntake
    callbacks: CallbackDesk
    restoring: Restoring
    dispatcher: Dispatcher
    endpoint: SipEndpoint
    dialler: TransferDialler
    outside: OutsideAsking
    exchange: Exchange
    lists: ListedNumbers
    bound: BoundAddress


async def open_line(
    settings: Settings,
    repertoire: Repertoire,
    secrets: dict[str, Password],
    ground: CallGround,
    stack: AsyncExitStack,
) -> OpenLine:
    """Raises TransportError. `secrets` may be changed while the line is open: the next login counts."""
    active: dict[ContactId, ActiveContact] = {}

    def post(event: DispatchEvent) -> None:
        dispatcher.post(event)

    def take(call: Call) -> None:
        intake.take(call)

    desk = RegistrationDesk(settings.sip, secrets.get, lambda change: _on_registrar(change, ground, post))
    endpoint = SipEndpoint(settings.sip, ground.engine, take, desk, lambda: _load(settings, ground, intake))
    dialler = TransferDialler(desk, settings.flows.number_gateway)
    judged = CallerLists(ground.lists, lambda: datetime.now(UTC))
    exchange = Exchange(_dial_plan(settings), lambda: intake.repertoire, active, judged.wants_no_calls)
    web = HttpWeb()
    stack.push_async_callback(web.close)
    outside = OutsideAsking(
        web, settings.flows.hooks, ground.kept, ground.tasks, asyncio.get_running_loop().time
    )
    clocks = DeskClocks(asyncio.get_running_loop().time, lambda: datetime.now(UTC))
    callbacks = _callback_desk(settings, ground, endpoint, active, post, clocks)
    services = _services(ground, dialler, endpoint, outside, exchange, post, callbacks, judged)
    legs = AgentLegs(endpoint, desk, active, post, ground.tasks)
    ledger = JournalLedger(ground.journal)
    dispatcher = Dispatcher(settings.acd, legs, IntakeQueuePort(active, legs, callbacks), ledger)
    callbacks.staffing = lambda queue: _signed_in(dispatcher, queue)
    ledger.watch(dispatcher.dump, asyncio.get_running_loop().time())
    stack.callback(dispatcher.stop)
    intake = CallIntake(repertoire, services, active)
    stack.push_async_callback(intake.idle)
    bound = await endpoint.start()
    stack.push_async_callback(endpoint.stop)
    restoring = Restoring(callbacks, intake, dispatcher, endpoint, clocks, judged.raised)
    return OpenLine(
        intake, callbacks, restoring, dispatcher, endpoint, dialler, outside, exchange, ground.lists, bound
    )


def _load(settings: Settings, ground: CallGround, intake: CallIntake) -> Load:
    return Load(
        calls=len(intake),
        max_calls=settings.server.max_calls,
        tick_share=ground.engine.load(),
        journal_share=ground.journal.share,
        recorder_ready=ground.recorder_ready(),
        draining=intake.draining,
    )


def _callback_desk(
    settings: Settings,
    ground: CallGround,
    endpoint: SipEndpoint,
    active: dict[ContactId, ActiveContact],
    post: Callable[[DispatchEvent], None],
    clocks: DeskClocks,
) -> CallbackDesk:
    return CallbackDesk(
        settings.callbacks,
        settings.flows.number_gateway,
        endpoint,
        ground.durable,
        active,
        post,
        ground.tasks,
        clocks,
        lambda: ground.lists.do_not_call(clocks.utc()),
    )


def _services(
    ground: CallGround,
    dialler: TransferDialler,
    endpoint: SipEndpoint,
    outside: OutsideAsking,
    exchange: Exchange,
    post: Callable[[DispatchEvent], None],
    callbacks: CallbackDesk,
    lists: CallerLists,
) -> Services:
    return Services(
        ground.journal,
        ground.durable,
        ground.prompts,
        ground.recordings,
        ground.metrics,
        ground.recognition,
        dialler,
        endpoint,
        ground.transcribing,
        outside,
        exchange,
        post,
        ground.tasks,
        callbacks,
        asyncio.get_running_loop().time,
        ground.live,
        ground.capture,
        ground.destroy,
        lists,
    )


def _signed_in(dispatcher: Dispatcher, queue: QueueId) -> int:
    """Agents who serve the queue and are there."""
    return next((each.signed_in for each in dispatcher.snapshot().queues if each.queue == queue), 0)


def _dial_plan(settings: Settings) -> DialPlan:
    return DialPlan(settings.calls, settings.extensions, [queue.name for queue in settings.queues])


def _on_registrar(change: RegistrarEffect, ground: CallGround, post: Callable[[DispatchEvent], None]) -> None:
    """A phone that comes or goes is a fact about its agent."""
    agent, device = AgentId(change.binding.aor), DeviceId(change.binding.device)
    match change:
        case BindingAdded():
            ground.journal.note(PhoneRegistered(agent=agent, device=device))
            post(AgentRegistered(agent, device))
        case BindingRefreshed():
            post(AgentRegistered(agent, device, refresh=True))
        case BindingRemoved() | BindingExpired():
            ground.journal.note(PhoneUnregistered(agent=agent, device=device))
            post(AgentUnregistered(agent, device))
