"""A contact's events as lines a person reads while they happen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

Fields = Mapping[str, object]

# One sentence per kind of fact. A kind that is missing here is shown by its name and fields.
SENTENCES = {
    "contact.started": "call from {caller} to {number} over trunk {trunk}",
    "call.answered": "answered {setup_ms:.0f} ms after INVITE",
    "recording.started": "recording {recording} started",
    "flow.started": "flow {flow} begins",
    "flow.node": "at {node} ({type})",
    "flow.key": "caller pressed {key}",
    "flow.prompt": "caller hears: {says}",
    "flow.no-input": "caller said nothing at {node}",
    "flow.no-match": "no option for that at {node}",
    "queue.joined": "waiting in queue {queue} for skill {skills}",
    "queue.position": "told: position {position} in the queue",
    "queue.left": "left queue {queue}: {outcome}",
    "agent.ringing": "ringing {agent}",
    "agent.failed": "{agent} did not take it: {reason}",
    "agent.answered": "{agent} answered",
    "contact.bridged": "talking with {agent} after waiting {wait_s:.1f} s (bridge took {bridge_ms:.1f} ms)",
    "contact.held": "{agent} put the caller on hold",
    "contact.resumed": "{agent} is back",
    "agent.left": "{agent} hung up or was hung up",
    "agent.wrap-up": "{agent} wraps up",
    "agent.wrapped-up": "{agent} is done with the contact",
    "call.ended": "caller's call ended by {by} after {duration_s:.1f} s",
    "recording.finished": "recording {recording} kept: {duration_s:.1f} s",
    "transcript.ready": "transcript ready: {words} words",
    "transcript.failed": "no transcript: {reason}",
    "contact.closed": "contact closed: {outcome}",
}


def sentence(kind: str, fields: Fields) -> str:
    """What happened, in words."""
    try:
        return SENTENCES[kind].format(**fields)
    except (KeyError, ValueError, TypeError):
        shown = " ".join(f"{name}={value}" for name, value in fields.items())
        return f"{kind} {shown}".strip()


def line(at: datetime, started: datetime, kind: str, fields: Fields) -> str:
    """Local time, seconds since the contact began, and the sentence."""
    since_s = (at - started).total_seconds()
    return f"{at.astimezone():%H:%M:%S}  {since_s:+7.2f} s  {sentence(kind, fields)}"
