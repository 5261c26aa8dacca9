"""Erasing in rows what is personal of a contact: in place, so that neither sequence nor outcome is lost.

Every fact keeps its number, its time and its public fields; numbers, names and what was keyed are gone, also
from the contact's row and from the rows of its recordings.
"""

from __future__ import annotations

import sqlite3

from contacts.facts.entry import UnreadableFactError, from_json, to_json
from contacts.facts.speech import TranscriptFinal, TranscriptPartial, WordsSpotted
from contacts.facts.system import FactUnrecognised
from contacts.ids import ContactId
from contacts.privacy import ERASED

_SAID = (TranscriptPartial.kind(), TranscriptFinal.kind(), WordsSpotted.kind())


def erase_contact(connection: sqlite3.Connection, contact: ContactId) -> None:
    """In whatever transaction is open."""
    rows = connection.execute(
        "SELECT sequence, fact FROM journal WHERE contact_id = ?", (contact,)
    ).fetchall()
    changed = [(erased, sequence) for sequence, fact in rows if (erased := _erased(fact, contact)) != fact]
    connection.executemany("UPDATE journal SET fact = ? WHERE sequence = ?", changed)
    connection.execute(
        "UPDATE contact SET erased = 1, caller = CASE caller WHEN '' THEN '' ELSE ? END WHERE contact_id = ?",
        (ERASED, contact),
    )
    connection.execute(
        "UPDATE recording SET caller = CASE caller WHEN '' THEN '' ELSE ? END WHERE contact_id = ?",
        (ERASED, contact),
    )


def erase_words(connection: sqlite3.Connection, contact: ContactId) -> None:
    """What was understood of the contact while it went on; numbers and names stay."""
    rows = connection.execute(
        "SELECT sequence, fact FROM journal WHERE contact_id = ? AND kind IN (?, ?, ?)", (contact, *_SAID)
    ).fetchall()
    changed = [(_erased(fact, contact), sequence) for sequence, fact in rows]
    connection.executemany("UPDATE journal SET fact = ? WHERE sequence = ?", changed)


def is_personal(text: str, contact: ContactId) -> bool:
    """Whether an erasure changes the fact of that JSON form."""
    return _erased(text, contact) != text


def _erased(text: str, contact: ContactId) -> str:
    """What this program cannot read may hold anything: nothing of it is kept."""
    try:
        return to_json(from_json(text).erased()).decode()
    except UnreadableFactError:
        return to_json(FactUnrecognised(about="erased", contact=contact)).decode()
