"""Relative folders and files in the settings lie beside the file that names them."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator
from typing import Any

from config.tables import Path, keys_of, scalars_of, table_in

DATA = ("server", "data_directory")
# What is not named lies inside the data directory.
INSIDE: dict[Path, str] = {
    ("recordings", "directory"): "recordings",
    ("recordings", "key_directory"): "keys",
    ("speech", "cache_dir"): "speech",
    ("sip", "tls", "certificate"): "tls/sip.crt",
    ("sip", "tls", "key"): "tls/sip.key",
}


def place_folders(data: dict[str, Any], root: type, base_of: Callable[[Path], pathlib.Path | None]) -> None:
    """Changes the data; `base_of` says what a value at a path is relative to, None: leave it alone."""
    for path in _paths(root, ()):
        if isinstance(value := _get(data, path), str) and (base := base_of(path)):
            _set(data, path, str(base / value))
    for path in _lists(root, ()):
        if isinstance(value := _get(data, path), list):
            _set(data, path, [_placed(each, base_of((*path, n))) for n, each in enumerate(value)])
    named = _get(data, DATA)
    if isinstance(named, str):
        for path, name in INSIDE.items():
            if _get(data, path) is None:
                _set(data, path, str(pathlib.Path(named) / name))


def name_data_directory(data: dict[str, Any], default: str) -> None:
    if _get(data, DATA) is None:
        _set(data, DATA, default)


def _paths(table: type, path: Path) -> Iterator[Path]:
    for name, field in keys_of(table).items():
        inner = table_in(field.annotation)
        if inner is not None:
            yield from _paths(inner, (*path, name))
        elif pathlib.Path in scalars_of(field.annotation):
            yield (*path, name)


def _lists(table: type, path: Path) -> Iterator[Path]:
    for name, field in keys_of(table).items():
        inner = table_in(field.annotation)
        if inner is not None:
            yield from _lists(inner, (*path, name))
        elif field.annotation == tuple[pathlib.Path, ...]:
            yield (*path, name)


def _placed(value: Any, base: pathlib.Path | None) -> Any:
    return str(base / value) if base and isinstance(value, str) else value


def _get(data: Any, path: Path) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _set(data: dict[str, Any], path: Path, value: Any) -> None:
    """Leaves alone what is no table where one belongs: that is a mistake told elsewhere."""
    inner: Any = data
    for key in path[:-1]:
        inner = inner.setdefault(key, {}) if isinstance(inner, dict) else None
    if isinstance(inner, dict):
        inner[path[-1]] = value
