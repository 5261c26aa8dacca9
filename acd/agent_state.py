"""An agent's state: derived from facts, checked against one table.

Nobody sets a state. Facts change (a binding expires, a leg is up), `derive` reads the state off them, and the
table says where each cause may lead from each state. A change that is not in the table is a bug and raises.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import assert_never

from acd.events import (
    AgentEvent,
    AgentRegistered,
    AgentUnregistered,
    BreakEnded,
    BreakStarted,
    OtherCallEnded,
    OtherCallStarted,
    WrapUpDone,
    WrapUpExtended,
)
from contacts.ids import CallId, DeviceId, OfferId


class AcdError(Exception):
    """Anything that dispatch refuses."""


class ImpossibleTransitionError(AcdError):
    """The table has no such change: dispatch itself is wrong."""


class AgentState(Enum):
    """What an agent is doing, as everybody sees it."""

    OFFLINE = "offline"
    AVAILABLE = "available"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap-up"
    BREAK = "break"


class Cause(Enum):
    """Which kind of fact changed."""

    REGISTERED = "registered"
    UNREGISTERED = "unregistered"
    BREAK_STARTED = "break started"
    BREAK_ENDED = "break ended"
    OFFERED = "offered"
    ANSWERED = "answered"
    OFFER_FAILED = "offer failed"
    CALL_ENDED = "call ended"
    OTHER_CALL_STARTED = "other call started"
    OTHER_CALL_ENDED = "other call ended"
    WRAP_UP_FINISHED = "wrap-up finished"
    WRAP_UP_EXTENDED = "wrap-up extended"


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """Everything that an agent's state follows from."""

    devices: frozenset[DeviceId] = frozenset()
    ringing: OfferId | None = None
    talking: OfferId | None = None
    other_calls: frozenset[CallId] = frozenset()
    wrap_up_until: float | None = None
    wrap_up_open: bool = False
    """It does not end before the agent says so."""
    break_reason: str | None = None
    lost: bool = False
    """Their phone was gone in mid-talk, and no phone of theirs has registered since."""


def derive(facts: AgentFacts) -> AgentState:
    """Legs that exist outrank everything: a lost binding or a wish for a break does not end a call."""
    if facts.talking is not None or facts.other_calls:
        return AgentState.TALKING
    if facts.ringing is not None:
        return AgentState.RINGING
    if facts.lost or not facts.devices:
        return AgentState.OFFLINE
    if facts.wrap_up_until is not None or facts.wrap_up_open:
        return AgentState.WRAP_UP
    if facts.break_reason is not None:
        return AgentState.BREAK
    return AgentState.AVAILABLE


_OFFLINE = AgentState.OFFLINE
_AVAILABLE = AgentState.AVAILABLE
_RINGING = AgentState.RINGING
_TALKING = AgentState.TALKING
_WRAP_UP = AgentState.WRAP_UP
_BREAK = AgentState.BREAK

