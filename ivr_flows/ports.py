"""What a flow needs from the telephone line: the one Protocol that the server implements for a call."""

from typing import Protocol

from ivr_flows.definition.causes import HangupCause
from ivr_flows.engine.inputs import Input, PlaybackId
from ivr_flows.engine.instructions import Enqueue, Listen, Note, StartPlayback, Transfer


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
