"""The row of one contact, from its facts alone."""

from __future__ import annotations

from collections.abc import Iterable

from contacts.facts.contact import ContactStarted
from contacts.facts.entry import JournalEntry
from contacts.folds.summary import ContactSummary, Tally, begun


def summary_of(entries: Iterable[JournalEntry]) -> ContactSummary | None:
    """In order; None when the contact's start is not among them."""
    tally: Tally | None = None
    for entry in entries:
        if isinstance(entry.fact, ContactStarted):
            tally = begun(entry.fact, entry.at)
        elif tally is not None:
            tally = tally.after(entry)
    return None if tally is None else tally.summary
