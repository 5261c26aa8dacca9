"""How two people talked with each other, from when each of them spoke (pure): no word is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PAUSE_S = 0.5
"""A shorter one is part of what somebody says."""
CUTS_IN_S = 0.2
"""Speaking for at least that long while the other does is an interruption; less is a mm-hm."""


@dataclass(frozen=True, slots=True)
class Spoke:
    """Seconds from the beginning of the recording."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class TalkMeasures:
    """Of the time in which the two were joined."""

    joined_s: float
    customer_s: float
    agent_s: float
    silence_s: float
    cross_talk_s: float
    customer_interruptions: int
    """How often the customer began while the agent spoke."""
    agent_interruptions: int
    customer_longest_s: float
    agent_longest_s: float


def measure(
    joined: Sequence[Spoke], customer: Iterable[Spoke], agent: Iterable[Spoke]
) -> TalkMeasures | None:
    """None when the two were never joined."""
    whole = _merged(joined)
    if not whole:
        return None
    theirs, ours = _within(_merged(customer), whole), _within(_merged(agent), whole)
    overlap = _within(theirs, ours)
    joined_s, customer_s, agent_s = _total(whole), _total(theirs), _total(ours)
    cross_talk_s = _total(overlap)
    return TalkMeasures(
        joined_s=round(joined_s, 3),
        customer_s=round(customer_s, 3),
        agent_s=round(agent_s, 3),
        silence_s=round(max(0.0, joined_s - customer_s - agent_s + cross_talk_s), 3),
        cross_talk_s=round(cross_talk_s, 3),
        customer_interruptions=_interruptions(theirs, ours),
        agent_interruptions=_interruptions(ours, theirs),
        customer_longest_s=round(max((spoke.length_s for spoke in theirs), default=0.0), 3),
        agent_longest_s=round(max((spoke.length_s for spoke in ours), default=0.0), 3),
    )


def _merged(stretches: Iterable[Spoke]) -> list[Spoke]:
    """In order, with what is close together as one."""
    merged: list[Spoke] = []
    for spoke in sorted(stretches, key=lambda each: each.start_s):
        if merged and spoke.start_s - merged[-1].end_s <= PAUSE_S:
            merged[-1] = Spoke(merged[-1].start_s, max(merged[-1].end_s, spoke.end_s))
        else:
            merged.append(spoke)
    return merged


def _within(stretches: Sequence[Spoke], bounds: Sequence[Spoke]) -> list[Spoke]:
    """What the two lists, each in order and without overlap, have in common."""
    found: list[Spoke] = []
    place = 0
    for spoke in stretches:
        while place < len(bounds) and bounds[place].end_s <= spoke.start_s:
            place += 1
        for bound in bounds[place:]:
            if bound.start_s >= spoke.end_s:
                break
            found.append(Spoke(max(spoke.start_s, bound.start_s), min(spoke.end_s, bound.end_s)))
    return found


def _interruptions(of: Sequence[Spoke], speaking: Sequence[Spoke]) -> int:
    """Those that began while the other had been speaking, and went on for more than a mm-hm."""
    count = place = 0
    for spoke in of:
        while place < len(speaking) and speaking[place].end_s <= spoke.start_s:
            place += 1
        if place == len(speaking):
            break
        other = speaking[place]
        both_s = min(spoke.end_s, other.end_s) - spoke.start_s
        count += other.start_s < spoke.start_s and both_s >= CUTS_IN_S
    return count


def _total(stretches: Iterable[Spoke]) -> float:
    return sum(spoke.length_s for spoke in stretches)
