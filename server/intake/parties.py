"""People who are called into a contact: rung on all their phones, until one answers or the time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from acd.agent_state import AcdError
from acd.events import Event as DispatchEvent
from acd.events import OtherCallEnded, OtherCallStarted
from contacts.facts import contact as fact
from contacts.facts.contact import ContactFact
from contacts.ids import AgentId, CallId, ContactId, LegId, ParticipantId
from contacts.outcomes import EndedBy
from server.intake.fork import Fork, ForkAnswered, ForkEvent, ForkFailed, PhonePlaced, PhoneProgress
from server.intake.legs import ContactLeg, Legs, answered, ended
from server.intake.ports import Reach, Shown
from server.intake.services import Services
from telephony.call import Call
from telephony.call_events import CallEvent, Ended
from telephony.session.events import Hangup

log = structlog.get_logger(__name__)

Progress = Callable[[ParticipantId, Call, int], None]
"""Who is being called, on which phone, and the SIP status of it."""


def nobody_counts() -> None:
    """Nobody wants to know when they are on the line no more."""


@dataclass(slots=True, eq=False)
class _Ring:
    participant: ParticipantId
    leg: LegId
    reach: Reach
    fork: Fork | None = None
    started: bool = False
    rings: bool = False
    gives_up: asyncio.TimerHandle | None = None
    over: Callable[[], None] = nobody_counts


class Parties:
    """Every `call` leads to one `LegStarted` and one `LegEnded`, whatever happens."""

    def __init__(
        self,
        contact: ContactId,
        legs: Legs,
        services: Services,
        tell: Callable[[ContactFact], None],
        on_progress: Progress,
    ) -> None:
        self._contact = contact
        self._legs = legs
        self._services = services
        self._tell = tell
        self._on_progress = on_progress
        self._rings: dict[LegId, _Ring] = {}

    def call(
        self,
        participant: ParticipantId,
        reach: Reach,
        shown: Shown,
        ring_for_s: float,
        over: Callable[[], None] = nobody_counts,
    ) -> None:
        """`shown` counts where the reach itself says nothing; `over` is called once, when they are on the
        line no more, in whatever contact.
        """
        leg = LegId(f"{self._contact}/{participant}")
        ring = self._rings[leg] = _Ring(participant, leg, reach, over=over)
        ring.fork = Fork(self._services.lines, self._services.tasks, lambda event: self._told(ring, event))
        loop = asyncio.get_running_loop()
        ring.gives_up = loop.call_later(ring_for_s, ring.fork.hang_up, "no answer")
        headers = (("X-Contact-ID", str(self._contact)),) if reach.agent is not None else ()
        placing = ring.fork.place(reach.targets, reach.shown or shown, headers)
        self._services.tasks.start(placing)

    def unreachable(self, participant: ParticipantId, reason: str, status: int = 0) -> None:
        """There is nowhere to call them."""
        leg = LegId(f"{self._contact}/{participant}")
        self._tell(fact.LegStarted(contact=self._contact, participant=participant, leg=leg))
        over = fact.LegEnded(
            contact=self._contact,
            participant=participant,
            leg=leg,
            by=EndedBy.SERVER,
            reason=reason,
            status=status,
        )
        self._tell(over)

    def hang_up(self, leg: LegId, cause: str) -> bool:
        """Says whether somebody was being rung by that name."""
        ring = self._rings.get(leg)
        if ring is None or ring.fork is None:
            return False
        ring.fork.hang_up(cause)
        return True

    def _told(self, ring: _Ring, event: ForkEvent) -> None:
        match event:
            case PhonePlaced(call):
                self._started(ring, call)
            case PhoneProgress(call, status):
                self._progress(ring, call, status)
            case ForkAnswered(call):
                self._answered(ring, call)
            case ForkFailed(last):
                self._failed(ring, last)

    def _started(self, ring: _Ring, call: Call) -> None:
        if ring.started:
            return
        ring.started = True
        self._busy(ring, busy=True)
        self._tell(
            fact.LegStarted(
                contact=self._contact,
                participant=ring.participant,
                leg=ring.leg,
                call_id=call.sip_call_id,
            )
        )

    def _progress(self, ring: _Ring, call: Call, status: int) -> None:
        if status == 180 and not ring.rings:
            ring.rings = True
            ringing = fact.LegRinging(contact=self._contact, participant=ring.participant, leg=ring.leg)
            self._tell(ringing)
        self._on_progress(ring.participant, call, status)

    def _answered(self, ring: _Ring, call: Call) -> None:
        self._done(ring)
        self._legs.adopt(ContactLeg(ring.leg, ring.participant, call, lambda event: self._owned(ring, event)))
        self._tell(answered(self._contact, ring.participant, ring.leg, call))

    def _owned(self, ring: _Ring, event: CallEvent) -> None:
        """Also when the call has gone over to another contact meanwhile."""
        if isinstance(event, Ended):
            ring.over()
            self._busy(ring, busy=False)

    def _failed(self, ring: _Ring, last: tuple[Call, Hangup] | None) -> None:
        self._done(ring)
        ring.over()
        if not ring.started:
            self.unreachable(ring.participant, "no phone could be called")
            return
        self._busy(ring, busy=False)
        if last is not None:
            self._tell(ended(self._contact, ring.participant, ring.leg, *last))

    def _done(self, ring: _Ring) -> None:
        self._rings.pop(ring.leg, None)
        if ring.gives_up is not None:
            ring.gives_up.cancel()

    def _busy(self, ring: _Ring, *, busy: bool) -> None:
        agent = ring.reach.agent
        if agent is None:
            return
        kind = OtherCallStarted if busy else OtherCallEnded
        tell_dispatch(self._services.post, kind(agent, CallId(ring.leg)))


def participant_of(agent: AgentId) -> ParticipantId:
    """The agent's part in whatever contact they serve."""
    return ParticipantId(f"agent:{agent}")


def tell_dispatch(post: Callable[[DispatchEvent], None], event: DispatchEvent) -> None:
    """Of a call that it did not make; an agent whom the settings no longer name is no concern of it."""
    try:
        post(event)
    except AcdError as error:
        log.warning("acd.call_not_counted", event_type=type(event).__name__, reason=str(error))
