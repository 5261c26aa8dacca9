"""The thin shell around a session: one caller, one timer, no decisions.

Hang-up is cancellation: when the task that drives a flow is cancelled, the session is told that the caller is
gone, its last notes are written, and the cancellation goes on.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from ivr_flows.definition.causes import HangupCause
from ivr_flows.engine.inputs import HungUp, Input, Started, Tick
from ivr_flows.engine.instructions import (
    Answer,
    AskOutside,
    Conceal,
    Enqueue,
    HangUp,
    Instruction,
    Listen,
    Note,
    PlayKeys,
    Record,
    StartPlayback,
    StopListening,
    StopPlayback,
    Transfer,
)
from ivr_flows.engine.session import Session
from ivr_flows.ports import Caller, KeySender, Requests, Statements


@dataclass(frozen=True, slots=True)
class Clocks:
    """The two clocks that a flow is given: one to measure by, one to judge opening hours by."""

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], datetime] = lambda: datetime.now(UTC)


REAL_CLOCKS = Clocks()


async def drive(session: Session, caller: Caller, clocks: Clocks = REAL_CLOCKS) -> HangupCause:
    """Run a session to its end and return why it ended."""
    try:
        received: Input = Started(clocks.wall())
        while True:
            await _perform(caller, session.resume(received, clocks.now()))
            if session.cause is not None:
                return session.cause
            received = await _next(session, caller, clocks)
    except asyncio.CancelledError:
        _write_notes(caller, session.resume(HungUp(), clocks.now()))
        raise


async def _next(session: Session, caller: Caller, clocks: Clocks) -> Input:
    deadline = session.deadline()
    if deadline is None:
        return await caller.next_input()
    limit = asyncio.timeout(max(0.0, deadline - clocks.now()))
    try:
        # an input that is there already is returned without waiting: it goes before the timer, as it should
        async with limit:
            return await caller.next_input()
    except TimeoutError:
        if not limit.expired():
            raise
        return Tick()


def _write_notes(caller: Caller, instructions: Iterable[Instruction]) -> None:
    for instruction in instructions:
        if isinstance(instruction, Note):
            caller.note(instruction)


async def _perform(caller: Caller, instructions: Iterable[Instruction]) -> None:
    for instruction in instructions:
        await _carry_out(caller, instruction)


async def _carry_out(caller: Caller, instruction: Instruction) -> None:  # noqa: C901 -- one line per order
    match instruction:
        case Note():
            caller.note(instruction)
        case Answer():
            await caller.answer()
        case StartPlayback():
            await caller.play(instruction)
        case StopPlayback():
            await caller.stop_playback(instruction.playback)
        case Listen():
            await caller.listen(instruction)
        case StopListening():
            await caller.stop_listening()
        case Conceal(on):
            await caller.conceal(on)
        case AskOutside() | Record() | PlayKeys():
            await _carry_out_more(caller, instruction)
        case Enqueue():
            await caller.enqueue(instruction)
        case Transfer():
            await caller.transfer(instruction)
        case HangUp():
            await caller.hang_up(instruction.cause)
        case _:
            assert_never(instruction)


async def _carry_out_more(caller: Caller, instruction: AskOutside | Record | PlayKeys) -> None:
    """What not every server can do; flows that need what this one cannot are refused when they are loaded."""
    match instruction:
        case AskOutside() if isinstance(caller, Requests):
            await caller.request(instruction)
        case Record() if isinstance(caller, Statements):
            await caller.record(instruction)
        case PlayKeys() if isinstance(caller, KeySender):
            await caller.send_digits(instruction)
        case _:
            raise NotImplementedError(f"no server without {type(instruction).__name__} loads such a flow")