# Where a cause leads depends on the agent's other facts, hence several targets. A cause absent from a row
# cannot happen in that state.
TRANSITIONS: dict[AgentState, dict[Cause, tuple[AgentState, ...]]] = {
    _OFFLINE: {
        Cause.REGISTERED: (_AVAILABLE, _WRAP_UP, _BREAK),
        Cause.UNREGISTERED: (_OFFLINE,),
        Cause.BREAK_STARTED: (_OFFLINE,),
        Cause.BREAK_ENDED: (_OFFLINE,),
        Cause.OTHER_CALL_STARTED: (_TALKING,),
        Cause.WRAP_UP_FINISHED: (_OFFLINE,),
        Cause.WRAP_UP_EXTENDED: (_OFFLINE,),
    },
    _AVAILABLE: {
        Cause.REGISTERED: (_AVAILABLE,),
        Cause.UNREGISTERED: (_AVAILABLE, _OFFLINE),
        Cause.BREAK_STARTED: (_BREAK,),
        Cause.OFFERED: (_RINGING,),
        Cause.OTHER_CALL_STARTED: (_TALKING,),
    },
    _RINGING: {
        Cause.REGISTERED: (_RINGING,),
        Cause.UNREGISTERED: (_RINGING,),
        Cause.BREAK_STARTED: (_RINGING,),
        Cause.BREAK_ENDED: (_RINGING,),
        Cause.ANSWERED: (_TALKING,),
        Cause.OFFER_FAILED: (_AVAILABLE, _BREAK, _OFFLINE),
        Cause.OTHER_CALL_STARTED: (_TALKING,),
    },
    _TALKING: {
        Cause.REGISTERED: (_TALKING,),
        Cause.UNREGISTERED: (_TALKING,),
        Cause.BREAK_STARTED: (_TALKING,),
        Cause.BREAK_ENDED: (_TALKING,),
        Cause.ANSWERED: (_TALKING,),
        Cause.OFFER_FAILED: (_TALKING,),
        Cause.CALL_ENDED: (_TALKING, _WRAP_UP, _AVAILABLE, _BREAK, _OFFLINE),
        Cause.OTHER_CALL_STARTED: (_TALKING,),
        Cause.OTHER_CALL_ENDED: (_TALKING, _RINGING, _WRAP_UP, _AVAILABLE, _BREAK, _OFFLINE),
        Cause.WRAP_UP_FINISHED: (_TALKING,),
        Cause.WRAP_UP_EXTENDED: (_TALKING,),
    },
    _WRAP_UP: {
        Cause.REGISTERED: (_WRAP_UP,),
        Cause.UNREGISTERED: (_WRAP_UP, _OFFLINE),
        Cause.BREAK_STARTED: (_WRAP_UP,),
        Cause.BREAK_ENDED: (_WRAP_UP,),
        Cause.OTHER_CALL_STARTED: (_TALKING,),
        Cause.WRAP_UP_FINISHED: (_WRAP_UP, _AVAILABLE, _BREAK),
        Cause.WRAP_UP_EXTENDED: (_WRAP_UP,),
    },
    _BREAK: {
        Cause.REGISTERED: (_BREAK,),
        Cause.UNREGISTERED: (_BREAK, _OFFLINE),
        Cause.BREAK_STARTED: (_BREAK,),
        Cause.BREAK_ENDED: (_AVAILABLE,),
        Cause.OTHER_CALL_STARTED: (_TALKING,),
    },
}


def checked(old: AgentState, cause: Cause, facts: AgentFacts) -> AgentState:
    """The state that follows from the facts, if the table lets this cause lead there."""
    new = derive(facts)
    if new not in TRANSITIONS[old].get(cause, ()):
        raise ImpossibleTransitionError(f"{old.value} -> {new.value} because {cause.value}")
    return new


def learned(facts: AgentFacts, event: AgentEvent) -> tuple[AgentFacts, Cause]:
    """The facts after what an agent's devices or the agent themselves did."""
    match event:
        case AgentRegistered(device=device):
            return replace(facts, devices=facts.devices | {device}, lost=False), Cause.REGISTERED
        case AgentUnregistered(device=device):
            return replace(facts, devices=facts.devices - {device}), Cause.UNREGISTERED
        case BreakStarted(reason=reason):
            return replace(facts, break_reason=reason), Cause.BREAK_STARTED
        case BreakEnded():
            return replace(facts, break_reason=None), Cause.BREAK_ENDED
        case OtherCallStarted(call=call):
            return replace(facts, other_calls=facts.other_calls | {call}), Cause.OTHER_CALL_STARTED
        case OtherCallEnded(call=call):
            return replace(facts, other_calls=facts.other_calls - {call}), Cause.OTHER_CALL_ENDED
        case WrapUpDone() | WrapUpExtended():
            return _wrap_up_learned(facts, event)
        case _:
            assert_never(event)


def _wrap_up_learned(facts: AgentFacts, event: WrapUpDone | WrapUpExtended) -> tuple[AgentFacts, Cause]:
    if isinstance(event, WrapUpDone):
        return replace(facts, wrap_up_until=None, wrap_up_open=False), Cause.WRAP_UP_FINISHED
    until = None if facts.wrap_up_until is None else facts.wrap_up_until + event.by_s
    return replace(facts, wrap_up_until=until), Cause.WRAP_UP_EXTENDED


def diagram() -> str:
    """The table as a mermaid state diagram; causes that leave the state as it is are not drawn."""
    lines = ["stateDiagram-v2", f"    [*] --> {_OFFLINE.name}"]
    lines += [f"    {state.name} : {state.value}" for state in AgentState]
    for old, row in TRANSITIONS.items():
        for new in AgentState:
            causes = [cause.value for cause, targets in row.items() if new in targets and new is not old]
            if causes:
                lines.append(f"    {old.name} --> {new.name} : {', '.join(causes)}")
    return "\n".join(lines) + "\n"
