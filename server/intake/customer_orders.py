"""What a flow orders that takes more than the caller's own line: the answer, a queue, a transfer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from contacts.facts import contact as fact
from contacts.facts.contact import ContactFact, ParticipantRole
from contacts.facts.queue import QueueJoined
from contacts.ids import ContactId, LegId, ParticipantId, QueueId
from contacts.outcomes import EndedBy
from ivr_flows.definition.targets import AgentTarget
from ivr_flows.engine.instructions import Enqueue, Transfer
from ivr_flows.engine.requests import CallbackRequest
from media.errors import MediaError
from media.sound import Sound
from media.speech.errors import SpeechError
from server.intake.flow_promises import FlowPromises
from server.intake.legs import Legs, Listener
from server.intake.services import Services
from server.intake.third_party import UnreachableError, address_of
from server.journal.journal import JournalError
from server.outside.asking import OutsideAnswer
from telephony.call import Call
from telephony.call_events import CallEnded
from telephony.sip.errors import SipSyntaxError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class QueueStay:
    """The queue that the customer is in, or was in last: kept for an agent who is lost."""

    queue: QueueId
    music: Sound | None
    joined_at: float
    announcement: tuple[Sound, ...] = ()
    """Heard by the agent alone, before the two are joined."""


class CustomerOrders:
    """Each becomes facts of the contact, whose core decides. Fits `server.intake.caller_port.FlowOrders`."""

    def __init__(
        self,
        contact: ContactId,
        call: Call,
        legs: Legs,
        services: Services,
        tell: Callable[[ContactFact], None],
        on_other: Listener,
        voice: str | None,
        stays: Callable[[QueueStay], None],
    ) -> None:
        self.id = contact
        self._stays = stays
        self._last_stay: QueueStay | None = None
        self._call = call
        self._legs = legs
        self._services = services
        self._tell = tell
        self._on_other = on_other
        self._transfers = 0
        self._voice = voice

    async def answer(self) -> None:
        """The contact is durable before its caller hears us; a failing disk costs no call."""
        try:
            await self._services.journal.durable()
        except JournalError:
            log.critical("journal.not_durable", contact=self.id)
        try:
            await self._call.answer()
        except CallEnded:
            # The end is told by the call's own event, which also stops the flow that waits here.
            return
        setup_s = (self._call.answered_at or 0.0) - self._call.invited_at
        self._services.metrics.setup_s.observe(setup_s)

    async def enqueue(self, ordered: Enqueue) -> None:
        music: Sound | None = None
        try:
            music = await self._services.prompts.music(ordered.music)
        except (MediaError, SpeechError, OSError) as error:
            self._tell(fact.PromptFailed(contact=self.id, reason=type(error).__name__))
        announcement = await self._announcement(ordered)
        queue = QueueId(ordered.queue)
        self._last_stay = QueueStay(queue, music, self._services.now(), announcement)
        self._stays(self._last_stay)
        joined = QueueJoined(
            contact=self.id,
            queue=queue,
            skills={skill.skill: skill.level for skill in ordered.skills},
            priority=ordered.priority,
            max_wait_s=ordered.max_wait_s,
            announce_every_s=ordered.announce_every_s,
            told=dict(ordered.slots),
        )
        self._tell(joined)

    async def _announcement(self, ordered: Enqueue) -> tuple[Sound, ...]:
        """Rendered before anybody is rung, so that no agent waits for it."""
        if not ordered.announcement:
            return ()
        try:
            return await self._services.prompts.sounds(ordered.announcement, self._voice)
        except (MediaError, SpeechError, OSError) as error:
            self._tell(fact.PromptFailed(contact=self.id, reason=type(error).__name__))
            return ()

    async def callback(self, wanted: CallbackRequest) -> OutsideAnswer:
        """A promise is durable before the caller hears of it; a place that they had goes on."""
        flow_promises = FlowPromises(self.id, self._services.callbacks)
        answer = flow_promises.answer(wanted, self._waited_in(wanted.queue))
        try:
            await self._services.journal.durable()
        except JournalError:
            log.critical("journal.not_durable", contact=self.id)
        return answer

    def _waited_in(self, queue: str) -> float:
        stay = self._last_stay
        return 0.0 if stay is None or stay.queue != queue else self._services.now() - stay.joined_at

    async def transfer(self, ordered: Transfer) -> None:
        self._transfers += 1
        participant = ParticipantId(f"transfer-{self._transfers}")
        agent = isinstance(ordered.target, AgentTarget)
        address = address_of(ordered.target)
        joined = fact.ParticipantJoined(
            contact=self.id,
            participant=participant,
            role=ParticipantRole.AGENT if agent else ParticipantRole.THIRD_PARTY,
            agent=address if agent else "",
            address="" if agent else address,
        )
        self._tell(joined)
        self._tell(fact.TransferStarted(contact=self.id, participant=participant))
        await self._dial(ordered, participant)

    async def _dial(self, ordered: Transfer, participant: ParticipantId) -> None:
        try:
            call = await self._services.dialler.dial(ordered.target, self._call)
        except (UnreachableError, MediaError, SipSyntaxError, ValueError) as error:
            leg = LegId(f"{self.id}/{participant}")
            self._tell(fact.LegStarted(contact=self.id, participant=participant, leg=leg))
            ended = fact.LegEnded(
                contact=self.id,
                participant=participant,
                leg=leg,
                by=EndedBy.SERVER,
                reason=type(error).__name__,
            )
            self._tell(ended)
            return
        leg = LegId(call.id)
        self._legs.start(participant, leg, call, self._on_other)
        self._services.tasks.start(self._give_up_ringing(call, ordered.ring_for_s))

    async def _give_up_ringing(self, call: Call, after_s: float) -> None:
        """Returns early once the call is answered or over."""
        try:
            async with asyncio.timeout(after_s):
                await call.wait_answered()
        except CallEnded:
            return
        except TimeoutError:
            await call.hang_up("no answer")
