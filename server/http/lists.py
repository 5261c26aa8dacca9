"""Number lists over the API: who is blocked, who goes first, who is not called.

Numbers go in bodies only, so that no log of addresses holds one.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contacts.facts.system import NumberListed, NumberUnlisted
from server.http.errors import ApiError, answers
from server.http.guard import Who
from server.http.ports import ApiPorts
from server.outside.number_lists import ListedNumber, NoNumberError, NumberList, TooManyNumbersError
from server.store.store import StoreError

PAGE = 1000
PLAIN = r"^[^\x00-\x1f\x7f]*$"


class ListedRequest(BaseModel):
    """Which number, who answers for it, why, and until when; without `expires`, until it is removed."""

    model_config = ConfigDict(extra="forbid")

    number: str = Field(min_length=1, max_length=64)
    reason: str = Field(min_length=1, max_length=500, pattern=PLAIN)
    owner: str = Field(default="", max_length=64, pattern=PLAIN)
    expires: AwareDatetime | None = None


class UnlistedRequest(BaseModel):
    """Which number."""

    model_config = ConfigDict(extra="forbid")

    number: str = Field(min_length=1, max_length=64)


@dataclass(frozen=True, slots=True)
class NumberLine:
    """A number on a list; `entry` is its name in events."""

    list: str
    number: str
    owner: str
    reason: str
    expires: datetime | None
    set_at: datetime
    set_by: str
    entry: str


@dataclass(frozen=True, slots=True)
class NumberLines:
    """Newest first; `next` asks for the page after this one, None after the last."""

    numbers: tuple[NumberLine, ...]
    next: str | None


def add_list_routes(app: FastAPI, ports: ApiPorts) -> None:
    """The next call is judged by what was changed; what blocks runs off the loop."""

    @app.get("/lists/{name}")
    async def list_numbers(
        name: NumberList,
        limit: Annotated[int, Query(ge=1, le=PAGE)] = 100,
        after: Annotated[str | None, Query(max_length=32)] = None,
    ) -> NumberLines:
        """Those that count now."""
        now = ports.utc()
        found = await ports.off_loop.run(lambda: ports.lists.numbers.page(name, now, limit + 1, after))
        shown = found[:limit]
        return NumberLines(tuple(map(_line, shown)), shown[-1].entry if len(found) > limit else None)

    _add_changes(app, ports)


def _add_changes(app: FastAPI, ports: ApiPorts) -> None:

    @app.post("/lists/{name}/add", responses=answers(409))
    async def add_number(name: NumberList, wanted: ListedRequest, who: Who) -> NumberLine:
        """Replaces the entry of the same number; who is not to be called is owed no callback any more."""
        entry = _wanted(name, wanted, ports, who.name)
        try:
            await ports.off_loop.run(lambda: ports.lists.put(entry))
        except TooManyNumbersError as error:
            raise ApiError(409, str(error), "remove one first") from None
        except StoreError as error:
            raise ApiError(503, str(error), "try again") from None
        expires = "" if entry.expires is None else entry.expires.isoformat()
        ports.note(
            NumberListed(list=name.value, entry=entry.entry, owner=entry.owner, expires=expires, by=who.name)
        )
        if name is NumberList.DO_NOT_CALL and (owed := ports.callbacks.owed_to(entry.number)) is not None:
            ports.callbacks.cancel(owed, who.name)
        return _line(entry)

    @app.post("/lists/{name}/remove", responses=answers(404, 409))
    async def remove_number(name: NumberList, wanted: UnlistedRequest, who: Who) -> NumberLine:
        """The next call is judged without it."""
        number, now = _number(wanted.number, ports), ports.utc()
        try:
            was = await ports.off_loop.run(lambda: ports.lists.remove(name, number, now))
        except StoreError as error:
            raise ApiError(503, str(error), "try again") from None
        if was is None:
            raise ApiError(
                404, f"the number is not on the list {name.value}", "`trunkline lists show` shows all"
            )
        ports.note(NumberUnlisted(list=name.value, entry=was.entry, by=who.name))
        return _line(was)


def _wanted(name: NumberList, wanted: ListedRequest, ports: ApiPorts, by: str) -> ListedNumber:
    now = ports.utc()
    if wanted.expires is not None and wanted.expires <= now:
        raise ApiError(409, "expires is over already", "give a time to come")
    entry = f"{int(now.timestamp() * 1000):011x}{secrets.token_hex(4)}"
    number = _number(wanted.number, ports)
    return ListedNumber(entry, name, number, wanted.owner or by, wanted.reason, wanted.expires, now, by)


def _number(typed: str, ports: ApiPorts) -> str:
    try:
        return ports.lists.numbers.full_number(typed)
    except NoNumberError as error:
        raise ApiError(409, str(error), "write it with its country, as in +4930123456") from None


def _line(each: ListedNumber) -> NumberLine:
    return NumberLine(
        each.on.value,
        each.number,
        each.owner,
        each.reason,
        each.expires,
        each.set_at,
        each.set_by,
        each.entry,
    )
