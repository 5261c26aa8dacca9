"""`docs/facts.md`, made from the fact types themselves: `python -m contacts.facts.page > docs/facts.md`."""

from __future__ import annotations

import sys
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from contacts.facts.entry import FACT_TYPES
from contacts.facts.fact import Fact
from contacts.privacy import privacy_of

HEAD = """# Facts: what the journal keeps

Every event that `trunkline contacts show` tells, and every reader of the journal gets, is one of
these. A line of the journal adds where and when it happened: a sequence number per server, the
server (`instance`) and its run (`boot`), UTC, the reading of the monotonic clock, and a hash of the
settings that applied. The JSON form of an event is one object: `kind` and its fields.

*Privacy*: `public` fields may stand in logs and leave the server; `personal` ones (numbers, names,
what somebody keyed) do not, and can be erased without breaking the sequence; `secret` ones are
masks.

*Durable*: "first" is on disk before anybody outside sees or hears its consequence; "soon" within
100 ms of its happening, while the disk answers. What is durable survives `kill -9` and loss of
power.

This page is made from the types (`contacts/facts/`); a test holds it to them.
"""


def page() -> str:
    """The whole page, by subject in the order of the union."""
    lines, subject = [HEAD], ""
    for fact_type in FACT_TYPES:
        name = fact_type.__module__.rpartition(".")[2]
        if name != subject:
            subject = name
            lines.append(f"## {subject.capitalize()}\n")
        lines.append(_entry(fact_type))
    return "\n".join(lines)


def _entry(fact_type: type[Fact]) -> str:
    doc = (fact_type.__doc__ or "").strip().splitlines()[0]
    durable = fact_type.promise.name.lower()
    head = f"### `{fact_type.kind()}`\n\n{doc} Version {fact_type.version}, durable: {durable}.\n"
    hints = get_type_hints(fact_type, include_extras=True)
    rows = [
        f"| `{field}` | {_shown(hints[field])} | {privacy.value} |"
        for field, privacy in privacy_of(fact_type).items()
    ]
    return "\n".join(
        [head, *(["| field | type | privacy |", "| --- | --- | --- |", *rows] if rows else []), ""]
    )


def _shown(annotation: Any) -> str:
    """The type as JSON readers know it."""
    if get_origin(annotation) is Annotated:
        return _shown(get_args(annotation)[0])
    if hasattr(annotation, "__supertype__"):
        return _shown(annotation.__supertype__)
    if hasattr(annotation, "__members__"):
        return "one of " + ", ".join(f"`{member.value}`" for member in annotation)
    if annotation in (None, type(None)):
        return "null"
    parts = [_shown(part) for part in get_args(annotation) if part is not ...]
    names = {
        "dict": "object of {1}",
        "tuple": "list of {0}",
        "UnionType": "{0} or {1}",
        "Union": "{0} or {1}",
    }
    origin = get_origin(annotation)
    if origin is not None:
        return names[origin.__name__].format(*parts)
    return {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}.get(
        annotation.__name__, "any"
    )


if __name__ == "__main__":
    sys.stdout.write(page())
