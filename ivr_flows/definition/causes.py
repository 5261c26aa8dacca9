"""Why a flow ended a call, and what that is called on the wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class OnTheWire:
    """How a telephone network says it: the SIP status of a call that was never answered, and the cause of
    Q.850 for the Reason header (RFC 3326) of one that was."""

    sip_status: int
    q850: int


class HangupCause(StrEnum):
    """Why a flow ended a call. The first ones may be written in a `hangup` node."""

    NORMAL = "normal"
    BUSY = "busy"
    CONGESTION = "congestion"
    UNAVAILABLE = "unavailable"
    REJECTED = "rejected"

    NO_INPUT = "no_input"
    NO_MATCH = "no_match"
    QUEUE_OVERFLOW = "queue_overflow"
    NOBODY_TO_SERVE = "nobody_to_serve"
    QUEUE_FAILED = "queue_failed"
    TRANSFER_FAILED = "transfer_failed"
    LIMIT_REACHED = "limit_reached"
    FLOW_FAILED = "flow_failed"
    CALLER_LEFT = "caller_left"

    @property
    def on_the_wire(self) -> OnTheWire:
        return _ON_THE_WIRE[self]


WRITABLE_CAUSES = (
    HangupCause.NORMAL,
    HangupCause.BUSY,
    HangupCause.CONGESTION,
    HangupCause.UNAVAILABLE,
    HangupCause.REJECTED,
)

_ON_THE_WIRE: Mapping[HangupCause, OnTheWire] = {
    HangupCause.NORMAL: OnTheWire(480, 16),
    HangupCause.BUSY: OnTheWire(486, 17),
    HangupCause.CONGESTION: OnTheWire(503, 42),
    HangupCause.UNAVAILABLE: OnTheWire(480, 20),
    HangupCause.REJECTED: OnTheWire(603, 21),
    HangupCause.NO_INPUT: OnTheWire(480, 16),
    HangupCause.NO_MATCH: OnTheWire(480, 16),
    HangupCause.QUEUE_OVERFLOW: OnTheWire(480, 19),
    HangupCause.NOBODY_TO_SERVE: OnTheWire(480, 20),
    HangupCause.QUEUE_FAILED: OnTheWire(500, 41),
    HangupCause.TRANSFER_FAILED: OnTheWire(480, 18),
    HangupCause.LIMIT_REACHED: OnTheWire(480, 31),
    HangupCause.FLOW_FAILED: OnTheWire(500, 41),
    HangupCause.CALLER_LEFT: OnTheWire(487, 16),
}
