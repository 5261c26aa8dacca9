"""Tables for people: one line for each thing, nothing cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from server.commands.console import out, print_json

T = TypeVar("T")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> None:
    """`empty` is said where there are no rows."""
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None)
    for row in rows:
        # Names come from files and telephones: they are text, not markup.
        table.add_row(*(cell.replace("[", r"\[") for cell in row))
    out.print(table if table.row_count else Text(empty))


def print_list(
    found: Iterable[T],
    as_json: bool,
    columns: Sequence[str],
    row: Callable[[T], Sequence[str]],
    empty: str,
) -> None:
    """What a server answered, for programs or for people."""
    if as_json:
        print_json(found)
    else:
        print_table(columns, map(row, found), empty)


def span(seconds: float | None) -> str:
    """`4 s`, `2:05`, `1:02:05`: as a clock shows it."""
    if seconds is None:
        return ""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def local_minute(instant: str | None) -> str:
    """An instant of the API on this machine's clock, as one says it; empty where there is none."""
    return "" if instant is None else f"{datetime.fromisoformat(instant).astimezone():%Y-%m-%d %H:%M}"


def local_time(instant: str) -> str:
    """An instant of the API in the zone of this machine, with the zone's name."""
    return f"{datetime.fromisoformat(instant).astimezone():%Y-%m-%d %H:%M:%S %Z}"
