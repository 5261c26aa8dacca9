"""Agents over the API: who is doing what, and breaks."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from acd.agent_state import AgentState
from acd.events import AgentEvent, BreakEnded, BreakStarted, WrapUpDone, WrapUpExtended
from acd.wrap_up import LONGEST_EXTENSION_S, WrapUpCodeError
from contacts.ids import AgentId
from contacts.privacy import Privacy
from server.access.principal import Principal
from server.http.errors import ApiError, answers
from server.http.guard import Who
from server.http.ids import Name
from server.http.live import LiveView
from server.http.ports import ApiPorts, ContactEvent
from server.http.status import AgentStatus
from telephony.admission import Refusal


class BreakRequest(BaseModel):
    """Why the agent takes a break; empty is a reason too."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(default="", max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")


class WrapUpRequest(BaseModel):
    """What the contact was about, in a word that its queue knows."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(default="", max_length=64)


class ExtensionRequest(BaseModel):
    """How much longer."""

    model_config = ConfigDict(extra="forbid")

    by_s: float = Field(gt=0, le=LONGEST_EXTENSION_S)


class TransferRequest(BaseModel):
    """Where the customer is to go: a colleague, an extension, a queue, a number of ours or one outside."""

    model_config = ConfigDict(extra="forbid")

    to: str = Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x20\x7f]+$")


NO_CODE = WrapUpRequest()


def add_agent_routes(app: FastAPI, ports: ApiPorts, live: LiveView) -> None:
    """Breaks take effect after the call and its wrap-up; asking twice is the same as asking once."""

    @app.get("/agents")
    async def list_agents(who: Who) -> tuple[AgentStatus, ...]:
        """All agents, with their state and whom they talk with."""
        return live.agents(who.sees)

    @app.get("/agents/{agent}", responses=answers(404))
    async def show_agent(agent: Name, who: Who) -> AgentStatus:
        return _known(live, agent, who)

    @app.get("/agents/{agent}/contact", responses=answers(404))
    async def show_agents_contact(agent: Name, who: Who) -> AgentContact:
        """Whom the agent is rung for or talks with, and what happened so far: why they call."""
        now = _act(live, agent, who)
        if now.contact is None:
            return AgentContact(None, "", ())
        contact = now.contact
        most = _sees(who, agent)
        events = await ports.off_loop.run(lambda: ports.archive.events(contact, most))
        return AgentContact(contact, now.customer, events)

    _add_action_routes(app, ports, live)
    _add_customer_routes(app, ports, live)


def _add_action_routes(app: FastAPI, ports: ApiPorts, live: LiveView) -> None:
    @app.post("/agents/{agent}/break", responses=answers(404))
    async def start_break(agent: Name, wanted: BreakRequest, who: Who) -> AgentStatus:
        """The agent is offered no calls from here on."""
        _act(live, agent, who)
        return _told(ports, live, BreakStarted(AgentId(agent), wanted.reason), who)

    @app.post("/agents/{agent}/back", responses=answers(404))
    async def end_break(agent: Name, who: Who) -> AgentStatus:
        """The agent is offered calls again."""
        if _act(live, agent, who).break_reason is None:
            return _known(live, agent, who)
        return _told(ports, live, BreakEnded(AgentId(agent)), who)

    @app.post("/agents/{agent}/wrap-up/extend", responses=answers(404))
    async def extend_wrap_up(agent: Name, who: Who, more: ExtensionRequest) -> AgentStatus:
        """The agent needs more time; changes nothing outside of a wrap-up, or where it has no end anyway."""
        if _act(live, agent, who).state != AgentState.WRAP_UP.value:
            return _known(live, agent, who)
        return _told(ports, live, WrapUpExtended(AgentId(agent), more.by_s), who)

    @app.post("/agents/{agent}/wrap-up/done", responses=answers(404, 409))
    async def finish_wrap_up(agent: Name, who: Who, done: WrapUpRequest = NO_CODE) -> AgentStatus:
        """The agent is done with the contact before the wrap-up time is over."""
        if _act(live, agent, who).state != AgentState.WRAP_UP.value:
            return _known(live, agent, who)
        return _told(ports, live, WrapUpDone(AgentId(agent), done.code), who)


def _add_customer_routes(app: FastAPI, ports: ApiPorts, live: LiveView) -> None:
    @app.post("/agents/{agent}/transfer", responses=answers(404, 409))
    async def transfer_customer(agent: Name, wanted: TransferRequest, who: Who) -> AgentStatus:
        """The customer hears ringing until the target answers, and is back with the agent if it does not."""
        _act(live, agent, who)
        return _done(ports.agents_customers.transfer(AgentId(agent), wanted.to), live, agent, who)

    @app.post("/agents/{agent}/hold", responses=answers(404, 409))
    async def hold_customer(agent: Name, who: Who) -> AgentStatus:
        """The customer hears music, and not the agent."""
        _act(live, agent, who)
        return _done(ports.agents_customers.hold(AgentId(agent), on=True), live, agent, who)

    @app.post("/agents/{agent}/resume", responses=answers(404, 409))
    async def resume_customer(agent: Name, who: Who) -> AgentStatus:
        """They hear each other again."""
        _act(live, agent, who)
        return _done(ports.agents_customers.hold(AgentId(agent), on=False), live, agent, who)


def _done(refusal: Refusal | None, live: LiveView, agent: str, who: Principal) -> AgentStatus:
    if refusal is None:
        live.forget()
        return _known(live, agent, who)
    how = "names, extensions and numbers are judged by [calls] of the settings"
    status = 404 if refusal.status == 404 else 409
    raise ApiError(status, f"{refusal.reason} ({refusal.rule_id})", how)


@dataclass(frozen=True, slots=True)
class AgentContact:
    """The customer of an agent; `contact` is None while they have none."""

    contact: str | None
    customer: str
    events: tuple[ContactEvent, ...]


def _sees(who: Principal, agent: str) -> Privacy:
    """An agent sees the number of their own customer, and of nobody else's."""
    return Privacy.PERSONAL if who.agent == agent else who.sees


def _known(live: LiveView, agent: str, who: Principal) -> AgentStatus:
    found = live.agent(agent, _sees(who, agent))
    if found is None:
        raise ApiError(404, f"no agent {agent}", "`trunkline agents` lists all")
    return found


def _act(live: LiveView, agent: str, who: Principal) -> AgentStatus:
    """The agent as they are now; raises ApiError where `who` may not act for them."""
    if not who.acts_for(agent):
        raise ApiError(403, f"{who.name} is not {agent}", "use the agent's own token, or a supervisor's")
    live.forget()
    return _known(live, agent, who)


def _told(ports: ApiPorts, live: LiveView, event: AgentEvent, who: Principal) -> AgentStatus:
    try:
        ports.dispatch.post(event)
    except WrapUpCodeError as error:
        raise ApiError(409, str(error), "`wrap_up_codes` of the queue lists them") from None
    live.forget()
    return _known(live, event.agent, who)
