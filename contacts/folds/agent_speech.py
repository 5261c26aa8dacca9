"""Which stretches of a recording's right channel are a person's voice, not our prompts and music.

That person is an agent, or whoever the customer was transferred to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from contacts.facts.contact import (
    ConversationEnded,
    ConversationStarted,
    HoldEnded,
    HoldStarted,
    LegEnded,
    ParticipantJoined,
    ParticipantRole,
)
from contacts.facts.entry import JournalEntry
from contacts.facts.fact import Fact
from contacts.facts.recording import RecordingStarted


@dataclass(frozen=True, slots=True)
class Stretch:
    """Seconds from the beginning of the recording; the end is None where the journal breaks off."""

    start_s: float
    end_s: float | None


def agent_speech(entries: Iterable[JournalEntry], recording: str) -> tuple[Stretch, ...]:
    """Of that recording of the contact. A hold by the customer silences nobody's voice."""
    began: JournalEntry | None = None
    voices = _Voices()
    since_s: float | None = None
    stretches: list[Stretch] = []
    for entry in entries:
        if began is None and _begins(entry.fact, recording):
            began = entry
        voices.told(entry.fact)
        at_s = None if began is None else seconds_between(began, entry)
        if at_s is not None and voices.heard and since_s is None:
            since_s = at_s
        elif at_s is not None and not voices.heard and since_s is not None:
            stretches.append(Stretch(since_s, at_s))
            since_s = None
    if since_s is not None:
        stretches.append(Stretch(since_s, None))
    return tuple(stretches)


def seconds_between(earlier: JournalEntry, later: JournalEntry) -> float:
    """By the monotonic clock, which no adjustment moves; by the wall clock across a restart."""
    if earlier.boot == later.boot:
        return round(later.clock_s - earlier.clock_s, 6)
    return (later.at - earlier.at).total_seconds()


def _begins(fact: Fact, recording: str) -> bool:
    return isinstance(fact, RecordingStarted) and fact.recording == recording


@dataclass(slots=True)
class _Voices:
    """Who, beside the customer, can be heard at the moment."""

    customer: str = "customer"
    talking: set[str] = field(default_factory=set)
    holding: set[str] = field(default_factory=set)

    @property
    def heard(self) -> bool:
        return bool(self.talking - self.holding)

    def told(self, fact: Fact) -> None:
        match fact:
            case ParticipantJoined(participant=who, role=ParticipantRole.CUSTOMER):
                self.customer = who
            case ConversationStarted(participant=who):
                self.talking.add(who)
            case HoldStarted(participant=who):
                self.holding.add(who)
            case HoldEnded(participant=who):
                self.holding.discard(who)
            case LegEnded(participant=who) if who == self.customer:
                self.talking.clear()
            case ConversationEnded(participant=who) | LegEnded(participant=who):
                self.talking.discard(who)
                self.holding.discard(who)
            case _:
                pass
