"""Notices and caller profiles over the API: switched on and off, looked up and erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import FastAPI, Path
from pydantic import BaseModel, ConfigDict, Field

from contacts.facts.system import NoticeCleared, NoticeSet, ProfileErased
from server.http.errors import ApiError, answers
from server.http.guard import Who
from server.http.ports import ApiPorts
from server.outside.notices import Notice, TooManyNoticesError
from server.store.store import StoreError

NoticeName = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
"""As a flow writes it."""
LONGEST_MINUTES = 90 * 24 * 60


class NoticeRequest(BaseModel):
    """What callers are told, and for how long from now."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")
    minutes: int = Field(ge=1, le=LONGEST_MINUTES)


class ProfileRequest(BaseModel):
    """Whose profile; in the body, so that no log of addresses holds a number."""

    model_config = ConfigDict(extra="forbid")

    caller: str = Field(min_length=1, max_length=64)


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice that is heard now."""

    name: str
    text: str
    until: datetime
    set_at: datetime
    set_by: str


@dataclass(frozen=True, slots=True)
class ProfileValues:
    """What flows keep about a caller."""

    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class ProfileGone:
    """How many values there were."""

    erased: int


def add_notice_routes(app: FastAPI, ports: ApiPorts) -> None:
    """The next caller hears what was set; what blocks runs off the loop."""

    @app.get("/notices")
    async def list_notices() -> tuple[NoticeLine, ...]:
        """Those that callers hear now, the first to expire first."""
        return tuple(map(_line, ports.notices.on(ports.utc())))

    @app.put("/notices/{notice}", responses=answers(409))
    async def set_notice(notice: NoticeName, wanted: NoticeRequest, who: Who) -> NoticeLine:
        """The next caller hears it; it expires by itself."""
        now = ports.utc()
        told = Notice(notice, wanted.text, now + timedelta(minutes=wanted.minutes), now, who.name)
        try:
            await ports.off_loop.run(lambda: ports.notices.put(told))
        except TooManyNoticesError as error:
            raise ApiError(409, str(error), "clear one first") from None
        except StoreError as error:
            raise ApiError(503, str(error), "try again") from None
        ports.note(NoticeSet(name=notice, until=told.until.isoformat(), by=who.name))
        return _line(told)

    @app.delete("/notices/{notice}", responses=answers(404))
    async def clear_notice(notice: NoticeName, who: Who) -> NoticeLine:
        """The next caller does not hear it any more."""
        now = ports.utc()
        was = next((each for each in ports.notices.on(now) if each.name == notice), None)
        if was is None:
            raise ApiError(404, f"no notice {notice} is on", "`trunkline notices` lists all")
        try:
            await ports.off_loop.run(lambda: ports.notices.clear(notice, now))
        except StoreError as error:
            raise ApiError(503, str(error), "try again") from None
        ports.note(NoticeCleared(name=notice, by=who.name))
        return _line(was)


def add_profile_routes(app: FastAPI, ports: ApiPorts) -> None:
    """Officers answer for what is kept about a person."""

    @app.post("/profiles/show")
    async def show_profile(wanted: ProfileRequest) -> ProfileValues:
        """What flows keep about the caller with this number."""
        return ProfileValues(dict(await ports.off_loop.run(lambda: ports.profiles.kept(wanted.caller))))

    @app.post("/profiles/erase")
    async def erase_profile(wanted: ProfileRequest, who: Who) -> ProfileGone:
        """Nothing of it is kept any more."""
        try:
            erased = await ports.off_loop.run(lambda: ports.profiles.erase(wanted.caller))
        except StoreError as error:
            raise ApiError(503, str(error), "try again") from None
        ports.note(ProfileErased(values=erased, by=who.name))
        return ProfileGone(erased)


def _line(notice: Notice) -> NoticeLine:
    return NoticeLine(notice.name, notice.text, notice.until, notice.set_at, notice.set_by)
