"""What contacts have to do with each other: one dial plan, and calls that go over from one to another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contacts.facts.contact import ParticipantRole
from contacts.ids import AgentId, ContactId
from contacts.participants import Participant
from ivr_flows.definition.flow import Flow
from server.checks.repertoire import Repertoire
from server.intake.dial_plan import Destination, DialPlan, Outside
from server.intake.legs import ContactLeg
from telephony.admission import Refusal

if TYPE_CHECKING:
    from server.intake.active_contact import ActiveContact

UNKNOWN_CALL = Refusal(481, "No such call", "transfer.replaces-unknown")
WANTS_NO_CALLS = Refusal(403, "This number wants no calls", "dial.do-not-call")
NOT_YOUR_CALL = Refusal(403, "That is no call of yours", "transfer.replaces-other-call")


@dataclass(frozen=True, slots=True)
class MovedLeg:
    """A call that has left its contact. `finish` ends what is left of that."""

    leg: ContactLeg
    role: ParticipantRole
    name: str
    finish: Callable[[], None]


class Exchange:
    """`active` are the contacts on the line; `contacts_by_call` knows them by the ids of their calls."""

    def __init__(
        self,
        plan: DialPlan,
        repertoire: Callable[[], Repertoire],
        active: Mapping[ContactId, ActiveContact],
        wants_no_calls: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.plan = plan
        self._repertoire = repertoire
        self.contacts_by_call: dict[str, ContactId] = {}
        self.talking: dict[AgentId, ContactId] = {}
        """With whom agents talk at the moment."""
        self._active = active
        self._wants_no_calls = wants_no_calls

    def contact_of(self, agent: AgentId) -> ActiveContact | None:
        """Whom the agent talks with."""
        return self._active.get(self.talking.get(agent, ContactId("")))

    def flow(self, number: str) -> Flow:
        """Of a number of ours; raises LookupError when it has none any more."""
        found = self._repertoire().flow_for(number)
        if found is None:
            raise LookupError("the number has no flow")
        return found

    def transfer(self, text: str, agent: AgentId | None, now: float) -> Destination | Refusal:
        """Where somebody wants a customer to go."""
        return self._allowed(self.plan.transfer(text, agent, self._repertoire().by_number, now))

    def dialled(self, text: str, agent: AgentId, now: float) -> Destination | Refusal:
        """Where an agent's phone calls."""
        return self._allowed(self.plan.dialled(text, agent, self._repertoire().by_number, now))

    def _allowed(self, to: Destination | Refusal) -> Destination | Refusal:
        """Help comes whatever any list says."""
        unwanted = isinstance(to, Outside) and not to.emergency and self._wants_no_calls(to.number)
        return WANTS_NO_CALLS if unwanted else to

    def consulted(self, replaces: str, agent: AgentId, now: float) -> ContactLeg | Destination | Refusal:
        """Whom the agent has called or talked to in the call that a Replaces names (RFC 3891).

        While nobody talks there yet, it is where that call leads; the call itself is ended then.
        """
        found = self._call(replaces)
        if found is None:
            return UNKNOWN_CALL
        contact, leg = found
        if _agent_of(leg, contact.core.participants.get(leg.participant)) != agent:
            return NOT_YOUR_CALL
        counterpart = contact.counterpart(leg)
        if counterpart is not None:
            return counterpart
        to = self.transfer(contact.dialled, agent, now)
        if not isinstance(to, Refusal):
            contact.end(leg, "the customer takes this place")
        return to

    def move(self, leg: ContactLeg) -> MovedLeg | None:
        """Takes the leg out of its contact; None when it has ended meanwhile."""
        contact = self._active.get(self.contacts_by_call.get(leg.call.id, ContactId("")))
        participant = None if contact is None else contact.core.participants.get(leg.participant)
        if contact is None or participant is None:
            return None
        own = contact.counterpart(leg)
        agent = participant.role is ParticipantRole.AGENT or contact.internal
        role = ParticipantRole.AGENT if agent else ParticipantRole.THIRD_PARTY
        released = contact.legs.release(leg.id, "gone over to another contact")

        def finish() -> None:
            if own is not None:
                contact.end(own, "the customer was transferred")

        return None if released is None else MovedLeg(released, role, participant.name, finish)

    def _call(self, replaces: str) -> tuple[ActiveContact, ContactLeg] | None:
        """By the tag of ours that is in it: which of the two that is depends on who writes."""
        call_id, *parameters = (part.strip() for part in replaces.split(";"))
        values = dict(part.partition("=")[::2] for part in parameters)
        for name in ("to-tag", "from-tag"):
            tag = values.get(name, "")
            contact = self._active.get(self.contacts_by_call.get(tag, ContactId("")))
            leg = None if contact is None else contact.legs.find(call_id, tag)
            if contact is not None and leg is not None:
                return contact, leg
        return None


def _agent_of(leg: ContactLeg, participant: Participant | None) -> str | None:
    """Whose phone it is, if an agent's."""
    if leg.call.facts.agent is not None:
        return leg.call.facts.agent
    is_agent = participant is not None and participant.role is ParticipantRole.AGENT
    return participant.name if is_agent and participant is not None else None
