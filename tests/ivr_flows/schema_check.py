"""As much of JSON Schema as the published schema uses; enough to see whether a flow fits it."""

import re
from datetime import date
from typing import Any

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str, date),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def mistakes(
    value: Any, schema: dict[str, Any], whole: dict[str, Any] | None = None, at: str = ""
) -> list[str]:
    """Return what does not fit, each with its path."""
    whole = whole or schema
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        return mistakes(value, whole["$defs"][name], whole, at)
    found = [f"{at}: {rule}" for rule, holds in _plain(value, schema) if not holds]
    if "anyOf" in schema:
        tried = [mistakes(value, option, whole, at) for option in schema["anyOf"]]
        found += sorted(tried, key=len)[0] if all(tried) else []
    if isinstance(value, dict):
        found += _in_mapping({str(name): inner for name, inner in value.items()}, schema, whole, at)
    if isinstance(value, list):
        for number, item in enumerate(value, 1):
            found += mistakes(item, schema.get("items", {}), whole, f"{at}.{number}")
    return found


def _plain(value: Any, schema: dict[str, Any]) -> list[tuple[str, bool]]:
    wanted = schema.get("type", [])
    names = [wanted] if isinstance(wanted, str) else wanted
    fits = any(_is(value, TYPES[name]) for name in names) or not names
    size = len(value) if isinstance(value, dict | list) else 0
    number = value if isinstance(value, int | float) else None
    return [
        (f"type is not {wanted}", fits),
        ("not one of the values", "enum" not in schema or value in schema["enum"]),
        ("pattern", not isinstance(value, str) or re.search(schema.get("pattern", ""), value) is not None),
        ("too small", number is None or number >= schema.get("minimum", number)),
        ("too large", number is None or number <= schema.get("maximum", number)),
        ("too few", size >= max(schema.get("minItems", 0), schema.get("minProperties", 0)) or not size),
        ("too many", size <= schema.get("maxProperties", size)),
    ]


def _is(value: Any, types: tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return bool in types
    return isinstance(value, types)


def _in_mapping(value: dict[str, Any], schema: dict[str, Any], whole: dict[str, Any], at: str) -> list[str]:
    found = [f"{at}: {name} is missing" for name in schema.get("required", ()) if name not in value]
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", {})
    for name, inner in value.items():
        if name in properties:
            found += mistakes(inner, properties[name], whole, f"{at}.{name}")
        elif others is False:
            found.append(f"{at}: {name} is no key here")
        elif isinstance(others, dict):
            found += mistakes(inner, others, whole, f"{at}.{name}")
    return found
