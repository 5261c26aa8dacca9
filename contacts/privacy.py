"""Who may read a field of a fact: stated in the field's type; whatever leaves the journal derives from it."""

from __future__ import annotations

import functools
from enum import Enum
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec


class Privacy(Enum):
    """Public may stand in any log; personal names or quotes a person; secret was given in confidence."""

    PUBLIC = "public"
    PERSONAL = "personal"
    SECRET = "secret"  # noqa: S105 - a class of privacy, no password


Personal = Annotated[str, msgspec.Meta(extra={"privacy": Privacy.PERSONAL})]
"""A number, a name, what somebody said: not in logs, and erased on demand."""
Secret = Annotated[str, msgspec.Meta(extra={"privacy": Privacy.SECRET})]
"""What must never be read again: kept only as a mask."""

ERASED = "[erased]"


@functools.cache
def privacy_of(struct: type[msgspec.Struct]) -> dict[str, Privacy]:
    """The class of each field of a fact type; a field that says nothing is public."""
    hints = get_type_hints(struct, include_extras=True)
    return {name: _privacy(hints[name]) for name in struct.__struct_fields__}


def _privacy(annotation: Any) -> Privacy:
    """The strictest that the annotation, or a part of it, names."""
    found = Privacy.PUBLIC
    if get_origin(annotation) is Annotated:
        base, *notes = get_args(annotation)
        extras = [note.extra for note in notes if isinstance(note, msgspec.Meta) and note.extra]
        named: list[Privacy] = [extra["privacy"] for extra in extras if "privacy" in extra]
        return _strictest([_privacy(base), *named])
    parts = [_privacy(part) for part in get_args(annotation)]
    return _strictest([found, *parts])


def _strictest(classes: list[Privacy]) -> Privacy:
    order = list(Privacy)
    return max(classes, key=order.index)
