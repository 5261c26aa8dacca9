"""What a flow orders that takes more than the caller's own line: the answer, a queue, a transfer."""

from __future__ import annotations

from collections.abc import Callable

from contacts.facts import contact as fact
from contacts.facts.contact import ContactFact, ParticipantRole
from contacts.facts.queue import QueueJoined
from contacts.ids import ContactId, QueueId
from ivr_flows.definition.targets import AgentTarget
from ivr_flows.engine.instructions import Enqueue, Transfer
from ivr_flows.engine.requests import CallbackRequest
from media.errors import MediaError
from media.sound import Sound
from media.speech.errors import SpeechError
from server.intake.flow_promises import FlowPromises
from server.intake.parties import Parties
from server.intake.ports import Shown
from server.intake.queue_side import QueueSide, QueueStay
from server.intake.services import Services
from server.intake.third_party import UnreachableError, address_of
from server.intake.transfers import Transfers
from server.outside.asking import OutsideAnswer
from telephony.call import Call
from telephony.call_events import CallEnded


class CustomerOrders:
    """Each becomes facts of the contact, whose core decides. Fits `server.intake.caller_port.FlowOrders`."""

    def __init__(
        self,
        contact: ContactId,
        call: Call,
        queue: QueueSide,
        transfers: Transfers,
        parties: Parties,
        services: Services,
        tell: Callable[[ContactFact], None],
        voice: str | None,
    ) -> None:
        self.id = contact
        self._last_stay: QueueStay | None = None
        self._call = call
        self._queue = queue
        self._transfers = transfers
        self._parties = parties
        self._services = services
        self._tell = tell
        self._voice = voice

    async def answer(self) -> None:
        """The contact is durable before its caller hears us."""
        await self._services.durable.wait(self.id)
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
        self._queue.stay = self._last_stay
        joined = QueueJoined(
            contact=self.id,
            queue=queue,
            skills={skill.skill: skill.level for skill in ordered.skills},
            priority=ordered.priority,
            max_wait_s=ordered.max_wait_s,
            announce_every_s=ordered.announce_every_s,
            told=dict(ordered.slots),
            preferred={skill.skill: skill.level for skill in ordered.preferred},
            agent=ordered.agent,
            agent_wait_s=ordered.agent_wait_s,
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
        await self._services.durable.wait(self.id)
        return answer

    def _waited_in(self, queue: str) -> float:
        stay = self._last_stay
        return 0.0 if stay is None or stay.queue != queue else self._services.now() - stay.joined_at

    async def transfer(self, ordered: Transfer) -> None:
        participant = self._transfers.next_participant()
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
        try:
            reach = self._services.dialler.reach(ordered.target)
        except UnreachableError as error:
            self._parties.unreachable(participant, str(error))
            return
        shown = Shown(self._call.facts.caller, self._call.facts.remote_display)
        self._parties.call(participant, reach, shown, ordered.ring_for_s)
