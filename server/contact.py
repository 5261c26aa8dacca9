"""One caller from the first ring to the last word: carries out what the flow orders, and keeps the journal.

A `Contact` is the flow's `Caller` and the waiting room's guest. It decides nothing: the flow and dispatch do.
"""

from __future__ import annotations

import asyncio
import time

import structlog

from acd.events import ContactEnqueued, ContactLeft, LeaveReason
from acd.ids import AgentId, ContactId, QueueId
from acd.skills import Requirement
from ivr_flows.definition.flow import Flow
from ivr_flows.definition.nodes import HangupCause
from ivr_flows.driver import drive
from ivr_flows.engine.inputs import (
    DigitPressed,
    Input,
    PlaybackFinished,
    PlaybackId,
    QueueLeft,
    QueueOutcome,
    SpeechStarted,
    TransferEnded,
)
from ivr_flows.engine.instructions import Enqueue, Note, StartPlayback, Transfer
from ivr_flows.engine.session import Session
from media import events as media
from server.conversation import Conversation, Side
from server.house import House
from server.journal import JournalFull
from server.listening import Listening
from server.tape import Tape
from server.transfer import connect
from server.waiting import Waiting
from telephony.call import Call
from telephony.call_events import CallEnded, CallEvent, Digit, Ended

log = structlog.get_logger(__name__)

MAX_INPUTS = 256  # keys and playbacks that a flow has not taken yet; what comes on top is dropped


class _CallOver(Exception):  # noqa: N818 - a fact that ends a task group
    """The call is over."""


