"""A session as JSON, at any wait.

Values of secret variables, and digits that may be part of one, are left out unless asked for: what is written
is then fit for a log or a bug report, and a session restored from it knows the secret as empty. A session
goes on with the very flow that it began with: its version and the digest of its file are kept with it, and
another content of the file is refused, because the node that it waits at may not wait for the same any more.

No server keeps sessions yet: a call ends with the process that has it. `trunkline flow test` writes and reads
each session whenever somebody does something: what cannot be taken over is found before a server does it.
"""

import json
import math
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any, TypeVar

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.flow import Flow
from ivr_flows.engine.run import TYPE_AHEAD_LIMIT
from ivr_flows.engine.session import Session
from ivr_flows.engine.state import Activation, Phase, State

FORMAT = 3
NAMES = tuple(field.name for field in fields(State))

MOMENTS = (
    *("started_at", "late_terminator_until", "second_began", "deadline"),
    *("drop_before", "wait_ends", "spending_since"),
)
"""Written relative to `now`, because a monotonic clock means nothing in another process."""


class SessionDataError(Exception):
    """The JSON is no session of this flow."""


def session_to_json(session: Session, *, with_secrets: bool = False) -> str:
    """Write a session; `with_secrets` only for a store that is as well kept as the secrets deserve."""
    state = session.state
    data: dict[str, Any] = {name: getattr(state, name) for name in NAMES}
    for name in MOMENTS:
        moment = data[name]
        data[name] = None if moment is None or math.isinf(moment) else moment - state.now
    data["wall_clock"] = None if state.wall_clock is None else state.wall_clock.isoformat()
    del data["now"]
    secrets = session.flow.all_secrets
    data["waiting"] = [asdict(below) for below in state.waiting]
    data["secrets"] = sorted(secrets & set(state.variables))
    if secrets and not with_secrets:
        data["variables"] = _without(secrets, state.variables)
        data["partial"] = {}
        for below in data["waiting"]:
            below["variables"] = _without(secrets, below["variables"])
        data["typed_ahead"] = ""
        data["entry"] = "" if state.concealed else state.entry
    flow = session.flow
    envelope = {"format": FORMAT, "flow": flow.name, "version": flow.version, "digest": flow.digest}
    return json.dumps({**envelope, "state": data}, ensure_ascii=False)


def _without(secrets: frozenset[str], values: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name not in secrets}


def session_from_json(flow: Flow, text: str, now: float, wall_clock: datetime) -> Session:
    """Go on with a session on a clock that reads `now`, at a time of day that is `wall_clock`.

    Raises SessionDataError for whatever is no session of this very flow.
    """
    if wall_clock.tzinfo is None:
        raise ValueError("the wall clock must carry a time zone")
    try:
        envelope = json.loads(text)
        if envelope["format"] != FORMAT:
            raise SessionDataError(f"session format {envelope['format']!r} is not {FORMAT}")
        if envelope["flow"] != flow.name:
            raise SessionDataError(f"session of flow {envelope['flow']!r}, not of {flow.name!r}")
        if envelope["digest"] != flow.digest:
            versions = f"version {envelope['version']!r}, now {flow.version!r}"
            raise SessionDataError(f"flow {flow.name!r} has changed since the session was saved: {versions}")
        state = _state(envelope["state"], now)
        if state.wall_clock is not None:
            # the time for which the session was away has passed on the wall, though not on its own clock
            state.wall_clock = wall_clock - timedelta(seconds=now - state.started_at)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise SessionDataError(f"not a session: {type(error).__name__}") from error
    _refuse_strange_places(flow, state)
    return Session.restored(flow, state)


def _refuse_strange_places(flow: Flow, state: State) -> None:
    if any(name not in (flow.name, *flow.flows) for name in _flows_of(state)):
        raise SessionDataError(f"flow {flow.name!r} leads to other flows than it did")
    if state.phase is not Phase.NEW and state.node not in flow.named(state.flow or flow.name).nodes:
        raise SessionDataError(f"flow {flow.name!r} has no node {state.node!r} any more")


def _flows_of(state: State) -> tuple[str, ...]:
    return tuple(name for name in (state.flow, *(below.flow for below in state.waiting)) if name)


def _texts(data: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in data.items()}


def _state(data: dict[str, Any], now: float) -> State:
    variables = _texts(data["variables"])
    for name in data["secrets"]:
        variables.setdefault(str(name), "")
    wall_clock = None if data["wall_clock"] is None else datetime.fromisoformat(data["wall_clock"])
    visits = {str(name): int(count) for name, count in data["visits"].items()}
    return State(
        phase=Phase(data["phase"]),
        flow=str(data["flow"]),
        node=str(data["node"]),
        waiting=[_activation(below) for below in data["waiting"]],
        step=str(data["step"]),
        partial=_texts(data["partial"]),
        requests=int(data["requests"]),
        language=str(data["language"]),
        now=now,
        started_at=now + _finite(data["started_at"]),
        answered=bool(data["answered"]),
        wall_clock=wall_clock,
        variables=variables,
        entry=str(data["entry"]),
        typed_ahead=str(data["typed_ahead"])[:TYPE_AHEAD_LIMIT],
        drop_before=_moment(data["drop_before"], now, -math.inf),
        playback=int(data["playback"]),
        barge_in=bool(data["barge_in"]),
        listening=bool(data["listening"]),
        listens=int(data["listens"]),
        concealed=bool(data["concealed"]),
        deadline=_moment(data["deadline"], now, None),
        wait_ends=_moment(data["wait_ends"], now, math.inf),
        questions=int(data["questions"]),
        no_input=int(data["no_input"]),
        no_match=int(data["no_match"]),
        late_terminator=str(data["late_terminator"]),
        late_terminator_until=now + _finite(data["late_terminator_until"]),
        keys=int(data["keys"]),
        repeats=int(data["repeats"]),
        handed_on=int(data["handed_on"]),
        steps=int(data["steps"]),
        visits=visits,
        spent_s=_finite(data["spent_s"]),
        spending_since=_moment(data["spending_since"], now, None),
        limited=bool(data["limited"]),
        second_began=now + _finite(data["second_began"]),
        steps_this_second=int(data["steps_this_second"]),
        gone=bool(data["gone"]),
        cleared_up=bool(data["cleared_up"]),
        cause=None if data["cause"] is None else HangupCause(data["cause"]),
    )


T = TypeVar("T", float, float | None)


def _moment(value: Any, now: float, never: T) -> T:
    return never if value is None else now + _finite(value)


def _activation(data: Any) -> Activation:
    return Activation(str(data["flow"]), str(data["node"]), _texts(data["variables"]))


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("a moment must be a finite number")
    return number
