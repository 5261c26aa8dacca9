"""Reads what a declared type says about itself: its keys, those of its groups, and what it inherits."""

from dataclasses import fields as fields_of
from typing import Any

from ivr_flows.kinds.declare import declared_key
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields


def read_declared(declaring: type, fields: Fields, context: Context, defaults: Any = None) -> dict[str, Any]:
    """Return the constructor's arguments; what `defaults` has holds where nothing is written."""
    values: dict[str, Any] = {}
    for declared in fields_of(declaring):
        if (inner := declared.metadata.get("group")) is not None:
            inherited = context.defaults if isinstance(context.defaults, inner) else None
            values[declared.name] = inner(**read_declared(inner, fields, context, inherited))
            continue
        key = declared_key(declared)
        if key is None:
            continue
        for alias in key.aliases:
            fields.rename(alias, key.word)
        default = key.default
        if defaults is not None:
            default = getattr(defaults, declared.name)
        elif key.inherits:
            default = getattr(context.defaults, key.inherits)
        values[declared.name] = key.value.read(fields, key.word, context, default)
    return values
