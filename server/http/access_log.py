"""Who used the API and who was turned away: the journal's own record, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Query

from contacts.facts.entry import JournalEntry
from contacts.facts.system import AccessRefused, AccessUsed
from server.http.ports import ApiPorts

MAX_PAGE = 500


@dataclass(frozen=True, slots=True)
class AccessLine:
    """One access. `who` is a name, or the source where nobody was known; `refused` says why, or is empty."""

    sequence: int
    at: datetime
    who: str
    role: str
    action: str
    subject: str
    reason: str
    refused: str


@dataclass(frozen=True, slots=True)
class AccessLines:
    """`next` asks for what is older; None where the journal begins. A page may be shorter than asked for."""

    lines: tuple[AccessLine, ...]
    next: int | None


def add_access_log_routes(app: FastAPI, ports: ApiPorts) -> None:
    """Reads the journal beside the loop, a bounded stretch at a time."""

    @app.get("/access/log")
    async def read_access_log(
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
        before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
        subject: Annotated[str | None, Query(max_length=200)] = None,
    ) -> AccessLines:
        """Newest first; `subject` is the id of a contact, a recording or an agent."""
        entries, older = await ports.off_loop.run(lambda: ports.archive.accesses(limit, before, subject))
        return AccessLines(tuple(map(_line, entries)), older)


def _line(entry: JournalEntry) -> AccessLine:
    fact = entry.fact
    if isinstance(fact, AccessUsed):
        return AccessLine(
            entry.sequence, entry.at, fact.principal, fact.role, fact.action, fact.subject, fact.reason, ""
        )
    if isinstance(fact, AccessRefused):
        return AccessLine(entry.sequence, entry.at, fact.source, "", fact.action, "", "", fact.why)
    raise TypeError(f"{fact.kind()} is no access")
