"""Dispatch's inputs and states as facts, and the replay of a stretch: the same inputs, the same effects.

Dispatch is deterministic: its events with the `now` that it was given, from a state that was dumped, decide
again what was decided. A replay that differs shows that the program, or the journal, is another one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

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
class ToldAgain:
    """An event that `dispatch`, as it stood then, is about to be told again: `decide` before the next one."""

    sequence: int
    at: datetime
    event: Event
    now: float
    dispatch: Dispatch
    digest: str

    def decide(self) -> tuple[tuple[Effect, ...], bool]:
        """What it decides, and whether it is what was decided then."""
        effects = self.dispatch.handle(self.event, self.now)
        return effects, digest_of(effects) == self.digest


def tell_again(trace: Iterable[JournalEntry]) -> Iterator[ToldAgain]:
    """From the first snapshot on; each further one, as after a restart, is a new beginning."""
    dispatch: Dispatch | None = None
    for entry in trace:
        match entry.fact:
            case DispatchSnapshot(state=state):
                dispatch = Dispatch.restore(state)
            case DispatchTold(event=told, clock_s=now, digest=digest) if dispatch is not None:
                yield ToldAgain(entry.sequence, entry.at, event_from_json(told), now, dispatch, digest)
            case _:
                pass
