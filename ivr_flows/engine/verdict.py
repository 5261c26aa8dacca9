"""What a question makes of the keys so far, or of an utterance."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. `late` is a key that may still follow and belongs to it: the `#` of a chosen key."""

    value: Any = field(repr=False)
    late: str | None = None


class Open(Enum):
    """No answer yet."""

    MORE = "more"
    """more digits may follow"""
    MISMATCH = "mismatch"
    """whatever follows, it fits nothing"""


Verdict = Reply | Open
