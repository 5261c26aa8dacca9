"""What a flow needs from the telephone line: the Protocol that the server implements for a call.

What not every server can do stands in Protocols of its own. A server says by `Known.capabilities` which it
has; a flow that needs another one is refused when it is loaded.
"""

from typing import Protocol, runtime_checkable

from ivr_flows.definition.causes import HangupCause
from ivr_flows.engine.inputs import Input, PlaybackId
from ivr_flows.engine.instructions import (
    AskOutside,
    Enqueue,
    Listen,
    Note,
    PlayKeys,
    Record,
    StartPlayback,
    Transfer,
)


class Caller(Protocol):
    """One caller on the line.

    Orders return as soon as they are under way; what comes of them arrives through `next_input`. Ids of
    playbacks and of listening are chosen by the flow. A playback replaces the one before, and one that was
    replaced or stopped need not be reported as finished. A side failure (a prompt that cannot be rendered, a
    recogniser that is busy) is reported as an input or costs its own effect only: raising ends the flow.
    """

    async def next_input(self) -> Input:
        """Return the next thing that happened. Cancelled, it must lose nothing (as `asyncio.Queue.get`)."""

    async def answer(self) -> None:
        """Comes before anything is to be heard; nothing happens when the call has been answered already."""

    async def play(self, order: StartPlayback) -> None: ...

    async def stop_playback(self, playback: PlaybackId) -> None: ...

    async def listen(self, order: Listen) -> None: ...

    async def stop_listening(self) -> None: ...

    async def conceal(self, on: bool) -> None:
        """Keep what is keyed out of recordings and traces while on; see `Conceal`."""

    async def enqueue(self, order: Enqueue) -> None: ...

    async def transfer(self, order: Transfer) -> None: ...

    async def hang_up(self, cause: HangupCause) -> None: ...

    def note(self, note: Note) -> None:
        """Write a fact to the journal. Not awaited: it must also work while the call is being cancelled."""


@runtime_checkable
class Requests(Protocol):
    """Asks the outside; capabilities `http`, `profile`, `notice`, `notify`, `bot`, by kind of request."""

    async def request(self, order: AskOutside) -> None:
        """Returns when the request is under way; a side failure is told as RequestDone(FAILED)."""


@runtime_checkable
class Statements(Protocol):
    """Records what the caller says as an item of its own; capability `record`."""

    async def record(self, order: Record) -> None: ...


@runtime_checkable
class KeySender(Protocol):
    """Sends keys to the caller's side; capability `send_digits`."""

    async def send_digits(self, order: PlayKeys) -> None: ...
