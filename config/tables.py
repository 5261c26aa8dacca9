"""The settings' types, as the reader walks them: which keys a table has and what each takes."""

from __future__ import annotations

import types
import typing
from typing import Any

from pydantic.fields import FieldInfo

Path = tuple[str | int, ...]


def keys_of(table: type) -> dict[str, FieldInfo]:
    """The keys of a settings type, be it a model or a dataclass of pydantic."""
    found: dict[str, FieldInfo] = getattr(table, "__pydantic_fields__", {})
    return found


def table_in(annotation: Any) -> type | None:
    """The settings type inside `X`, `X | None` or `tuple[X, ...]`."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if keys_of(annotation) else None
    inner = (table_in(argument) for argument in typing.get_args(annotation))
    return next((table for table in inner if table), None)


def table_at(root: type, path: Path) -> type | None:
    """The type of the table that the path leads to; list positions are steps without meaning."""
    table: type | None = root
    for part in path:
        if table is None or isinstance(part, int):
            continue
        field = keys_of(table).get(part)
        table = table_in(field.annotation) if field else None
    return table


def scalars_of(annotation: Any) -> frozenset[type]:
    """The plain types that a value may have: {int} of `int | None`; empty for lists and tables."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return frozenset() if keys_of(annotation) else frozenset({annotation})
    origin = typing.get_origin(annotation)
    if origin in {tuple, list, dict}:
        return frozenset()
    if origin is typing.Literal:
        return frozenset(map(type, typing.get_args(annotation)))
    return frozenset().union(*map(scalars_of, typing.get_args(annotation))) - {type(None)}


def is_list(annotation: Any) -> bool:
    """Whether it takes `[...]`, or in a file `[[name]]`."""
    origin = typing.get_origin(annotation)
    return origin in {tuple, list} or any(is_list(argument) for argument in typing.get_args(annotation))
