"""Callbacks over the API: who is owed a call, who was lost, ordering one and taking it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import FastAPI, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from acd.agent_registry import NotConfiguredError
from acd.agent_state import AcdError
from acd.callback_book import PromisedAlreadyError
from acd.events import CallFirst
from contacts.ids import ContactId, QueueId
from contacts.privacy import Privacy
from server.access.principal import Principal
from server.callbacks.lost import LostCaller
from server.callbacks.ordering import CallbackOrder, check_names
from server.callbacks.promises import OpenCallback
from server.http.errors import ApiError, answers
from server.http.guard import Who
from server.http.ids import Id
from server.http.ports import ApiPorts

MAX_LISTED = 1000
Number = Annotated[str, Query(min_length=3, max_length=40, pattern=r"^[+0-9 ()/.-]+$")]


class CallbackRequest(BaseModel):
    """Whom to call, and when; without `not_before` when it is their turn."""

    model_config = ConfigDict(extra="forbid")

    number: str = Field(min_length=3, max_length=40, pattern=r"^[+0-9 ()/.-]+$")
    queue: str = Field(min_length=1, max_length=64)
    first: Literal["customer", "agent"] | None = Field(default=None, description="who is called first")
    not_before: AwareDatetime | None = None
    priority: int = Field(default=0, ge=0, le=100)
    skills: dict[str, Annotated[int, Field(ge=1, le=10)]] = Field(default={}, max_length=20)
    agent: str = Field(default="", max_length=64, description="whose callback it is")
    agent_wait_s: float = Field(default=0, ge=0, le=86400, description="seconds that it waits for them alone")


@dataclass(frozen=True, slots=True)
class CallbackStatus:
    """One that is owed; `number` is empty for readers who see no numbers."""

    contact: str
    number: str
    queue: str
    first: str
    promised_at: datetime
    waits_since: datetime
    not_before: datetime | None
    attempts: int
    again_at: datetime | None
    agent: str
    by: str


@dataclass(frozen=True, slots=True)
class LostStatus:
    """A caller who gave up; `problem` says why they may not be called."""

    contact: str
    number: str
    queue: str
    at: datetime
    waited_s: float
    outcome: str
    problem: str


@dataclass(frozen=True, slots=True)
class CallbackTimes:
    """Beginnings of the times that may be chosen; none where no agent would be there."""

    number: str
    times: tuple[datetime, ...]


def add_callback_routes(app: FastAPI, ports: ApiPorts) -> None:
    """What is ordered is durable before it is answered."""
    _add_reading_routes(app, ports)

    @app.post("/callbacks", responses=answers(404, 409))
    async def order_callback(wanted: CallbackRequest, who: Who) -> CallbackStatus:
        """Promises a call; the place is at the end of the queue."""
        order = CallbackOrder(
            wanted.number,
            QueueId(wanted.queue),
            who.name,
            CallFirst(wanted.first) if wanted.first else None,
            wanted.not_before,
            wanted.priority,
            wanted.skills,
            wanted.agent,
            wanted.agent_wait_s,
        )
        try:
            check_names(ports.acd(), order)
            promised = ports.callbacks.order(order)
        except PromisedAlreadyError as error:
            raise ApiError(409, str(error), "`trunkline callbacks` lists it") from None
        except NotConfiguredError as error:
            raise ApiError(404, str(error), "`trunkline queues` and `trunkline agents` list all") from None
        except AcdError as error:
            raise ApiError(409, str(error), "give another number, with its country code") from None
        await ports.durable()
        return _status(promised, who)

    @app.delete("/callbacks/{contact}", responses=answers(404))
    async def cancel_callback(contact: Id, who: Who) -> CallbackStatus:
        """They are not called any more; one that rings is hung up."""
        held = _known(ports, contact)
        ports.callbacks.cancel(ContactId(contact), who.name)
        await ports.durable()
        return _status(held, who)


def _add_reading_routes(app: FastAPI, ports: ApiPorts) -> None:
    @app.get("/callbacks")
    async def list_callbacks(who: Who) -> tuple[CallbackStatus, ...]:
        """Who is owed a call, the oldest promise first."""
        return tuple(_status(held, who) for held in ports.callbacks.open()[:MAX_LISTED])

    @app.get("/callbacks/lost")
    async def list_lost_callers(
        who: Who, since: AwareDatetime, limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 100
    ) -> tuple[LostStatus, ...]:
        """Callers who gave up waiting and were not served since, newest first."""
        found = await ports.off_loop.run(lambda: ports.lost_callers(since, limit))
        return tuple(_lost(caller, ports, who) for caller in found)

    @app.get("/callbacks/times", responses=answers(409))
    async def list_times(
        number: Number, queue: Annotated[str, Query(min_length=1, max_length=64)], who: Who
    ) -> CallbackTimes:
        """When that number may be called for the queue, where agents are there for it."""
        try:
            full = ports.callbacks.number(number)
            times = ports.callbacks.times(number, QueueId(queue))
        except AcdError as error:
            raise ApiError(409, str(error), "give another number, with its country code") from None
        return CallbackTimes(_seen(full, who), times)

    @app.get("/callbacks/{contact}", responses=answers(404))
    async def show_callback(contact: Id, who: Who) -> CallbackStatus:
        return _status(_known(ports, contact), who)


def _known(ports: ApiPorts, contact: str) -> OpenCallback:
    held = ports.callbacks.find(ContactId(contact))
    if held is None:
        raise ApiError(404, f"no callback is owed to {contact}", "`trunkline callbacks` lists all")
    return held


def _status(held: OpenCallback, who: Principal) -> CallbackStatus:
    return CallbackStatus(
        held.contact,
        _seen(held.number, who),
        held.place.queue,
        held.first.value,
        held.promised_at,
        held.waits_since,
        held.not_before,
        held.attempts,
        held.again_at,
        held.place.agent,
        held.by,
    )


def _lost(caller: LostCaller, ports: ApiPorts, who: Principal) -> LostStatus:
    try:
        full = ports.callbacks.number(caller.number)
        problem = "is owed a call already" if ports.callbacks.owed_to(full) else ""
    except AcdError as error:
        problem = str(error)
    number = _seen(caller.number, who)
    return LostStatus(
        caller.contact, number, caller.queue, caller.at, caller.waited_s, caller.outcome, problem
    )


def _seen(number: str, who: Principal) -> str:
    return number if who.sees is not Privacy.PUBLIC else ""
