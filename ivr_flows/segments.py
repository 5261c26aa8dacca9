"""What a caller can hear: the pieces that a playback is made of, to be rendered by the port's implementer.

Pieces are played in order and without gaps. None contains a variable any more; `texts.spoken_pieces` says
which sentences a piece needs from a synthesiser.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Text:
    """Words for the synthesiser."""

    text: str


@dataclass(frozen=True, slots=True)
class PromptFile:
    """A recorded prompt; the path has been resolved against the folder of the flow file."""

    path: Path


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence."""

    duration_ms: int


@dataclass(frozen=True, slots=True)
class Digits:
    """Digits spoken one by one, as an order number is."""

    digits: str


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number spoken as a quantity."""

    number: int


@dataclass(frozen=True, slots=True)
class Music:
    """A piece of built-in music, by name."""

    name: str


Segment = Text | PromptFile | Pause | Digits | Number | Music

BUILTIN_MUSIC = frozenset({"hold"})
