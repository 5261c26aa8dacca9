"""What the reader of a node knows about the flow around it."""

from dataclasses import dataclass

from ivr_flows.kinds.manner import Manner
from ivr_flows.reading.prompts import PromptReader


@dataclass(frozen=True, slots=True)
class Context:
    """The same for all nodes of a file, but for `following`."""

    prompts: PromptReader
    defaults: Manner
    operator: str | None = None
    language: str = "en"
    speaks: bool = True
    """The recogniser understands the language, as far as the reader knows."""
    capabilities: frozenset[str] | None = None
    """What the server that will run the flow can do; None: not known, everything is accepted."""
    following: str | None = None
    """The next step of the list in which the node is one."""
