"""The journal's database as the API reads it; blocks."""

from __future__ import annotations

from sqlalchemy import Engine

from contacts.privacy import Privacy
from server.http.ports import ContactEvent, ContactLine, ContactLines, UnknownPageError
from server.journal.records import ContactSummary, events_of, newest_contacts
from server.journal.timeline import sentence

PERSONAL_FIELDS = frozenset({"caller", "digit", "value"})


class JournalArchive:
    """Used from threads other than the loop's."""

    def __init__(self, store: Engine) -> None:
        self._store = store

    def page(self, limit: int, after: str | None, most: Privacy) -> ContactLines:
        del most
        offset = _offset(after)
        found = newest_contacts(self._store, offset + limit + 1)[offset:]
        more = len(found) > limit
        return ContactLines(tuple(map(_line, found[:limit])), str(offset + limit) if more else None)

    def events(self, contact: str, most: Privacy) -> tuple[ContactEvent, ...]:
        told = []
        for event in events_of(self._store, contact):
            fields = dict(event.fields)
            if most is Privacy.PUBLIC:
                fields = {name: value for name, value in fields.items() if name not in PERSONAL_FIELDS}
            told.append(
                ContactEvent(event.sequence, event.at, event.kind, fields, sentence(event.kind, fields))
            )
        return tuple(told)


def _offset(after: str | None) -> int:
    if after is None:
        return 0
    if not after.isdecimal():
        raise UnknownPageError(after)
    return int(after)


def _line(contact: ContactSummary) -> ContactLine:
    lasted_s = (contact.last_at - contact.first_at).total_seconds()
    return ContactLine(
        contact.contact_id, contact.first_at, round(lasted_s, 1), "", "", "", (), contact.outcome
    )
