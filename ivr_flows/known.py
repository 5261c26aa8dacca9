"""What is known about the server that will run a flow."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Known:
    """The names that exist outside of flows; None where the caller of the check does not know them."""

    queues: frozenset[str] | None = None
    skills: frozenset[str] | None = None
    agents: frozenset[str] | None = None
    dials_numbers: bool | None = None
    waits: frozenset[str] | None = None
    """The queues that have a longest wait of their own; a flow's queue node without one inherits it."""
    today: date | None = None
    """Answers that have expired on this day are reported."""
    recognised: frozenset[str] | None = None
    """The languages in which callers are understood, like `en`."""
    capabilities: frozenset[str] | None = None
    """What the server can carry out beyond the ordinary: `http`, `profile`, `notice`, `notify`, `bot`,
    `record`, `send_digits`, `announce`, `tell`; see `Kind.needs` and `ports.py`."""


NOTHING_KNOWN = Known()
