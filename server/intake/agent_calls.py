"""Calls that agents make from their phones: to a colleague, a number of ours, or outside by the dial plan."""

from __future__ import annotations

from collections.abc import Callable

from acd.events import OtherCallEnded, OtherCallStarted
from contacts.contact import CUSTOMER
from contacts.ids import AgentId, CallId
from server.intake.active_contact import ActiveContact
from server.intake.customer import Customer
from server.intake.dial_plan import Destination, Outside, ToColleague, ToNumber
from server.intake.parties import tell_dispatch
from server.intake.ports import Reach, Shown
from server.intake.services import Services
from server.intake.third_party import UnreachableError
from telephony.admission import Refusal
from telephony.call import Call


class AgentCalls:
    """Each is a contact; while it lasts its agent is busy. `open_contact` makes one that was told nothing."""

    def __init__(self, services: Services, open_contact: Callable[[Customer], ActiveContact]) -> None:
        self._services = services
        self._open = open_contact

    def take(self, call: Call, agent: AgentId) -> Refusal | None:
        """Does not block; the refusal is what the phone is to be told instead."""
        exchange, now = self._services.exchange, self._services.now()
        to = exchange.dialled(call.facts.called or "", agent, now)
        if isinstance(to, Refusal):
            return to
        self._busy(call, agent)
        if isinstance(to, ToNumber):
            self._open(Customer.of(call)).begin(call, exchange.flow(to.number))
        else:
            self._call(call, agent, to)
        return None

    def _busy(self, call: Call, agent: AgentId) -> None:
        post, name = self._services.post, CallId(call.id)
        tell_dispatch(post, OtherCallStarted(agent, name))
        call.ended.add_done_callback(lambda _: tell_dispatch(post, OtherCallEnded(agent, name)))

    def _call(self, call: Call, agent: AgentId, to: Destination) -> None:
        colleague = to.agent if isinstance(to, ToColleague) else ""
        number = to.number if isinstance(to, Outside) else colleague
        contact = self._open(Customer(number))
        contact.recorded = self._services.exchange.plan.settings.record
        contact.begin_by_agent(call, agent, colleague)
        if isinstance(to, Outside):
            self._count(call, agent, to)
        self._services.tasks.start(self._ring(contact, call, agent, to))

    def _count(self, call: Call, agent: AgentId, to: Outside) -> None:
        usage = self._services.exchange.plan.usage
        usage.begin(agent, to, self._services.now())
        if not to.emergency:
            usage.now_by_agent[agent] += 1
            call.ended.add_done_callback(lambda _: usage.now_by_agent.subtract((agent,)))

    async def _ring(self, contact: ActiveContact, call: Call, agent: AgentId, to: Destination) -> None:
        """The contact is durable before anybody is called; an emergency does not wait for that."""
        if not (isinstance(to, Outside) and to.emergency):
            await self._services.durable.wait(contact.id)
        settings = self._services.exchange.plan.settings
        try:
            reach = self._reach(to)
        except UnreachableError as error:
            contact.parties.unreachable(CUSTOMER, str(error), status=480)
            return
        shown = Shown(agent, call.facts.remote_display)
        contact.parties.call(CUSTOMER, reach, shown, settings.ring_for_s, lambda: self._over(to))

    def _over(self, to: Destination) -> None:
        if isinstance(to, Outside):
            self._services.exchange.plan.usage.end(to)

    def _reach(self, to: Destination) -> Reach:
        if isinstance(to, ToColleague):
            return self._services.dialler.agent(to.agent)
        if isinstance(to, Outside):
            own = None if to.caller_id is None else Shown(to.caller_id)
            return Reach((to.uri,), shown=own)
        raise UnreachableError("nobody is called there")
