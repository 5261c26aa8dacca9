"""The JSON Schema of flow files, from what the kinds declare; editors complete and check with it.

A flow names it in its first line: `# yaml-language-server: $schema=flow.schema.json`.
"""

from typing import Any

from ivr_flows.expressions.tree import Type
from ivr_flows.kinds.catalogue import KINDS
from ivr_flows.kinds.declare import Key, Kind, keys_of
from ivr_flows.kinds.manner import Manner
from ivr_flows.kinds.values import NAME_SCHEMA, NODE_SCHEMA, TIME_SCHEMA
from ivr_flows.reading.prompts import PIECES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT = {"type": "string"}
_NUMBER = {"type": "integer", "minimum": 0}
_SPANS = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}


def flow_schema() -> dict[str, Any]:
    """Return the schema as data."""
    nodes = [{"$ref": f"#/$defs/{word}"} for word in KINDS]
    node = {"anyOf": nodes}
    return {
        "$schema": DIALECT,
        "title": "A flow of Trunkline",
        **_closed(_top(), ("flow", "start", "nodes")),
        "$defs": {
            "prompt": {"anyOf": [_piece(), {"type": "array", "minItems": 1, "items": _piece()}]},
            "node": {"anyOf": [*nodes, {"type": "array", "minItems": 1, "items": node}]},
            **{word: kind_schema(kind) for word, kind in KINDS.items()},
        },
    }


def kind_schema(kind: Kind[Any]) -> dict[str, Any]:
    """Return the schema of one kind of node. `next` may be missing in a list of steps."""
    keys = list(keys_of(kind.node))
    required = [key.word for key in keys if key.required and key.word != "next"]
    properties = {word: _described(key) for key in keys for word in (key.word, *key.aliases)}
    return {"description": f"`{kind.word}` {kind.doc}", **_closed(properties, required or (kind.word,))}


def _top() -> dict[str, Any]:
    calendar = {
        "zone": _TEXT,
        "week": {"type": "object", "additionalProperties": _SPANS},
        "closed": _SPANS,
        "holidays": _TEXT,
    }
    variable = {
        "type": {"enum": [each.value for each in Type]},
        "value": {"type": ["string", "number", "boolean", "null"]},
        "secret": {"type": "boolean"},
    }
    limits = {"steps": _NUMBER, "time": TIME_SCHEMA, "repeats": _NUMBER, "then": NODE_SCHEMA}
    return {
        "flow": NAME_SCHEMA,
        "version": {"type": ["string", "number"]},
        "language": _TEXT,
        "voice": _TEXT,
        "zone": _TEXT,
        "start": NODE_SCHEMA,
        "operator": NODE_SCHEMA,
        "otherwise": NODE_SCHEMA,
        "fallback": NODE_SCHEMA,
        "failed": NODE_SCHEMA,
        "hung_up": NODE_SCHEMA,
        "limits": _closed(limits, ()),
        "variables": _named({"anyOf": [variable["value"], _closed(variable, ())]}),
        "lists": _named({"type": ["array", "object"]}),
        "languages": _named(_closed({"voice": _TEXT, "texts": {"type": ["string", "object"]}}, ("texts",))),
        "hours": _named(_closed(calendar, ("zone", "week"))),
        "defaults": _closed({key.word: _described(key) for key in keys_of(Manner)}, ()),
        "nodes": {**_named({"$ref": "#/$defs/node"}), "minProperties": 1},
    }


def _described(key: Key) -> dict[str, Any]:
    return {"description": key.doc, **key.value.schema}


def _named(value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "propertyNames": NAME_SCHEMA, "additionalProperties": value}


def _closed(properties: dict[str, Any], required: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _piece() -> dict[str, Any]:
    pieces = [_closed({word: {"type": ["string", "number"]}}, (word,)) for word in PIECES]
    return {"anyOf": [{"type": ["string", "number"]}, *pieces]}
