"""Callbacks as they stand open, and as the journal tells of them after a restart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from acd.events import CallFirst
from contacts.facts.callback import (
    CallbackAnswered,
    CallbackAttempted,
    CallbackGivenUp,
    CallbackMissed,
    CallbackPromised,
)
from contacts.facts.contact import ContactStarted
from contacts.facts.entry import JournalEntry
from contacts.facts.queue import QueueExited, QueueJoined
from contacts.ids import ContactId, QueueId


@dataclass(frozen=True, slots=True)
class OpenCallback:
    """One that is owed."""

    contact: ContactId
    number: str
    place: QueueJoined
    first: CallFirst
    promised_at: datetime
    waits_since: datetime
    not_before: datetime | None
    by: str
    attempts: int = 0
    missed: int = 0
    call_id: str = ""
    """Of the newest attempt; empty once that is over."""
    attempted_at: datetime | None = None
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnsentAck:
    """A customer took a callback shortly before the server died: whether they heard of it, nobody knows."""

    contact: ContactId
    ack: str
    to: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CutOff:
    """A caller who waited on the line when the server died."""

    number: str
    queue: QueueId
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class LeftOver:
    """What a dead server owed."""

    open: tuple[OpenCallback, ...] = ()
    acks: tuple[UnsentAck, ...] = ()
    cut_off: tuple[CutOff, ...] = ()

    @property
    def contacts(self) -> frozenset[ContactId]:
        return frozenset(callback.contact for callback in self.open)


NO_QUEUE = QueueId("")


def left_over(contacts: list[list[JournalEntry]]) -> LeftOver:
    """Of contacts that are not closed, each with its facts in order."""
    found = [open_callback(entries) for entries in contacts]
    acks = [ack for entries in contacts if (ack := _ack(entries)) is not None]
    cut_off = [
        caller
        for entries, held in zip(contacts, found, strict=True)
        if held is None and (caller := _cut_off(entries)) is not None
    ]
    return LeftOver(tuple(each for each in found if each is not None), tuple(acks), tuple(cut_off))


def open_callback(entries: list[JournalEntry]) -> OpenCallback | None:
    """None where nothing is owed, or no longer."""
    place: QueueJoined | None = None
    joined_at = started_at = entries[0].at
    held: OpenCallback | None = None
    for entry in entries:
        match entry.fact:
            case ContactStarted():
                started_at = entry.at
            case QueueJoined() as joined:
                place, joined_at = joined, entry.at
                held = None if held is None else replace(held, place=joined, waits_since=joined_at)
            case CallbackPromised() as promised:
                held = _promised(promised, place, entry.at, joined_at or started_at)
            case fact:
                held = None if held is None else _after(held, fact, entry.at)
    return held if held is not None and held.place.queue else None


def _promised(
    fact: CallbackPromised, place: QueueJoined | None, at: datetime, since: datetime
) -> OpenCallback:
    nowhere = QueueJoined(contact=fact.contact, queue=NO_QUEUE)
    return OpenCallback(
        fact.contact,
        fact.number,
        place or nowhere,
        CallFirst(fact.first),
        at,
        since,
        fact.not_before,
        fact.by,
    )


def _after(held: OpenCallback, fact: object, at: datetime) -> OpenCallback | None:
    match fact:
        case CallbackAttempted(attempt=attempt, call_id=call_id):
            return replace(held, attempts=attempt, call_id=call_id, attempted_at=at)
        case CallbackMissed(placed=placed, again_at=again_at):
            return after_attempt(held, placed=placed, again_at=again_at)
        case CallbackAnswered() | CallbackGivenUp():
            return None
        case _:
            return held


def after_attempt(held: OpenCallback, *, placed: bool, again_at: datetime | None) -> OpenCallback:
    """As it stands once an attempt has come to nothing; one that had no line to go over never was."""
    if not placed:
        return replace(held, attempts=held.attempts - 1, call_id="", again_at=again_at)
    return replace(held, missed=held.missed + (again_at is not None), call_id="", again_at=again_at)


def _ack(entries: list[JournalEntry]) -> UnsentAck | None:
    for entry in reversed(entries):
        if isinstance(entry.fact, CallbackAnswered) and entry.fact.ack:
            return UnsentAck(entry.fact.contact, entry.fact.ack, entry.fact.to, entry.at)
    return None


def _cut_off(entries: list[JournalEntry]) -> CutOff | None:
    number, waits = "", None
    for entry in entries:
        match entry.fact:
            case ContactStarted(caller=caller):
                number = caller
            case QueueJoined(queue=queue):
                waits = CutOff(number, queue, entry.at)
            case QueueExited():
                waits = None
            case _:
                pass
    return waits if number else None
