"""Contacts over the API: a list in pages, and everything that happened to one."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query

from server.http.errors import ApiError, answers
from server.http.guard import Who
from server.http.ids import Cursor, Id
from server.http.ports import ApiPorts, ContactEvent, ContactLines, UnknownPageError

MAX_PAGE = 500


def add_contact_routes(app: FastAPI, ports: ApiPorts) -> None:
    """Reads the journal, in threads of its own."""

    @app.get("/contacts", responses=answers(404))
    async def list_contacts(
        who: Who, limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50, after: Cursor = None
    ) -> ContactLines:
        """Newest first, with their outcome; `next` of the answer is `after` of the next page."""
        try:
            return await ports.off_loop.run(lambda: ports.archive.page(limit, after, who.sees))
        except UnknownPageError:
            raise ApiError(404, "query.after: no such page", "use `next` of a page before") from None

    @app.get("/contacts/{contact}", responses=answers(404))
    async def show_contact(contact: Id, who: Who) -> tuple[ContactEvent, ...]:
        """Every event of one contact, in order."""
        events = await ports.off_loop.run(lambda: ports.archive.events(contact, who.sees))
        if not events:
            raise ApiError(404, f"no contact {contact}", "`trunkline contacts list` shows what there is")
        return events
