"""One caller from the first ring to the last word: carries out what the flow orders, and keeps the journal.

A `Contact` takes a flow's orders and is the waiting room's guest. It decides nothing itself.
"""

from __future__ import annotations

import asyncio
import time

import structlog

from acd.events import ContactEnqueued, ContactLeft, LeaveReason
from acd.skills import Requirement
from contacts.ids import AgentId, ContactId, QueueId
from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.flow import Flow
from ivr_flows.driver import drive
from ivr_flows.engine.inputs import QueueLeft, QueueOutcome, TransferEnded
from ivr_flows.engine.instructions import Enqueue, Note, Transfer
from ivr_flows.engine.session import Session
from media import events as media
from server.intake.call_recording import Tape
from server.intake.conversation import Conversation, Side
from server.intake.flow_line import FlowLine
from server.intake.house import House
from server.intake.listening import Listening
from server.intake.media_report import media_fields
from server.intake.transfer import connect
from server.intake.waiting import Waiting
from server.journal.journal import JournalFull
from telephony.call import Call
from telephony.call_events import CallEnded, CallEvent, Ended

log = structlog.get_logger(__name__)


class _CallOver(Exception):  # noqa: N818 - a fact that ends a task group
    """The call is over."""


class Contact:
    """Made for an incoming call. `run` is its whole life; the other methods are orders and facts."""

    def __init__(self, contact_id: ContactId, call: Call, flow: Flow, house: House) -> None:
        self.id = contact_id
        self.call = call
        self._house = house
        self._flow = flow
        # Before the answer, so that a key that comes with the ACK is not lost.
        self._line = FlowLine(call, self, house.prompts, flow.voice, self._fact)
        self._waiting: Waiting | None = None
        self._queue = ""
        self._joined_at: float | None = None
        self._conversation: Conversation | None = None
        self._tape = Tape(contact_id, call, house, self._fact)
        self._served_by: list[str] = []
        self._tasks: asyncio.TaskGroup | None = None
        self._cause: HangupCause | None = None
        call.on_event = self._on_call_event

    # A caller's life

    async def run(self, number: str) -> None:
        """From INVITE to the end of the call, with the recording kept and the contact closed."""
        facts = self.call.facts
        self._fact(
            "contact.started",
            caller=facts.caller,
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
        self._tape.start(self.call.facts.caller, number)
        try:
            await self._run_flow(number)
        except Exception:
            # The edge of a call: whatever broke ends this call and no other.
            log.exception("contact.failed", contact=self.id)
            await self.call.hang_up("internal error")
            await self.call.ended
        self._leave()
        await self._wind_up()

    async def _run_flow(self, number: str) -> None:
        """Hang-up is cancellation: everything that runs for this caller ends with the call."""
        variables = {
            "caller_number": self.call.facts.caller,
            "caller_name": self.call.facts.remote_display or "",
            "called_number": number,
            "contact": str(self.id),
        }
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                self._line.listening = Listening(self.call, self._house.ears, tasks, self._line.tell)
                tasks.create_task(self._drive(Session(self._flow, variables)))
                await self.call.ended
                raise _CallOver  # noqa: TRY301 - the one way to cancel a group
        except* _CallOver:
            pass

    async def _drive(self, session: Session) -> None:
        self._cause = await drive(session, self._line)

    def _leave(self) -> None:
        """The caller is gone: nothing of him may remain with dispatch or in the engine."""
        self._line.end()
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

    # The flow's orders (server.intake.flow_line.Orders)

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
            ContactEnqueued(
                self.id,
                QueueId(order.queue),
                demand,
                order.priority,
                order.max_wait_s,
                order.announce_every_s,
            )
        )

    async def transfer(self, order: Transfer) -> None:
        if self._tasks is not None:
            self._tasks.create_task(self._transfer(order))

    async def _transfer(self, order: Transfer) -> None:
        outcome = await connect(self, order, self._house.dialler)
        self._line.tell(TransferEnded(outcome))

    async def hang_up(self, cause: HangupCause) -> None:
        await self.call.hang_up(cause.value)

    def note(self, note: Note) -> None:
        self._fact(note.fact.value, **dict(note.fields))

    # What the waiting room tells (server.intake.queue_port)

    def announce_position(self, position: int, of: int) -> None:
        self._fact("queue.position", position=position, of=of)
        if self._tasks is not None and self._waiting is not None:
            self._tasks.create_task(self._announce(self._waiting, position))

    async def _announce(self, waiting: Waiting, position: int) -> None:
        waiting.announce(await self._house.prompts.position(position, self._flow.voice))

    def bridge(self, agent: AgentId, call: Call, answered_at: float) -> None:
        """An agent's leg is up: both hear each other, unless the caller has just left."""
        if self.call.hangup is not None:
            return
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
        self._line.tell(QueueLeft(outcome))

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
        elif isinstance(event, media.PlaybackFinished) and self._waiting is not None:
            self._waiting.playback_finished(event.playback)
        else:
            self._line.on_event(event)
        self._note_silence(event)

    def _note_silence(self, event: CallEvent) -> None:
        match event:
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

    def _report_media(self, party: str, call: Call) -> None:
        if call.answered_at is not None:
            self._fact("media.report", party=party, **media_fields(call.leg.report()))

    def _fact(self, kind: str, /, **fields: str | float | None) -> None:
        """A journal that is full although new callers are refused loses the fact, not the call."""
        try:
            self._house.journal.append(self.id, kind, **fields)
        except JournalFull:
            log.critical("journal.fact_lost", contact=self.id, kind=kind)
