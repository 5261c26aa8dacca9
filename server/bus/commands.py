"""Commands that come in over the bus: what they may be, and the answer to each (pure but for the ports).

PREFIX/INSTANCE/commands                      `{"command": ..., "id": ..., fields}`
PREFIX/INSTANCE/answers/ID                    `{"id": ..., "done": true, ...}`, or false and an `error`

The broker may deliver a command twice: one whose `id` was answered lately is answered again, not done again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Protocol, assert_never

import msgspec
from msgspec import Meta, Struct

from acd.agent_state import AcdError
from acd.events import AgentEvent, BreakEnded, BreakStarted, CallFirst, WrapUpDone, WrapUpExtended
from acd.settings import AcdSettings
from acd.wrap_up import LONGEST_EXTENSION_S
from contacts.facts.fact import Fact
from contacts.facts.system import AccessUsed
from contacts.ids import AgentId, ContactId, QueueId
from server.callbacks.ordering import CallbackOrder, check_names
from server.callbacks.promises import OpenCallback

REMEMBERED = 1000
LARGEST_BYTES = 16 * 1024
BY = "bus"

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Level = Annotated[int, Meta(ge=1, le=10)]


class _FromBus(Struct, frozen=True, tag_field="command", forbid_unknown_fields=True):
    id: Id
    """Chosen by whoever asks; the answer has it too."""


class AgentBreak(_FromBus, frozen=True, tag="agent.break"):
    """No more calls for the agent, after the one they are in and its wrap-up."""

    agent: Name
    reason: Annotated[str, Meta(max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""


class AgentBack(_FromBus, frozen=True, tag="agent.back"):
    """The agent is offered calls again."""

    agent: Name


class AgentWrapUp(_FromBus, frozen=True, tag="agent.wrap_up"):
    """The agent is done with the wrap-up, or with `more_s` needs so much more time."""

    agent: Name
    code: Annotated[str, Meta(max_length=64)] = ""
    more_s: Annotated[float, Meta(ge=0, le=LONGEST_EXTENSION_S)] = 0.0


class CallbackOrdered(_FromBus, frozen=True, tag="callback.order"):
    """Promise a customer a call; the answer names the contact."""

    number: Annotated[str, Meta(min_length=3, max_length=40, pattern=r"^[+0-9 ()/.-]+$")]
    queue: Name
    first: CallFirst | None = None
    not_before: Annotated[datetime, Meta(tz=True)] | None = None
    priority: Annotated[int, Meta(ge=0, le=100)] = 0
    skills: Annotated[dict[str, Level], Meta(max_length=20)] = {}
    agent: Annotated[str, Meta(max_length=64)] = ""
    agent_wait_s: Annotated[float, Meta(ge=0, le=86400)] = 0.0


class CallbackCancelled(_FromBus, frozen=True, tag="callback.cancel"):
    """Take a promise back."""

    contact: Id


BusCommand = AgentBreak | AgentBack | AgentWrapUp | CallbackOrdered | CallbackCancelled


class Promises(Protocol):
    """Callbacks, as `server.callbacks.ordering.CallbackOrders` takes them."""

    def order(self, order: CallbackOrder) -> OpenCallback:
        """Raises AcdError."""
        ...

    def cancel(self, contact: ContactId, by: str) -> bool: ...


class Commanded:
    """Carries commands out, in the event loop, one after the other."""

    def __init__(
        self,
        post: Callable[[AgentEvent], None],
        promises: Promises,
        acd: Callable[[], AcdSettings],
        note: Callable[[Fact], object],
    ) -> None:
        self._post = post
        self._promises = promises
        self._acd = acd
        self._note = note
        self._answered: OrderedDict[str, bytes] = OrderedDict()

    def answer(self, payload: bytes) -> tuple[str, bytes] | None:
        """The id and the answer; None for what has no id to be answered by."""
        try:
            if len(payload) > LARGEST_BYTES:
                raise msgspec.ValidationError("larger than any command")
            command = msgspec.json.decode(payload, type=BusCommand)
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            named = _id_in(payload)
            return None if named is None else (named, _refused(named, str(error)))
        if command.id in self._answered:
            return command.id, self._answered[command.id]
        told = self._told(command)
        self._answered[command.id] = told
        if len(self._answered) > REMEMBERED:
            self._answered.popitem(last=False)
        return command.id, told

    def _told(self, command: BusCommand) -> bytes:
        subject = getattr(command, "agent", "") or getattr(command, "contact", "")
        action = str(command.__struct_config__.tag)
        self._note(AccessUsed(principal=BY, role=BY, action=action, subject=subject))
        try:
            return _done(command.id, self._carry_out(command))
        except AcdError as error:
            return _refused(command.id, str(error))

    def _carry_out(self, command: BusCommand) -> dict[str, Any]:
        """What the answer says beside that it is done; raises AcdError."""
        match command:
            case CallbackOrdered():
                order = _order(command)
                check_names(self._acd(), order)
                return {"contact": self._promises.order(order).contact}
            case CallbackCancelled(contact=contact):
                if not self._promises.cancel(ContactId(contact), BY):
                    raise AcdError("no callback is owed to that contact")
            case AgentBreak() | AgentBack() | AgentWrapUp():
                self._post(_event(command))
            case _:
                assert_never(command)
        return {}


def _event(command: AgentBreak | AgentBack | AgentWrapUp) -> AgentEvent:
    agent = AgentId(command.agent)
    match command:
        case AgentBreak(reason=reason):
            return BreakStarted(agent, reason)
        case AgentBack():
            return BreakEnded(agent)
        case AgentWrapUp(code=code, more_s=more_s):
            return WrapUpExtended(agent, more_s) if more_s else WrapUpDone(agent, code)


def _order(command: CallbackOrdered) -> CallbackOrder:
    return CallbackOrder(
        command.number,
        QueueId(command.queue),
        BY,
        command.first,
        command.not_before,
        command.priority,
        command.skills,
        command.agent,
        command.agent_wait_s,
    )


def _done(named: str, told: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"id": named, "done": True, **told})


def _refused(named: str, error: str) -> bytes:
    return msgspec.json.encode({"id": named, "done": False, "error": error})


def _id_in(payload: bytes) -> str | None:
    """Of a command that is malformed otherwise."""

    class Named(Struct):
        id: Id

    try:
        return msgspec.json.decode(payload[:LARGEST_BYTES], type=Named).id
    except (msgspec.DecodeError, RecursionError):
        return None
