"""Dispatch's inputs and states as facts, and the replay of a stretch: the same inputs, the same effects.

Dispatch is deterministic: its events with the `now` that it was given, from a state that was dumped, decide
again what was decided. A replay that differs shows that the program, or the journal, is another one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from acd.dispatch import Dispatch
from acd.effects import Effect
from acd.event_json import event_from_json, event_to_json
from acd.events import Event
from contacts.facts.entry import JournalEntry
from contacts.facts.system import DispatchSnapshot, DispatchTold

SNAPSHOT_EVERY = 1_000
_JSON = msgspec.json.Encoder()


def told(event: Event, effects: tuple[Effect, ...], now: float) -> DispatchTold:
    return DispatchTold(
        event=event_to_json(event), clock_s=now, effects=len(effects), digest=digest_of(effects)
    )


def digest_of(effects: tuple[Effect, ...]) -> str:
    """Over all that the effects say, in their order."""
    digest = hashlib.blake2b(digest_size=8)
    for effect in effects:
        digest.update(type(effect).__name__.encode())
        digest.update(_JSON.encode(effect))
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Replayed:
    """`differing` are the sequence numbers of the events that had other effects than were written."""

    events: int
    differing: tuple[int, ...]


def replay(entries: Iterable[JournalEntry]) -> Replayed:
    """From the first snapshot on; each further one, as after a restart, is a new beginning."""
    dispatch: Dispatch | None = None
    events, differing = 0, []
    for entry in entries:
        match entry.fact:
            case DispatchSnapshot(state=state):
                dispatch = Dispatch.restore(state)
            case DispatchTold(event=event, clock_s=now) as fact if dispatch is not None:
                events += 1
                effects = dispatch.handle(event_from_json(event), now)
                if digest_of(effects) != fact.digest:
                    differing.append(entry.sequence)
            case _:
                pass
    return Replayed(events, tuple(differing))
