"""What settings can be made of data from outside, and every mistake that stands in the way."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from config.across import Mistake, mistakes_across, rename_seconds
from config.kinds import misfits
from config.settings import Settings
from config.tables import Path as KeyPath
from config.tables import keys_of, table_at
from config.words import hidden, words

# Settings whose name has changed: the old one is told what it is called now.
RENAMED = {
    "arena_mb": "prompt_memory_mb",
    "listen_rows": "max_listeners",
    "recording_rows": "max_recordings",
    "rna_pause_s": "pause_after_no_answer_s",
}
_MOST_ROUNDS = 10


def judge(data: dict[str, Any]) -> tuple[Settings | None, list[Mistake]]:
    """A value that is wrong is taken out and the rest judged again, until nothing new comes to light."""
    found = {mistake.path: mistake for mistake in mistakes_across(data)}
    rest, taken_out = copy.deepcopy(data), set[KeyPath]()
    rename_seconds(rest)
    early = [Mistake(path, f"unknown setting{_suggestion(path)}") for path in _old_names(rest, ())]
    early += misfits(rest, Settings, ())
    for mistake in early:
        found.setdefault(mistake.path, mistake)
        taken_out.add(_take_out(rest, mistake.path))
    for _ in range(_MOST_ROUNDS):
        try:
            return Settings.model_validate(rest), [*found.values()]
        except ValidationError as error:
            fresh = [each for each in _mistakes(error, rest) if each.path not in taken_out]
        found |= {each.path: each for each in fresh if not _is_told(each.path, found)}
        removed = {path for each in fresh if (path := _take_out(rest, each.path))}
        if not removed:
            break
        taken_out |= removed
    return None, [*found.values()]


def _old_names(data: Any, path: KeyPath) -> Iterator[KeyPath]:
    entries = data.items() if isinstance(data, dict) else enumerate(data if isinstance(data, list) else ())
    for key, value in entries:
        here = (*path, key)
        yield from _old_names(value, here)
        table = table_at(Settings, path) if key in RENAMED else None
        if table is not None and RENAMED[str(key)] in keys_of(table) and key not in keys_of(table):
            yield here


def _is_told(path: KeyPath, found: Iterable[KeyPath]) -> bool:
    return any(path[: len(known)] == known for known in found)


def _mistakes(error: ValidationError, data: dict[str, Any]) -> list[Mistake]:
    first: dict[KeyPath, Mistake] = {}
    for problem in error.errors(include_url=False):
        path = _real_path(problem["loc"], data, problem["type"] in {"missing", "missing_argument"})
        # An item that is wrong is not counted either: that the list is too short then is no news.
        if problem["type"] != "too_short" or not any(known[: len(path)] == path for known in first):
            first.setdefault(path, Mistake(path, _message(problem, path)))
    return list(first.values())


def _real_path(location: tuple[int | str, ...], data: Any, missing: bool) -> KeyPath:
    """The location without pydantic's own steps, such as the name of the tried member of a union."""
    path: KeyPath = ()
    for part in location:
        inside = isinstance(data, dict) or (isinstance(data, list) and isinstance(part, int))
        try:
            data = data[part] if inside else None
        except (KeyError, IndexError):
            inside = missing and part == location[-1]
        if not inside:
            break
        path = (*path, part)
    return path


def _message(problem: Any, path: KeyPath) -> str:
    kind = problem["type"]
    if kind in {"extra_forbidden", "unexpected_keyword_argument"}:
        return f"unknown setting{_suggestion(path)}"
    value = "…" if hidden(path) else problem.get("input")
    return words(kind.replace("missing_argument", "missing"), value, problem.get("ctx", {}), problem["msg"])


def _suggestion(path: KeyPath) -> str:
    """What the key is called now, or the nearest known one beside it."""
    table, name = table_at(Settings, path[:-1]), str(path[-1])
    known = keys_of(table) if table else {}
    if (now := RENAMED.get(name)) in known:
        return f"; it is called {now} now"
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _take_out(data: Any, path: KeyPath) -> KeyPath:
    """Removes the value, or the list that it stands in; entries of a list of tables keep their places."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    for key in path[:-1]:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return ()
    if not path or not isinstance(data, dict) or path[-1] not in data:
        return ()
    del data[path[-1]]
    return path
