"""A transfer ordered by a flow: call somebody, and let the caller talk with him."""

from __future__ import annotations

import asyncio
from typing import Protocol

from ivr_flows.engine.inputs import TransferOutcome
from ivr_flows.engine.instructions import Transfer
from media.errors import MediaError
from server.intake.dialler import UnreachableError
from server.intake.house import Dialler
from telephony.call import Call
from telephony.call_events import CallEnded
from telephony.sip.errors import SipSyntaxError

BUSY_STATUSES = (486, 600)
NO_ANSWER_STATUSES = (408, 480, 487)


class Talker(Protocol):
    """Who is being transferred."""

    call: Call

    def converse(self, other: Call, name: str) -> None: ...

    def end_conversation(self) -> None: ...


async def connect(talker: Talker, order: Transfer, dialler: Dialler) -> TransferOutcome:
    """Returns when the other party has left or never came; cancelled, it hangs up on the other party."""
    try:
        other = await dialler.dial(order.target, talker.call)
    except (UnreachableError, MediaError, SipSyntaxError, ValueError):
        return TransferOutcome.FAILED
    try:
        outcome = await _answered(other, order.ring_for_s)
        if outcome is TransferOutcome.ANSWERED:
            talker.converse(other, other.remote_uri)
            await other.ended
            talker.end_conversation()
        return outcome
    finally:
        if other.hangup is None:
            await other.hang_up("transfer over")


async def _answered(other: Call, ring_for_s: float) -> TransferOutcome:
    try:
        async with asyncio.timeout(ring_for_s):
            await other.wait_answered()
    except TimeoutError:
        return TransferOutcome.NO_ANSWER
    except CallEnded as ended:
        if ended.hangup.status in BUSY_STATUSES:
            return TransferOutcome.BUSY
        if ended.hangup.status in NO_ANSWER_STATUSES:
            return TransferOutcome.NO_ANSWER
        return TransferOutcome.FAILED
    return TransferOutcome.ANSWERED
