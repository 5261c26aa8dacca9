"""One caller from the first ring to the last word: carries out what the flow orders, and keeps the journal.

A `Contact` takes a flow's orders and is the waiting room's guest. It decides nothing itself.
"""

from __future__ import annotations

import asyncio
import time

import structlog

from acd.events import ContactEnqueued, ContactLeft, LeaveReason
from acd.skills import Requirement
from contacts.facts import contact as told
from contacts.facts.fact import Fact
from contacts.facts.queue import OfferRefused, QueueJoined, QueuePositionTold
from contacts.ids import AgentId, ContactId, LegId, OfferId, ParticipantId, QueueId
from contacts.outcomes import EndedBy, Outcome, TransferResult
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
from server.intake.media_report import media_reported
from server.intake.transfer import connect
from server.intake.waiting import Waiting
from server.journal.flow_facts import flow_fact
from server.journal.journal import JournalError, JournalFull
from telephony.call import Call
from telephony.call_events import CallEnded, CallEvent, Ended
from telephony.session_events import Party

log = structlog.get_logger(__name__)

CUSTOMER = ParticipantId("customer")
ENDED_BY = {
    Party.PEER: EndedBy.PARTICIPANT,
    Party.US: EndedBy.SERVER,
    Party.NETWORK: EndedBy.NETWORK,
}


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
        self._line = FlowLine(contact_id, call, self, house.prompts, flow.voice, self._fact)
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
            told.ContactStarted(
                contact=self.id,
                caller=facts.caller,
                caller_name=facts.remote_display or "",
                number=number,
                trunk=facts.trunk or "",
                flow=self._flow.name,
                call_id=facts.sip_call_id,
            )
        )
        self._fact(told.ParticipantJoined(contact=self.id, participant=CUSTOMER, role=told.Role.CUSTOMER))
        self._fact(told.LegStarted(contact=self.id, participant=CUSTOMER, leg=LegId(self.call.id)))
        try:
            # The answer is the consequence that the caller hears: the contact's start is durable before.
            await self._house.journal.durable()
            await self.call.answer()
        except CallEnded:
            self._closed(Outcome.NOT_ANSWERED)
            return
        except JournalError:
            await self.call.reject(503, "journal cannot be written")
            self._closed(Outcome.FAILED, "the journal cannot be written")
            return
        except Exception:
            log.exception("contact.not_answered", contact=self.id)
            await self.call.hang_up("internal error")
            self._closed(Outcome.FAILED, "internal error")
            return
        setup_s = (self.call.answered_at or 0.0) - self.call.invited_at
        self._house.metrics.setup_s.observe(setup_s)
        setup_ms = round(setup_s * 1000, 2)
        leg = LegId(self.call.id)
        self._fact(told.LegAnswered(contact=self.id, participant=CUSTOMER, leg=leg, setup_ms=setup_ms))
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
        by = ENDED_BY[hangup.by] if hangup else EndedBy.SERVER
        self._fact(
            told.LegEnded(
                contact=self.id,
                participant=CUSTOMER,
                leg=LegId(self.call.id),
                by=by,
                duration_s=round(lasted_s, 3),
            )
        )
        await self._tape.finish(", ".join(dict.fromkeys(self._served_by)))
        self._closed(self._outcome())

    def _outcome(self) -> Outcome:
        if self._served_by:
            return Outcome.SERVED
        if self._queue:
            return Outcome.ABANDONED if self._cause is None else Outcome.NOT_SERVED
        return Outcome.LEFT_IN_FLOW if self._cause is None else Outcome.COMPLETED

    def _closed(self, outcome: Outcome, reason: str = "") -> None:
        self._house.metrics.contacts.labels(outcome.value).inc()
        lasted_s = (self.call.ended_at or time.monotonic()) - self.call.invited_at
        self._fact(
            told.ContactClosed(contact=self.id, outcome=outcome, reason=reason, duration_s=round(lasted_s, 3))
        )

    # The flow's orders (server.intake.flow_line.Orders)

    async def enqueue(self, order: Enqueue) -> None:
        music = await self._house.prompts.music(order.music)
        self._waiting = Waiting(self.call, music)
        self._waiting.begin()
        self._queue = order.queue
        self._joined_at = time.monotonic()
        demand = Requirement.of({skill.skill: skill.level for skill in order.skills})
        self._fact(
            QueueJoined(
                contact=self.id,
                queue=QueueId(order.queue),
                skills=dict(demand.levels),
                priority=order.priority,
                max_wait_s=order.max_wait_s,
                announce_every_s=order.announce_every_s,
            )
        )
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
        to = ParticipantId("transferred to")
        self._fact(told.ParticipantJoined(contact=self.id, participant=to, role=told.Role.THIRD_PARTY))
        self._fact(told.TransferStarted(contact=self.id, participant=to))
        outcome = await connect(self, order, self._house.dialler)
        result = TransferResult(outcome.value.replace("_", " "))
        self._fact(told.TransferFinished(contact=self.id, participant=to, result=result))
        self._line.tell(TransferEnded(outcome))

    async def hang_up(self, cause: HangupCause) -> None:
        await self.call.hang_up(cause.value)

    def note(self, note: Note) -> None:
        fact = flow_fact(self.id, note)
        if fact is not None:
            self._fact(fact)

    # What the waiting room tells (server.intake.queue_port)

    def announce_position(self, position: int, of: int) -> None:
        queue = QueueId(self._queue)
        self._fact(QueuePositionTold(contact=self.id, queue=queue, position=position, of=of))
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
        self._fact(
            told.TalkStarted(
                contact=self.id,
                participant=ParticipantId(agent),
                waited_s=round(waited_s, 3),
                bridge_ms=round(bridge_ms, 2),
            )
        )

    def agent_left(self, agent: AgentId, call: Call) -> None:
        """The agent's leg is gone; the caller, if still there, goes on with the flow."""
        if self._conversation is None or self._conversation.other is not call:
            return
        self.end_conversation()
        self._fact(told.TalkEnded(contact=self.id, participant=ParticipantId(agent)))
        self._unqueued(QueueOutcome.ANSWERED)

    def overflowed(self) -> None:
        self._unqueued(QueueOutcome.OVERFLOW)

    def nobody_qualified(self) -> None:
        self._unqueued(QueueOutcome.NOBODY)

    def ringing(self, agent: AgentId) -> None:
        participant = ParticipantId(agent)
        self._fact(
            told.ParticipantJoined(
                contact=self.id, participant=participant, role=told.Role.AGENT, agent=agent
            )
        )
        self._fact(told.LegRinging(contact=self.id, participant=participant, leg=LegId("")))

    def agent_failed(self, agent: AgentId, reason: str) -> None:
        self._fact(OfferRefused(contact=self.id, offer=OfferId(""), agent=agent, reason=reason))

    def _unqueued(self, outcome: QueueOutcome) -> None:
        self._end_waiting()
        if self._joined_at is None:
            return
        self._joined_at = None
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
        by = ParticipantId(name) if side is Side.OTHER else CUSTOMER
        held = told.HoldStarted if on else told.HoldEnded
        self._fact(held(contact=self.id, participant=by))

    # What the call tells

    def _on_call_event(self, event: CallEvent) -> None:
        if isinstance(event, Ended):
            self._report_media(CUSTOMER, self.call)
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
                self._fact(told.SoundLost(contact=self.id, participant=CUSTOMER, for_s=round(for_s, 1)))
            case media.MediaResumed():
                self._fact(told.SoundRegained(contact=self.id, participant=CUSTOMER))
            case _:
                pass

    def _on_other_event(self, conversation: Conversation, name: str, event: CallEvent) -> None:
        if isinstance(event, Ended):
            self._report_media(ParticipantId(name), conversation.other)
        conversation.on_event(Side.OTHER, event)

    def _report_media(self, party: ParticipantId, call: Call) -> None:
        if call.answered_at is not None:
            self._fact(media_reported(self.id, party, call.leg.report()))

    def _fact(self, fact: Fact) -> None:
        """A journal that is full although new callers are refused loses the fact, not the call."""
        try:
            self._house.journal.append(fact)
        except JournalFull:
            log.critical("journal.fact_lost", contact=self.id, kind=fact.kind())