class Contact:
    """Made for an incoming call. `run` is its whole life; the other methods are orders and facts."""

    def __init__(self, contact_id: ContactId, call: Call, house: House) -> None:
        self.id = contact_id
        self.call = call
        self._house = house
        self._inputs: asyncio.Queue[Input] = asyncio.Queue(MAX_INPUTS)
        self._playing: tuple[media.PlaybackId, PlaybackId] | None = None
        self._listening: Listening | None = None
        self._waiting: Waiting | None = None
        self._queue = ""
        self._joined_at: float | None = None
        self._conversation: Conversation | None = None
        self._tape = Tape(contact_id, call, house, self._fact)
        self._key_at: float | None = None
        self._served_by: list[str] = []
        self._tasks: asyncio.TaskGroup | None = None
        self._cause: HangupCause | None = None
        self._voice: str | None = None
        call.on_event = self._on_call_event

    # A caller's life

    async def run(self, flow: Flow, number: str) -> None:
        """From INVITE to the end of the call, with the recording kept and the contact closed."""
        facts = self.call.facts
        self._fact(
            "contact.started",
            caller=facts.remote_uri.user or "",
            number=number,
            trunk=facts.trunk or "",
            call_id=facts.sip_call_id,
        )
        try:
            await self.call.answer()
        except CallEnded as ended:
            self._closed("not answered", by=ended.hangup.by.value)
            return
        except Exception:
            log.exception("contact.not_answered", contact=self.id)
            await self.call.hang_up("internal error")
            self._closed("not answered", by="us")
            return
        setup_s = (self.call.answered_at or 0.0) - self.call.invited_at
        self._house.metrics.setup_s.observe(setup_s)
        self._fact("call.answered", setup_ms=round(setup_s * 1000, 2))
        self._tape.start(self.call.facts.remote_uri.user or "", number)
        try:
            await self._run_flow(flow, number)
        except Exception:
            # The edge of a call: whatever broke ends this call and no other.
            log.exception("contact.failed", contact=self.id)
            await self.call.hang_up("internal error")
            await self.call.ended
        self._leave()
        await self._wind_up()

    async def _run_flow(self, flow: Flow, number: str) -> None:
        """Hang-up is cancellation: everything that runs for this caller ends with the call."""
        self._voice = flow.voice
        variables = {
            "caller_number": self.call.facts.remote_uri.user or "",
            "caller_name": self.call.facts.remote_display or "",
            "called_number": number,
            "contact": str(self.id),
        }
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                self._listening = Listening(self.call, self._house.ears, tasks, self._input)
                tasks.create_task(self._drive(Session(flow, variables)))
                await self.call.ended
                raise _CallOver  # noqa: TRY301 - the one way to cancel a group
        except* _CallOver:
            pass

    async def _drive(self, session: Session) -> None:
        self._cause = await drive(session, self)

    def _leave(self) -> None:
        """The caller is gone: nothing of him may remain with dispatch or in the engine."""
        self.end_conversation()
        if self._joined_at is not None:
            self._joined_at = None
            self._house.post(ContactLeft(self.id, LeaveReason.HUNG_UP))

    async def _wind_up(self) -> None:
        hangup = self.call.hangup
        lasted_s = (self.call.ended_at or 0.0) - (self.call.answered_at or 0.0)
        self._fact("call.ended", by=hangup.by.value if hangup else "us", duration_s=round(lasted_s, 3))
        await self._tape.finish(", ".join(dict.fromkeys(self._served_by)))
        self._closed(self._outcome())

    def _outcome(self) -> str:
        if self._served_by:
            return "served"
        if self._queue:
            return "abandoned" if self._cause is None else "not served"
        return "caller left" if self._cause is None else "completed by flow"

    def _closed(self, outcome: str, **fields: str) -> None:
        self._house.metrics.contacts.labels(outcome).inc()
        self._fact("contact.closed", outcome=outcome, **fields)

    # The flow's orders (ivr_flows.ports.Caller)

    async def next_input(self) -> Input:
        return await self._inputs.get()

    async def play(self, order: StartPlayback) -> None:
        sounds = await self._house.prompts.sounds(order.segments, self._voice)
        if self.call.hangup is not None:
            return
        if not sounds:
            self._input(PlaybackFinished(order.playback))
            return
        self._playing = self.call.leg.play(sounds, loop=order.loop), order.playback
        if self._key_at is not None:
            self._fact("prompt.started", after_key_ms=round((time.monotonic() - self._key_at) * 1000, 2))
            self._key_at = None

    async def stop_playback(self, playback: PlaybackId) -> None:
        if self._playing is not None and self._playing[1] == playback:
            self._playing = None
            if self.call.hangup is None:
                self.call.leg.stop_playback()

    async def listen(self, phrases: tuple[str, ...]) -> None:
        if self._listening is not None and self.call.hangup is None:
            self._listening.begin(phrases)

    async def stop_listening(self) -> None:
        if self._listening is not None:
            self._listening.end()

    async def enqueue(self, order: Enqueue) -> None:
        music = await self._house.prompts.music(order.music)
        self._waiting = Waiting(self.call, music)
        self._waiting.begin()
        self._queue = order.queue
        self._joined_at = time.monotonic()
        demand = Requirement.of({skill.skill: skill.level for skill in order.skills})
        shown = ", ".join(f"{name} {level}" for name, level in demand.levels)
        self._fact("queue.joined", queue=order.queue, skills=shown, priority=order.priority)
        self._house.post(
            ContactEnqueued(self.id, QueueId(order.queue), demand, order.priority, order.max_wait_s)
        )

    async def transfer(self, order: Transfer) -> None:
        if self._tasks is not None:
            self._tasks.create_task(self._transfer(order))

    async def _transfer(self, order: Transfer) -> None:
        outcome = await connect(self, order, self._house.dialler)
        self._input(TransferEnded(outcome))

    async def hang_up(self, cause: HangupCause) -> None:
        await self.call.hang_up(cause.value)

    def note(self, note: Note) -> None:
        self._fact(note.fact.value, **dict(note.fields))

    # What the waiting room tells (server.waiting_room)

    def announce_position(self, position: int, of: int) -> None:
        self._fact("queue.position", position=position, of=of)
        if self._tasks is not None and self._waiting is not None:
            self._tasks.create_task(self._announce(self._waiting, position))

    async def _announce(self, waiting: Waiting, position: int) -> None:
        waiting.announce(await self._house.prompts.position(position, self._voice))

    def bridge(self, agent: AgentId, call: Call, answered_at: float) -> None:
        """An agent's leg is up: both hear each other from the next tick on."""
        waited_s = time.monotonic() - (self._joined_at or time.monotonic())
        self._served_by.append(agent)
        self.converse(call, agent)
        self._house.metrics.wait_s.labels(self._queue).observe(waited_s)
        bridge_ms = (time.monotonic() - answered_at) * 1000
        self._fact("contact.bridged", agent=agent, wait_s=round(waited_s, 3), bridge_ms=round(bridge_ms, 2))

    def agent_left(self, agent: AgentId, call: Call) -> None:
        """The agent's leg is gone; the caller, if still there, goes on with the flow."""
        if self._conversation is None or self._conversation.other is not call:
            return
        self.end_conversation()
        self._fact("agent.left", agent=agent)
        self._unqueued(QueueOutcome.ANSWERED)

    def overflowed(self) -> None:
        self._unqueued(QueueOutcome.OVERFLOW)

    def nobody_qualified(self) -> None:
        self._unqueued(QueueOutcome.NOBODY)

    def ringing(self, agent: AgentId) -> None:
        self._fact("agent.ringing", agent=agent)

    def agent_failed(self, agent: AgentId, reason: str) -> None:
        self._fact("agent.failed", agent=agent, reason=reason)

    def _unqueued(self, outcome: QueueOutcome) -> None:
        self._end_waiting()
        if self._joined_at is None:
            return
        self._joined_at = None
        self._fact("queue.left", queue=self._queue, outcome=outcome.value)
        self._input(QueueLeft(outcome))

    # Conversations

    def converse(self, other: Call, name: str) -> None:
        """Joins the caller with another leg, which tells its events from here on to this contact."""
        self._end_waiting()
        music = self._house.prompts.hold_music()
        conversation = Conversation(self.call, other, music, lambda side, on: self._on_hold(side, on, name))
        self._conversation = conversation
        other.on_event = lambda event: self._on_other_event(conversation, name, event)
        conversation.begin()

    def end_conversation(self) -> None:
        """Also ends a wait; idempotent."""
        self._end_waiting()
        if self._conversation is not None:
            self._conversation.end()
            self._conversation = None

    def _end_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.end()
            self._waiting = None

    def _on_hold(self, side: Side, on: bool, name: str) -> None:
        by = name if side is Side.OTHER else "caller"
        self._fact("contact.held" if on else "contact.resumed", by=by)

    # What the call tells

    def _on_call_event(self, event: CallEvent) -> None:
        if isinstance(event, Ended):
            self._report_media("caller", self.call)
        elif self._conversation is not None:
            self._conversation.on_event(Side.CALLER, event)
        else:
            self._on_flow_event(event)

    def _on_flow_event(self, event: CallEvent) -> None:
        """While the flow has the caller."""
        match event:
            case Digit(digit):
                self._key_at = time.monotonic()
                self._input(DigitPressed(digit))
            case media.PlaybackFinished(playback):
                self._on_playback_finished(playback)
            case media.TalkStarted() if self._listening is not None and self._listening.active:
                self._input(SpeechStarted())
            case media.TalkEnded() if self._listening is not None:
                self._listening.talk_ended(event)
            case media.MediaSilent(for_s):
                self._fact("media.silent", for_s=round(for_s, 1))
            case media.MediaResumed():
                self._fact("media.resumed")
            case _:
                pass

    def _on_other_event(self, conversation: Conversation, name: str, event: CallEvent) -> None:
        if isinstance(event, Ended):
            self._report_media(name, conversation.other)
        conversation.on_event(Side.OTHER, event)

    def _on_playback_finished(self, playback: media.PlaybackId) -> None:
        if self._waiting is not None:
            self._waiting.playback_finished(playback)
        elif self._playing is not None and self._playing[0] == playback:
            finished = self._playing[1]
            self._playing = None
            self._input(PlaybackFinished(finished))

    def _report_media(self, party: str, call: Call) -> None:
        """How the party's sound travelled, as the engine and its RTCP saw it."""
        if call.answered_at is None:
            return
        report = call.leg.report()
        self._fact(
            "media.report",
            party=party,
            packets_received=report.packets_received,
            packets_sent=report.packets_sent,
            lost=report.lost,
            late=report.late,
            concealed_ms=report.concealed_ms,
            jitter_ms=round(report.jitter_ms, 2),
            playout_delay_ms=round(report.playout_delay_ms, 1),
            round_trip_ms=None if report.round_trip_ms is None else round(report.round_trip_ms, 2),
            lost_by_peer=report.lost_by_peer,
        )

    def _input(self, received: Input) -> None:
        try:
            self._inputs.put_nowait(received)
        except asyncio.QueueFull:
            log.warning("contact.input_dropped", contact=self.id, input_type=type(received).__name__)

    def _fact(self, kind: str, /, **fields: str | float | None) -> None:
        """A journal that is full although new callers are refused loses the fact, not the call."""
        try:
            self._house.journal.append(self.id, kind, **fields)
        except JournalFull:
            log.critical("journal.fact_lost", contact=self.id, kind=kind)
