"""What a softphone can be told to do."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field


@dataclass(frozen=True, slots=True)
class Register:
    """Register at the registrar and stay registered."""

    kind: Literal["register"] = "register"


@dataclass(frozen=True, slots=True)
class Unregister:
    """Give the registration up."""

    kind: Literal["unregister"] = "unregister"


@dataclass(frozen=True, slots=True)
class Call:
    """Call somebody; there may be no other call."""

    uri: str
    kind: Literal["call"] = "call"


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer the call that rings."""

    kind: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call, or refuse it when it is still ringing (486)."""

    kind: Literal["hang_up"] = "hang_up"


@dataclass(frozen=True, slots=True)
class Hold:
    """Put the peer on hold with a re-INVITE."""

    kind: Literal["hold"] = "hold"


@dataclass(frozen=True, slots=True)
class Resume:
    """Take the peer back from hold with a re-INVITE."""

    kind: Literal["resume"] = "resume"


@dataclass(frozen=True, slots=True)
class SendDigits:
    """Press keys: telephone-events of RFC 4733."""

    digits: Annotated[str, Field(pattern=r"^[0-9A-D*#]+$")]
    kind: Literal["send_digits"] = "send_digits"


@dataclass(frozen=True, slots=True)
class Play:
    """Say a WAV file (8 kHz, mono, 16 bit) into the call; replaces what is being played."""

    path: Path
    kind: Literal["play"] = "play"


@dataclass(frozen=True, slots=True)
class Record:
    """Keep what is heard in a WAV file, from the first audio on; may come before the call, holds for one."""

    path: Path
    kind: Literal["record"] = "record"


@dataclass(frozen=True, slots=True)
class Quit:
    """End the call, give the registration up and end the process. So does the end of its input."""

    kind: Literal["quit"] = "quit"


Command = Register | Unregister | Call | Answer | HangUp | Hold | Resume | SendDigits | Play | Record | Quit
