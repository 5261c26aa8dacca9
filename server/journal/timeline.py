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
    "flow.node_entered": "flow: {node} ({kind})",
    "flow.prompt_interrupted": "the prompt is cut short by {by}",
    "flow.digit_accepted": "caller pressed {digit}",
    "flow.option_chosen": "caller chose {option}",
    "flow.variable_set": "{variable} is {value}",
    "flow.no_input": "caller said nothing ({count})",
    "flow.no_match": "caller's choice is none of those offered ({count})",
    "flow.fell_back": "fallback to {to}: {reason}",
    "flow.branched": "branch: {case}",
    "flow.transfer_ended": "transfer: {outcome}",
    "flow.failed": "the flow failed: {reason}",
    "flow.ended": "flow ends: {cause}",
    "prompt.started": "next prompt {after_key_ms:.1f} ms after the key",
    "queue.joined": "waiting in queue {queue} for skill {skills}",
    "queue.position": "told: position {position} in the queue",
    "queue.left": "left queue {queue}: {outcome}",
    "queue.outcome": "queue {queue}: {outcome} after {waited_s:.1f} s",
    "agent.offered": "offered to {agent} ({rule})",
    "agent.ringing": "{agent}'s phone rings",
    "agent.failed": "{agent} did not take it: {reason}",
    "contact.bridged": "talking with {agent} after waiting {wait_s:.1f} s (bridge took {bridge_ms:.1f} ms)",
    "contact.held": "{by} holds",
    "contact.resumed": "{by} resumes",
    "agent.left": "{agent} has left the call",
    "agent.wrap-up": "{agent} wraps up",
    "agent.wrapped-up": "{agent} is done with the contact",
    "call.ended": "caller's call ended by {by} after {duration_s:.1f} s",
    "recording.finished": "recording {recording} kept: {duration_s:.1f} s",
    "transcript.ready": "transcript ready: {words} words",
    "transcript.failed": "no transcript: {reason}",
    "recording.gap": "recording {recording} misses {frames} frames",
    "recording.failed": "no recording: {reason}",
    "media.report": (
        "{party}'s sound: {packets_received} packets in, {lost} lost, {late} late, "
        "{concealed_ms} ms concealed, jitter {jitter_ms} ms; {packets_sent} out, {lost_by_peer} lost"
    ),
    "media.silent": "no sound from the caller for {for_s} s",
    "media.resumed": "sound from the caller again",
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
