"""Facts and contact summaries as rows: how they are written, and how they are read back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any

import msgspec

from contacts.facts.contact import ContactClosed, ContactOrigin, ContactStarted, PersonalErased
from contacts.facts.entry import JournalEntry, UnreadableFactError, from_json, to_json
from contacts.facts.fact import Fact
from contacts.facts.system import FactUnrecognised
from contacts.folds.summary import SUMMARISED, ContactSummary, Tally, begun
from contacts.ids import ContactId
from contacts.outcomes import ContactOutcome
from recordings.instants import from_utc_text, to_utc_text
from server.journal.erased_rows import erase_contact
from server.journal.tables import CONTACT
from server.store.writer import of_the_disk

Line = tuple[JournalEntry, str]
"""An entry, and its fact's JSON form."""

_INSERT = (
    "INSERT INTO journal (sequence, run, at, clock_s, contact_id, kind, fact) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_RUN = "INSERT INTO journal_run (instance, boot, settings) VALUES (?, ?, ?)"
_FIND_RUN = "SELECT run FROM journal_run WHERE instance = ? AND boot = ? AND settings = ?"
# Whether it has been erased is not for the facts to say.
_COLUMNS = tuple(column.name for column in CONTACT.columns if column.name != "erased")
SAVE_CONTACT = (
    f"INSERT INTO contact ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "  # noqa: S608 - names of our own columns
    "ON CONFLICT (contact_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "contact_id")
)
_LOAD_CONTACT = f"SELECT {', '.join(_COLUMNS)} FROM contact WHERE contact_id = ?"  # noqa: S608 - names of our own columns


class JournalRows:
    """Writes batches of entries, and with them the rows of the contacts that they change or erase.

    `write` may be followed by a rollback, and be called again; only `keep` makes its result the ground for
    the next batch. It remembers contacts while they are open, and looks up those that are told of afterwards.
    """

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str, str], int] = {}
        self._new_runs: dict[tuple[str, str, str], int] = {}
        self._tallies: dict[ContactId, Tally] = {}
        self._changed: dict[ContactId, Tally] = {}
        self._set_aside: list[JournalEntry] = []

    @property
    def set_aside(self) -> Sequence[JournalEntry]:
        """What the last `write` left out, for the database takes no row of it."""
        return self._set_aside

    def write(self, connection: sqlite3.Connection, lines: Sequence[Line]) -> None:
        """A line that the database refuses, for a bug of ours, must not keep those that follow from it."""
        self._changed, self._new_runs, self._set_aside = {}, {}, []
        try:
            with _savepoint(connection):
                self._write(connection, lines)
        except Exception as error:
            # A bug of ours may raise anything; which line is to blame is found one by one.
            if of_the_disk(error):
                raise
            self._changed, self._new_runs = {}, {}
            self._write_singly(connection, lines)

    def _write_singly(self, connection: sqlite3.Connection, lines: Sequence[Line]) -> None:
        for line in lines:
            changed, new_runs = self._changed.copy(), self._new_runs.copy()
            try:
                with _savepoint(connection):
                    self._write(connection, (line,))
            except Exception as error:
                if of_the_disk(error):
                    raise
                self._changed, self._new_runs = changed, new_runs
                self._set_aside.append(line[0])

    def _write(self, connection: sqlite3.Connection, lines: Iterable[Line]) -> None:
        changed: set[ContactId] = set()
        erased: list[ContactId] = []
        rows = []
        for entry, text in lines:
            rows.append(self._row(connection, entry, text))
            if self._sum_up(connection, entry):
                changed.add(ContactId(entry.fact.contact_id or ""))
            if isinstance(entry.fact, PersonalErased):
                erased.append(entry.fact.contact)
        connection.executemany(_INSERT, rows)
        if changed:
            connection.executemany(SAVE_CONTACT, [contact_row(self._changed[c].summary) for c in changed])
        for contact in erased:
            erase_contact(connection, contact)

    def keep(self) -> None:
        """What the last `write` did is durable."""
        self._runs.update(self._new_runs)
        self._tallies.update(self._changed)
        for contact, tally in self._changed.items():
            if tally.summary.outcome is not None:
                del self._tallies[contact]
        self._changed = {}

    def _row(self, connection: sqlite3.Connection, entry: JournalEntry, text: str) -> tuple[object, ...]:
        fact = entry.fact
        return (
            entry.sequence,
            self._run(connection, entry),
            to_utc_text(entry.at),
            entry.clock_s,
            fact.contact_id,
            fact.kind(),
            text,
        )

    def _run(self, connection: sqlite3.Connection, entry: JournalEntry) -> int:
        key = (entry.instance, entry.boot, entry.settings)
        run = self._runs.get(key) or self._new_runs.get(key)
        if run is None:
            connection.execute(_INSERT_RUN, key)
            (run,) = connection.execute(_FIND_RUN, key).fetchone()
            self._new_runs[key] = run
        return run

    def _sum_up(self, connection: sqlite3.Connection, entry: JournalEntry) -> bool:
        """Whether the contact's row is another one now."""
        fact, contact = entry.fact, entry.fact.contact_id
        if contact is None:
            return False
        contact = ContactId(contact)
        if isinstance(fact, ContactStarted):
            self._changed[contact] = begun(fact, entry.at)
            return True
        held = self._changed.get(contact) or self._tallies.get(contact)
        if held is None:
            held = self._look_up(connection, contact) if type(fact) in SUMMARISED else None
        if held is None:
            return False
        after = held.after(entry)
        if after is not held:
            self._changed[contact] = after
        return after.summary is not held.summary or isinstance(fact, ContactClosed)

    def _look_up(self, connection: sqlite3.Connection, contact: ContactId) -> Tally | None:
        row = connection.execute(_LOAD_CONTACT, (contact,)).fetchone()
        return None if row is None else Tally(summary_from(dict(zip(_COLUMNS, row, strict=True))))


