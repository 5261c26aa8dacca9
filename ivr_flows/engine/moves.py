"""What a node wants after it has been entered or told something."""

from dataclasses import dataclass
from enum import Enum

from ivr_flows.definition.causes import HangupCause


@dataclass(frozen=True, slots=True)
class Go:
    """Enter another node."""

    target: str


@dataclass(frozen=True, slots=True)
class End:
    """End the call."""

    cause: HangupCause


@dataclass(frozen=True, slots=True)
class Back:
    """Return to the flow that began this one; without one the call ends."""


class Stay(Enum):
    """Wait for the next input."""

    STAY = "stay"


STAY = Stay.STAY

Move = Go | End | Back | Stay
