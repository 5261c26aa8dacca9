"""Transfers that a participant asks for: by REFER of their phone (blind or attended), or over the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from contacts.contact import Contact
from contacts.facts.contact import (
    ContactFact,
    FlowChanged,
    LegStarted,
    ParticipantJoined,
    ParticipantRole,
    TransferRefused,
    TransferStarted,
)
from contacts.facts.queue import QueueJoined
from contacts.ids import AgentId, ContactId, ParticipantId
from contacts.outcomes import TransferResult
from contacts.participants import Participant
from server.intake.dial_plan import Destination, Outside, ToColleague, ToNumber, ToQueue
from server.intake.legs import ContactLeg, Legs, answered
from server.intake.parties import Parties, nobody_counts
from server.intake.ports import Reach, Shown
from server.intake.services import Services
from server.intake.third_party import UnreachableError
from telephony.admission import Refusal
from telephony.call import Call
from telephony.call_events import TransferAsked
from telephony.sip.errors import SipSyntaxError
from telephony.sip.uri import Uri

log = structlog.get_logger(__name__)

STATUS = {
    TransferResult.ANSWERED: 200,
    TransferResult.BUSY: 486,
    TransferResult.NO_ANSWER: 480,
    TransferResult.FAILED: 503,
    TransferResult.CALLER_LEFT: 487,
}
NOT_TALKING = Refusal(491, "Nobody to transfer now", "transfer.not-talking")
NOT_ALLOWED = Refusal(403, "Callers do not transfer", "transfer.not-by-callers")
NOT_AN_AGENT = Refusal(403, "Only agents transfer", "transfer.not-by-third-parties")
UNREADABLE = Refusal(400, "Refer-To cannot be read", "transfer.unreadable")


@dataclass(frozen=True, slots=True)
class _Report:
    """Who wants to know what becomes of the transfer."""

    call: Call
    referral: int


class Transfers:
    """One at a time: while somebody is being called for the customer, nobody talks with them."""

    def __init__(
        self,
        contact: ContactId,
        core: Contact,
        legs: Legs,
        parties: Parties,
        services: Services,
        tell: Callable[[ContactFact], None],
    ) -> None:
        self._contact = contact
        self._core = core
        self._legs = legs
        self._parties = parties
        self._services = services
        self._tell = tell
        self._report: _Report | None = None
        self._count = 0

    def next_participant(self) -> ParticipantId:
        self._count += 1
        return ParticipantId(f"transfer-{self._count}")

    # A REFER

    def asked(self, participant: ParticipantId, call: Call, asked: TransferAsked, shown: Shown) -> None:
        """Accepted here, or the phone is told why not; the call goes on either way."""
        verdict = self._judge(participant, asked)
        if isinstance(verdict, Refusal):
            self._refuse(participant, verdict)
            call.refuse_transfer(asked.referral, verdict.status)
            return
        call.accept_transfer(asked.referral)
        by, to = verdict
        self._report = _Report(call, asked.referral)
        if isinstance(to, ContactLeg):
            self._take_over(to, by)
        else:
            self.begin(to, by, shown)

    def _judge(
        self, participant: ParticipantId, asked: TransferAsked
    ) -> Refusal | tuple[str, Destination | ContactLeg]:
        who = self._core.participants.get(participant)
        refusal = self._may(who)
        if refusal is not None or who is None:
            return refusal or NOT_TALKING
        agent = AgentId(who.name) if who.role is ParticipantRole.AGENT else None
        by = who.name if agent is not None else "customer"
        if asked.replaces:
            to = NOT_ALLOWED if agent is None else self._consulted(asked.replaces, agent)
        else:
            to = self._destination(asked.target, agent)
        return to if isinstance(to, Refusal) else (by, to)

    def _may(self, who: Participant | None) -> Refusal | None:
        talking = self._core.talks_with
        if who is None or talking is None:
            return NOT_TALKING
        if who.role is ParticipantRole.CUSTOMER:
            allowed = self._services.exchange.plan.settings.transfers_by_callers
            return None if allowed else NOT_ALLOWED
        if who.id != talking:
            return NOT_TALKING
        return None if who.role is ParticipantRole.AGENT else NOT_AN_AGENT

    def _consulted(self, replaces: str, agent: AgentId) -> Destination | ContactLeg | Refusal:
        return self._services.exchange.consulted(replaces, agent, self._services.now())

    def _destination(self, target: str, agent: AgentId | None) -> Destination | Refusal:
        try:
            user = Uri.parse(target).user
        except SipSyntaxError:
            return UNREADABLE
        return self._services.exchange.transfer(user or "", agent, self._services.now())

    def _refuse(self, participant: ParticipantId, refusal: Refusal) -> None:
        log.warning("transfer.refused", contact=self._contact, status=refusal.status, rule=refusal.rule_id)
        self._services.metrics.refused.labels(refusal.rule_id).inc()
        self._tell(TransferRefused(contact=self._contact, participant=participant, rule=refusal.rule_id))

    # Any transfer

    def judged(self, target: str, agent: AgentId) -> Destination | Refusal:
        """Where an agent wants the customer to go, asked for over the API."""
        talking = self._core.talks_with
        who = None if talking is None else self._core.participants.get(talking)
        if who is None or who.role is not ParticipantRole.AGENT or who.name != agent:
            return NOT_TALKING
        return self._services.exchange.transfer(target, agent, self._services.now())

    def begin(self, to: Destination, by: str, shown: Shown) -> None:
        """Whoever talks with the customer, who may be shown to the called party, sends them there."""
        match to:
            case ToColleague(agent):
                self._call(
                    ParticipantRole.AGENT, agent, by, shown, lambda: self._services.dialler.agent(agent)
                )
            case Outside(number, caller_id=caller_id):
                own = None if caller_id is None else Shown(caller_id)
                reach = Reach((to.uri,), shown=own)
                usage = self._services.exchange.plan.usage
                usage.begin(AgentId(by), to, self._services.now())
                over = partial(usage.end, to)
                self._call(ParticipantRole.THIRD_PARTY, number, by, shown, lambda: reach, over)
            case ToNumber(number):
                self._tell(FlowChanged(contact=self._contact, number=number, by=by))
            case ToQueue(queue):
                self._tell(QueueJoined(contact=self._contact, queue=queue))

    def _call(
        self,
        role: ParticipantRole,
        name: str,
        by: str,
        shown: Shown,
        find: Callable[[], Reach],
        over: Callable[[], None] = nobody_counts,
    ) -> None:
        participant = self._join(role, name)
        self._tell(TransferStarted(contact=self._contact, participant=participant, by=by))
        try:
            reach = find()
        except UnreachableError as error:
            self._parties.unreachable(participant, str(error))
            return
        ring_for_s = self._services.exchange.plan.settings.ring_for_s
        self._parties.call(participant, reach, shown, ring_for_s, over)

    def _join(self, role: ParticipantRole, name: str) -> ParticipantId:
        participant = self.next_participant()
        agent = name if role is ParticipantRole.AGENT else ""
        joined = ParticipantJoined(
            contact=self._contact,
            participant=participant,
            role=role,
            agent=agent,
            address="" if agent else name,
        )
        self._tell(joined)
        return participant

    def _take_over(self, consulted: ContactLeg, by: str) -> None:
        """The party that the agent has talked to meanwhile, in a call of its own, gets the customer."""
        moved = self._services.exchange.move(consulted)
        if moved is None:
            # They hung up in this very moment.
            self.tell_transferor(TransferResult.FAILED)
            return
        participant = self._join(moved.role, moved.name)
        self._tell(TransferStarted(contact=self._contact, participant=participant, by=by))
        call, leg = moved.leg.call, moved.leg
        self._legs.adopt(ContactLeg(leg.id, participant, call, leg.owner))
        self._tell(
            LegStarted(contact=self._contact, participant=participant, leg=leg.id, call_id=call.sip_call_id)
        )
        self._tell(answered(self._contact, participant, leg.id, call))
        moved.finish()

    # What becomes of it

    def rings(self, status: int) -> None:
        if self._report is not None:
            self._report.call.report_transfer(self._report.referral, status)

    def tell_transferor(self, result: TransferResult) -> None:
        report, self._report = self._report, None
        if report is not None:
            report.call.report_transfer(report.referral, STATUS[result])
