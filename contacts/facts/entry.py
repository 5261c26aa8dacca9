"""A fact with where and when it happened: what the journal keeps, and every reader of it gets."""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args

import msgspec

from contacts.facts import AnyFact
from contacts.facts.fact import Fact
from contacts.privacy import Privacy

FACT_TYPES: tuple[type[Fact], ...] = get_args(AnyFact)
KINDS: dict[str, type[Fact]] = {fact_type.kind(): fact_type for fact_type in FACT_TYPES}


class UnreadableFactError(Exception):
    """No fact that this program knows; the message names the kind, never the content."""


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal."""

    sequence: int
    """Counts the facts of one instance, without a hole."""
    instance: str
    """The server that wrote it; the same for ever."""
    boot: str
    """The run of that server: another one after every start."""
    at: datetime
    """UTC, by the wall clock."""
    clock_s: float
    """The reading of the core's clock: monotonic, comparable within one boot only."""
    settings: str
    """A short hash of the settings that applied."""
    fact: Fact

    def shown(self, most: Privacy = Privacy.PUBLIC) -> dict[str, Any]:
        """As readers outside of the program get it, with the fields that they may see."""
        return {
            "sequence": self.sequence,
            "at": self.at,
            "kind": self.fact.kind(),
            "fields": self.fact.shown(most),
        }


_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(AnyFact)


def to_json(fact: Fact) -> bytes:
    """The stated form: `{"kind": ..., field: value, ...}`."""
    return _ENCODER.encode(fact)


def from_json(body: bytes | str) -> Fact:
    """Raises UnreadableFactError; fields that this program does not know are passed over."""
    try:
        return _DECODER.decode(body)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise UnreadableFactError(str(error)) from None
