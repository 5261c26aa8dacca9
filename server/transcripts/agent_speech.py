"""Which stretches of a recording's right channel are an agent's voice: read off the contact's journal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from server.journal.journal import JournalEvent
from server.transcripts.windows import Span

BEGINS = frozenset({"contact.bridged", "contact.resumed"})
ENDS = frozenset({"contact.held", "agent.left", "call.ended"})


def agent_spans(events: Iterable[JournalEvent]) -> tuple[Span, ...]:
    """Prompts and hold music lie outside of them. A hold by the caller silences nobody's voice."""
    began: datetime | None = None
    since_s: float | None = None
    spans: list[Span] = []
    for event in events:
        if event.kind == "recording.started":
            began = event.at
        if began is None or (event.kind != "call.ended" and event.fields.get("by") == "caller"):
            continue
        at_s = (event.at - began).total_seconds()
        if event.kind in BEGINS and since_s is None:
            since_s = at_s
        elif event.kind in ENDS and since_s is not None:
            spans.append(Span(since_s, at_s))
            since_s = None
    if since_s is not None:
        spans.append(Span(since_s, None))
    return tuple(spans)
