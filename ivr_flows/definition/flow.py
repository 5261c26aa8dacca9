"""A whole flow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ivr_flows.definition.hours import Calendar
from ivr_flows.definition.nodes import Collect, Node

CALLER_VARIABLES = frozenset({"caller_number", "caller_name", "called_number", "contact"})
"""Set by the server before a flow starts, so that every flow may use them."""


@dataclass(frozen=True)
class Flow:
    """One flow file that has passed every check. `start` and all targets name existing nodes."""

    name: str
    version: str
    language: str
    voice: str | None
    start: str
    nodes: Mapping[str, Node]
    operator: str | None = None
    fallback: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    """Values before anything has been collected; the server's caller variables come on top."""
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    path: Path | None = None

    @property
    def secrets(self) -> frozenset[str]:
        """The variables whose values must never be shown."""
        return frozenset(
            node.variable for node in self.nodes.values() if isinstance(node, Collect) and node.secret
        )
