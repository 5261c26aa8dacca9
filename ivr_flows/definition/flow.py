"""A whole flow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from ivr_flows.definition.hours import Calendar
from ivr_flows.definition.node import Node
from ivr_flows.definition.prompts import Template
from ivr_flows.expressions.functions import Table
from ivr_flows.expressions.tree import Type

UTC = ZoneInfo("UTC")

CALLER_VARIABLES = frozenset(
    {"caller_number", "caller_name", "caller_vip", "called_number", "contact", "context"}
)
"""Set by the server before a flow starts, so that every flow may use them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far one call may go; see `engine.limits`."""

    steps: int = 1000
    """nodes entered in the whole call"""
    time_s: float = 7200.0
    """in the flow, outside of queues and transfers"""
    repeats: int = 20
    """entries of one node without anything from the caller"""
    then: str | None = None
    """where a caller goes once who has reached a limit; absent: the call ends"""


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
    otherwise: str | None = None
    """Where callers go whom a node has no own way for."""
    hung_up: str | None = None
    """Where the flow goes on without the caller, who hung up; absent: it ends then."""
    failed: str | None = None
    """Where callers go when a prompt cannot be played and the node has no way of its own for that."""
    limits: Limits = Limits()
    variables: Mapping[str, str] = field(default_factory=dict)
    """Values before anything has been collected; the server's caller variables come on top."""
    secrets: frozenset[str] = frozenset()
    """The variables whose values must never be shown, whichever node sets them."""
    concealed: frozenset[str] = frozenset()
    """The nodes that set one of them."""
    types: Mapping[str, Type] = field(default_factory=dict)
    """What each variable holds; of those that are not there it is text."""
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    lists: Mapping[str, Table] = field(default_factory=dict)
    zone: ZoneInfo = UTC
    """Where `today()` and `hour()` are."""
    voices: Mapping[str, str] = field(default_factory=dict)
    """The voice of each further language."""
    catalogues: Mapping[str, Mapping[str, Template]] = field(default_factory=dict)
    """For each further language, texts by how they are written in the flow's own."""
    phrases: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """For each further language, what callers say instead of a phrase of the flow's own."""
    flows: Mapping[str, "Flow"] = field(default_factory=dict)
    """The flows that this one transfers callers to, and those that these do, by name."""
    path: Path | None = None
    digest: str = ""
    """Tells one content of the file from another; a saved session goes on with the same one only."""

    def named(self, name: str) -> "Flow":
        """Return this flow or one that it leads to."""
        return self if name == self.name else self.flows[name]

    @property
    def all_secrets(self) -> frozenset[str]:
        """The secrets of this flow and of all that it leads to."""
        return self.secrets.union(*(flow.secrets for flow in self.flows.values()))
