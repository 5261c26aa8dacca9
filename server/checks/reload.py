"""What a running server can take over from changed settings, and what must wait for its next start (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from config.settings import Settings
from config.tables import Path
from server.checks.repertoire import Repertoire

# These apply to the next call, contact or registration; everything else is built into what runs.
RELOADABLE: tuple[Path, ...] = (
    ("sip", "trunks"),
    ("agents",),
    ("queues",),
    ("numbers",),
    ("calls",),
    ("flows", "directory"),
    ("flows", "number_gateway"),
    ("flows", "hooks"),
    ("callbacks",),
)


@dataclass(frozen=True, slots=True)
class Reloadable:
    """The settings that apply after a reload, and in words what is other about them."""

    settings: Settings
    changed: tuple[str, ...]
    """One line for each table that differs: "agents: carol is new, bob is gone, alice is changed"."""
    restart_needed: tuple[str, ...]
    """Keys that differ and keep their old value until the next start."""


def reloadable(old: Settings, new: Settings) -> Reloadable:
    """Both are free of mistakes; so is what comes of them, since no rule ties the two kinds together."""
    changed = [line for path in RELOADABLE if (line := _difference(path, _at(old, path), _at(new, path)))]
    restart = tuple(_differing_keys(old, new, ()))
    return Reloadable(_merged(old, new), tuple(changed), restart)


def changed_flows(old: Repertoire, new: Repertoire) -> tuple[str, ...]:
    """The names of flows whose file says something else now, or that no number reached before."""
    before = {(flow.path, flow.digest) for flow in old.flows()}
    return tuple(
        str(flow.path.stem if flow.path else flow.name)
        for flow in new.flows()
        if (flow.path, flow.digest) not in before
    )


def _at(settings: BaseModel, path: Path) -> Any:
    value: Any = settings
    for key in path:
        value = getattr(value, str(key))
    return value


def _difference(path: Path, old: Any, new: Any) -> str:
    if old == new:
        return ""
    name = ".".join(map(str, path))
    if isinstance(new, BaseModel):
        old, new = dict(old), dict(new)
    if isinstance(new, tuple):
        old, new = {each.name: each for each in old}, {each.name: each for each in new}
    if isinstance(new, Mapping):
        return f"{name}: {', '.join(_entries(old, new)) or 'in another order'}"
    return f"{name}: {'removed' if new is None else new}"


def _entries(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{name} is new" for name in new if name not in old)
    yield from (f"{name} is gone" for name in old if name not in new)
    yield from (f"{name} is changed" for name in new if name in old and new[name] != old[name])


def _differing_keys(old: BaseModel, new: BaseModel, path: Path) -> Iterator[str]:
    for name in type(old).model_fields:
        here = (*path, name)
        before, after = getattr(old, name), getattr(new, name)
        if before == after or here in RELOADABLE:
            continue
        if isinstance(before, BaseModel) and isinstance(after, BaseModel):
            yield from _differing_keys(before, after, here)
        else:
            yield ".".join(map(str, here))


def _merged(old: Settings, new: Settings) -> Settings:
    """The old settings with the reloadable tables of the new ones."""
    tables: dict[str, Any] = {}
    for table, *rest in RELOADABLE:
        value = _at(new, (table, *rest))
        if rest:
            before = tables.get(str(table), getattr(old, str(table)))
            value = before.model_copy(update={str(rest[0]): value})
        tables[str(table)] = value
    return old.model_copy(update=tables)
