"""What every node of a flow is, whatever its kind, and what a way out of one looks like."""

from dataclasses import dataclass
from typing import Protocol


class Node(Protocol):
    """One frozen type per kind; the modules of `ivr_flows.kinds` hold them."""

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Exit:
    """A target and the path of keys, inside the node, at which it is written."""

    path: tuple[str, ...]
    target: str
