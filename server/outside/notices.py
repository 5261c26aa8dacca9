"""Notices: what callers are told for a while, like a downtime; switched while calls run, gone in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Engine, select

from recordings.instants import from_utc_text, to_utc_text
from server.outside.tables import NOTICE
from server.store.writer import StoreWriter

MAX_NOTICES = 200
_SAVE = (
    "INSERT INTO notice (name, text, until, set_at, set_by) VALUES (:name, :text, :until, :set_at, :set_by) "
    "ON CONFLICT (name) DO UPDATE SET text = excluded.text, until = excluded.until, "
    "set_at = excluded.set_at, set_by = excluded.set_by"
)


@dataclass(frozen=True, slots=True)
class Notice:
    """What the `notice` nodes of that name say until then."""

    name: str
    text: str
    until: datetime
    set_at: datetime
    set_by: str


class NoticesToTell(Protocol):
    """What a flow is told of notices."""

    def text(self, name: str, now: datetime) -> str | None:
        """None when none of that name is on. Does not wait."""


class TooManyNoticesError(Exception):
    """More than anybody could oversee."""


class NoticeBoard:
    """Read from memory, so that no caller waits for a disk; `put` and `clear` block until it is durable."""

    def __init__(self, store: Engine, writer: StoreWriter) -> None:
        """Blocks: reads what was on before."""
        self._writer = writer
        with store.connect() as connection:
            rows = connection.execute(select(NOTICE)).all()
        self._notices = {
            row.name: Notice(
                row.name, row.text, from_utc_text(row.until), from_utc_text(row.set_at), row.set_by
            )
            for row in rows
        }

    def text(self, name: str, now: datetime) -> str | None:
        notice = self._notices.get(name)
        return notice.text if notice is not None and now < notice.until else None

    def on(self, now: datetime) -> tuple[Notice, ...]:
        """Those that are heard at this moment, the first to expire first."""
        return tuple(
            sorted(
                (each for each in tuple(self._notices.values()) if now < each.until),
                key=lambda each: (each.until, each.name),
            )
        )

    def put(self, notice: Notice) -> None:
        """Replaces the one of the same name; raises StoreError and TooManyNoticesError."""
        expired = [each.name for each in tuple(self._notices.values()) if each.until <= notice.set_at]
        if notice.name not in self._notices and len(self._notices) - len(expired) >= MAX_NOTICES:
            raise TooManyNoticesError(f"{MAX_NOTICES} notices are on")
        row = {
            "name": notice.name,
            "text": notice.text,
            "until": to_utc_text(notice.until),
            "set_at": to_utc_text(notice.set_at),
            "set_by": notice.set_by,
        }
        self._writer.write(_deletion(expired), (_SAVE, [row]))
        for name in expired:
            self._notices.pop(name, None)
        self._notices[notice.name] = notice

    def clear(self, name: str, now: datetime) -> bool:
        """Whether it was on; raises StoreError."""
        was_on = self.text(name, now) is not None
        if name in self._notices:
            self._writer.write(_deletion([name]))
            self._notices.pop(name, None)
        return was_on


def _deletion(names: list[str]) -> tuple[str, list[dict[str, str | int | float | bytes | None]]]:
    return "DELETE FROM notice WHERE name = :name", [{"name": name} for name in names]
