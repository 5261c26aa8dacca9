"""What was said in a contact, among its other events, for people who read along."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from contacts.facts.entry import UnreadableFactError, from_json
from contacts.folds.timeline import Timeline

PARTIAL = "transcript.partial"
SETTLES = ("transcript.final", "transcript.deferred")


def settled(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the partial results that a later one, or the whole utterance, has replaced."""
    kept: list[dict[str, Any]] = []
    replaced: set[str] = set()
    for event in reversed(list(events)):
        who = str(event["fields"].get("participant", ""))
        if event["kind"] == PARTIAL:
            if who in replaced:
                continue
            replaced.add(who)
        elif event["kind"] in SETTLES:
            replaced.add(who)
        kept.append(event)
    return kept[::-1]


class FollowedTimeline:
    """Events of the stream as sentences; a kind that this program does not know keeps its name."""

    def __init__(self) -> None:
        self._timeline = Timeline()

    def sentence(self, event: dict[str, Any]) -> str:
        body = msgspec.json.encode({"kind": event["kind"], "contact": event["contact"], **event["fields"]})
        try:
            return self._timeline.sentence(from_json(body))
        except UnreadableFactError:
            return str(event["kind"])


def talk_lines(talk: dict[str, Any]) -> list[str]:
    """How customer and agent talked with each other."""
    spoken = talk["customer_s"] + talk["agent_s"]
    share = round(100 * talk["agent_s"] / spoken) if spoken else 0
    return [
        f"{'talk':>14}  caller {talk['customer_s']:.1f} s, agent {talk['agent_s']:.1f} s ({share} %), "
        f"both {talk['cross_talk_s']:.1f} s, nobody {talk['silence_s']:.1f} s",
        f"{'longest':>14}  caller {talk['customer_longest_s']:.1f} s, agent {talk['agent_longest_s']:.1f} s",
        f"{'interrupted':>14}  by caller {talk['customer_interruptions']} times, "
        f"by agent {talk['agent_interruptions']} times",
    ]
