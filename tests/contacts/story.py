"""A contact's journal as a test tells it: seconds and facts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from contacts.facts.entry import JournalEntry
from contacts.facts.fact import Fact
from contacts.ids import ContactId, ParticipantId

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
CONTACT = ContactId("c1")
CUSTOMER = ParticipantId("customer")
ALICE = ParticipantId("p2")


def story(*facts: tuple[float, Fact], boot: str = "boot") -> list[JournalEntry]:
    """The clock of that boot reads 1000 s at the start."""
    return [
        JournalEntry(
            sequence=number,
            instance="here",
            boot=boot,
            at=START + timedelta(seconds=at_s),
            clock_s=1000.0 + at_s,
            settings="s",
            fact=fact,
        )
        for number, (at_s, fact) in enumerate(facts, start=1)
    ]
