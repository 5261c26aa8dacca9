"""What the reader of a node knows about the flow around it."""

from dataclasses import dataclass

from ivr_flows.reading.defaults import Defaults
from ivr_flows.reading.prompts import PromptReader


@dataclass(frozen=True, slots=True)
class Context:
    """The same for all nodes of a file."""

    prompts: PromptReader
    defaults: Defaults
    operator: str | None
    language: str
    speaks: bool
    """The recogniser understands the language, as far as the reader knows."""
