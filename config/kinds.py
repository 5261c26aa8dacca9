"""Text where a number is wanted, and the other way round: pydantic would quietly make one of the other."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Iterator
from typing import Any

from config.across import Mistake
from config.tables import Path, keys_of, scalars_of, table_in
from config.words import hidden, words

_NUMBERS = frozenset({int, float, bool})


def misfits(value: Any, annotation: Any, path: Path) -> Iterator[Mistake]:
    """Every one in a value of settings, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from misfits(inner, _within(annotation, key), (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from misfits(inner, _within(annotation, number), (*path, number))
    elif kind := _misfit(value, scalars_of(annotation)):
        yield Mistake(path, words(kind, "…" if hidden(path) else value, {}, ""))


def _within(annotation: Any, key: str | int) -> Any:
    """What stands behind a key, or at a place of a list; None where nothing is known of it."""
    table = table_in(annotation)
    if table is not None and isinstance(key, str):
        field = keys_of(table).get(key)
        return field.annotation if field else None
    if table is not None:
        return table
    for member in _members(annotation):
        origin, arguments = typing.get_origin(member), typing.get_args(member)
        if origin is dict and isinstance(key, str):
            return arguments[1]
        if origin in {tuple, list} and isinstance(key, int):
            return arguments[min(key, len(arguments) - 1)] if arguments[-1] is not ... else arguments[0]
    return None


def _members(annotation: Any) -> tuple[Any, ...]:
    union = typing.get_origin(annotation) in {typing.Union, types.UnionType}
    return typing.get_args(annotation) if union else (annotation,)


def _misfit(value: Any, wanted: frozenset[type]) -> str:
    """pydantic's name of the mistake; empty when the value is of a kind that is wanted."""
    if not wanted or value is None:
        return ""
    if isinstance(value, str):
        if not wanted <= _NUMBERS:
            return ""
        return "bool_type" if wanted == {bool} else "int_type"
    if not wanted & _NUMBERS:
        return "string_type" if isinstance(value, (int, float)) else ""
    if isinstance(value, bool):
        return "" if bool in wanted else "int_type"
    if isinstance(value, float) and not math.isfinite(value):
        # no timer takes such a number, and no bound of a setting refuses infinity
        return "finite_number"
    return "bool_type" if wanted == {bool} else ""