@contextmanager
def _savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("SAVEPOINT lines")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK TO lines")
        connection.execute("RELEASE lines")
        raise
    connection.execute("RELEASE lines")


def entry_from(row: Mapping[str, Any]) -> JournalEntry:
    """A row of the journal joined with its run; what this program has no type for stays readable."""
    try:
        fact = from_json(row["fact"])
    except UnreadableFactError:
        fact = _unrecognised(row)
    return JournalEntry(
        sequence=row["sequence"],
        instance=row["instance"],
        boot=row["boot"],
        at=from_utc_text(row["at"]),
        clock_s=row["clock_s"],
        settings=row["settings"],
        fact=fact,
    )


def contact_row(summary: ContactSummary) -> tuple[object, ...]:
    return (
        summary.contact_id,
        to_utc_text(summary.started_at),
        summary.origin.value,
        summary.caller,
        summary.number,
        summary.trunk,
        summary.flow,
        summary.queue,
        "\n".join(summary.agents),
        summary.waited_s,
        None if summary.answered_at is None else to_utc_text(summary.answered_at),
        None if summary.ended_at is None else to_utc_text(summary.ended_at),
        summary.duration_s,
        None if summary.outcome is None else summary.outcome.value,
        summary.reason,
    )


def summary_from(row: Mapping[str, Any]) -> ContactSummary:
    return ContactSummary(
        contact_id=ContactId(row["contact_id"]),
        started_at=from_utc_text(row["started_at"]),
        origin=ContactOrigin(row["origin"]),
        caller=row["caller"],
        number=row["number"],
        trunk=row["trunk"],
        flow=row["flow"],
        queue=row["queue"],
        agents=tuple(row["agents"].split("\n")) if row["agents"] else (),
        waited_s=row["waited_s"],
        answered_at=None if row["answered_at"] is None else from_utc_text(row["answered_at"]),
        ended_at=None if row["ended_at"] is None else from_utc_text(row["ended_at"]),
        duration_s=row["duration_s"],
        outcome=None if row["outcome"] is None else ContactOutcome(row["outcome"]),
        reason=row["reason"],
    )


def in_text(fact: Fact) -> tuple[Fact, str]:
    """The fact with its JSON form. Half a character out of a SIP header has none, and becomes `?`."""
    try:
        return fact, to_json(fact).decode()
    except UnicodeError:
        repaired = _repaired(fact)
        return repaired, to_json(repaired).decode()


def _repaired(fact: Fact) -> Fact:
    fields = {name: getattr(fact, name) for name in fact.__struct_fields__}
    return msgspec.structs.replace(fact, **{name: _readable(value) for name, value in fields.items()})


def _readable(value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, Enum):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_readable(name): _readable(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(_readable(inner) for inner in value)
    return value


def _unrecognised(row: Mapping[str, Any]) -> FactUnrecognised:
    try:
        fields = json.loads(row["fact"])
    except ValueError:
        fields = {}
    details = {name: str(value) for name, value in fields.items() if name not in ("kind", "contact")}
    contact = None if row["contact_id"] is None else ContactId(row["contact_id"])
    return FactUnrecognised(about=row["kind"], contact=contact, details=details)
