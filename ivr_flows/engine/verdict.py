"""What a menu or a collect makes of the digits so far, or of an utterance."""

from dataclasses import dataclass, field
from enum import Enum

from ivr_flows.definition.nodes import Option


@dataclass(frozen=True, slots=True)
class Chosen:
    """A menu's option."""

    option: Option


@dataclass(frozen=True, slots=True)
class Taken:
    """A whole entry. `early` when it ended by its length alone, so that a terminator may still follow."""

    digits: str = field(repr=False)
    early: bool = False


class Open(Enum):
    """No answer yet."""

    MORE = "more"
    """more digits may follow"""
    MISMATCH = "mismatch"
    """whatever follows, it fits nothing"""


Verdict = Chosen | Taken | Open
