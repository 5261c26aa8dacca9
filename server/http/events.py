"""Server-sent events: the journal from any number on, and then as it grows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Header, Query, Request
from starlette.responses import StreamingResponse

from contacts.facts.entry import JournalEntry
from contacts.privacy import Privacy
from server.access.door import Knock
from server.http.errors import ApiError
from server.http.event_feed import EventFeed
from server.http.guard import Who
from server.http.ports import ApiPorts

MAX_STREAMS = 50
HEARTBEAT_S = 15.0
UNASKED = ("dispatch.", "outbox.")
"""Beginnings of kinds that only a replay or the server reads: told to those who ask for them by name."""

Sequence = Annotated[int, Query(ge=0, le=2**53)]
Kinds = Annotated[
    list[str], Query(max_length=20, description="kinds of events, or their beginnings: `queue.`")
]


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events somebody wants, and how much of them they may see."""

    kinds: tuple[str, ...]
    contact: str | None
    most: Privacy

    def wants(self, entry: JournalEntry) -> bool:
        kind = entry.fact.kind()
        if self.contact is not None and entry.fact.contact_id != self.contact:
            return False
        if self.kinds:
            return kind.startswith(self.kinds)
        return not kind.startswith(UNASKED)


def event_of(entry: JournalEntry, most: Privacy) -> dict[str, Any]:
    """An event as it leaves the server: where and when, and the fields that its reader may see."""
    fields = entry.fact.shown(most)
    fields.pop("kind", None)
    return {
        "sequence": entry.sequence,
        "instance": entry.instance,
        "boot": entry.boot,
        "at": entry.at.isoformat(),
        "kind": entry.fact.kind(),
        "contact": entry.fact.contact_id,
        "fields": fields,
    }


def as_sse(entry: JournalEntry, most: Privacy) -> bytes:
    """One event of the stream (HTML standard, server-sent events); JSON has no line ends of its own."""
    data = msgspec.json.encode(event_of(entry, most))
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (entry.sequence, entry.fact.kind().encode(), data)


class _Streams:
    """How many are open."""

    def __init__(self, feed: EventFeed) -> None:
        self._feed = feed
        self.open = 0

    async def follow(
        self, sequence: int, wanted: EventFilter, holds: Callable[[], bool]
    ) -> AsyncIterator[bytes]:
        """Until the client or the server goes, or the token opens nothing any more."""
        if self.open >= MAX_STREAMS:
            # Others began between the question whether there is room and now.
            yield b"retry: 5000\n\n"
            return
        self.open += 1
        try:
            yield b": events of the journal\n\n"
            while not self._feed.closed:
                told_before = self._feed.told
                entries = await self._feed.after(sequence)
                told = b"".join(as_sse(entry, wanted.most) for entry in entries if wanted.wants(entry))
                if entries:
                    sequence = entries[-1].sequence
                elif not await self._feed.grown(told_before, HEARTBEAT_S):
                    told = b": still here\n\n"
                if not told:
                    continue
                # On a busy day no heartbeat is ever due: each time that something is told, the token counts.
                if not holds():
                    return
                yield told
        finally:
            self.open -= 1


def add_event_routes(app: FastAPI, ports: ApiPorts) -> None:
    """A client that was cut off goes on with the number of the last event it saw."""
    streams = _Streams(ports.feed)

    @app.get(
        "/events", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}}
    )
    async def follow_events(
        request: Request,
        who: Who,
        after: Sequence | None = None,
        kind: Kinds = [],  # noqa: B006 - read by the framework, never changed
        contact: Annotated[str | None, Query(max_length=64)] = None,
        last_event_id: Annotated[int | None, Header(ge=0, le=2**53)] = None,
    ) -> StreamingResponse:
        """Events after a number, without one from now on. `Last-Event-ID` does the same and comes first."""
        if streams.open >= MAX_STREAMS:
            raise ApiError(
                503, f"{MAX_STREAMS} streams are open", "close one that nobody reads", retry_after_s=5
            )
        start = last_event_id if last_event_id is not None else after
        sequence = await ports.feed.newest() if start is None else start
        knock: Knock = request.state.knock
        stream = streams.follow(
            sequence, EventFilter(tuple(kind), contact, who.sees), lambda: ports.door.still_opens(knock)
        )
        return StreamingResponse(stream, media_type="text/event-stream")
