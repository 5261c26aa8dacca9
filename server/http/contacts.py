"""Contacts over the API: a list in pages, and everything that happened to one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, FastAPI, Query

from contacts.ids import ContactId
from contacts.outcomes import ContactOutcome
from server.http.errors import ApiError, answers
from server.http.guard import Who
from server.http.ids import Cursor, Id
from server.http.ports import ApiPorts, ContactEvent, ContactLines, UnknownPageError
from server.journal.erasure import StillInProgressError, UnknownContactError
from server.journal.reading import ContactsWanted

MAX_PAGE = 500


@dataclass(frozen=True, slots=True)
class Erased:
    """How many events of the contact had something personal."""

    contact: str
    events: int


Part = Annotated[str | None, Query(min_length=1, max_length=64)]


def _wanted(
    since: datetime | None = None,
    until: datetime | None = None,
    caller: Part = None,
    queue: Part = None,
    agent: Part = None,
    outcome: ContactOutcome | None = None,
) -> ContactsWanted:
    """Times without a zone are UTC; `caller` may be a part of the number."""
    return ContactsWanted(
        _in_utc(since), _in_utc(until), caller, queue, agent, None if outcome is None else outcome.value
    )


def _in_utc(at: datetime | None) -> datetime | None:
    """What no calendar of ours holds, for its end."""
    if at is None:
        return None
    try:
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        return (datetime.min if at.year == 1 else datetime.max).replace(tzinfo=UTC)


def add_contact_routes(app: FastAPI, ports: ApiPorts) -> None:
    """Reads the journal, in threads of its own."""

    @app.get("/contacts", responses=answers(404))
    async def list_contacts(
        who: Who,
        wanted: Annotated[ContactsWanted, Depends(_wanted)],
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
        after: Cursor = None,
    ) -> ContactLines:
        """Newest first, with their outcome; `next` of the answer is `after` of the next page."""
        try:
            return await ports.off_loop.run(lambda: ports.archive.page(limit, after, who.sees, wanted))
        except UnknownPageError:
            raise ApiError(404, "query.after: no such page", "use `next` of a page before") from None

    @app.get("/contacts/{contact}", responses=answers(404))
    async def show_contact(contact: Id, who: Who) -> tuple[ContactEvent, ...]:
        """Every event of one contact, in order."""
        events = await ports.off_loop.run(lambda: ports.archive.events(contact, who.sees))
        if not events:
            raise ApiError(404, f"no contact {contact}", "`trunkline contacts list` shows what there is")
        return events

    @app.post("/contacts/{contact}/erase", responses=answers(404, 409))
    async def erase_contact(contact: Id, who: Who) -> Erased:
        """Numbers, names and what was keyed are taken out of its events; what happened and when stays."""
        return Erased(contact, await _erased(ContactId(contact), who.name, ports))


async def _erased(contact: ContactId, by: str, ports: ApiPorts) -> int:
    try:
        return await ports.eraser.erase(contact, by)
    except UnknownContactError:
        raise ApiError(
            404, f"no contact {contact}", "`trunkline contacts list` shows what there is"
        ) from None
    except StillInProgressError:
        raise ApiError(409, f"contact {contact} is in progress", "erase it when it is over") from None
