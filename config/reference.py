"""The settings as a page to read: `python -m config.reference > docs/configuration.md`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from enum import Enum
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.settings import Settings
from config.tables import is_list, keys_of, table_in

HEAD = """# Configuration

Every key of the settings file, made from the settings' own types by `python -m config.reference`.
Start from [`config/default.toml`](../config/default.toml). The environment overrides the file:
`TRUNKLINE_` and the key with `__` for the dot, for example `TRUNKLINE_SIP__PORT=5070`.
"""


def page() -> str:
    """Markdown: one table per section of the file."""
    return HEAD + "".join(_sections(Settings, ""))


def _sections(table: type, path: str) -> Iterator[str]:
    rows = [
        f"| `{name}` | {_default(field)} | {field.description or ''} |"
        for name, field in keys_of(table).items()
        if table_in(field.annotation) is None
    ]
    if rows:
        text = "\n".join(["| key | default | meaning |", "| --- | --- | --- |", *rows])
        yield f"\n## {path or 'Top level'}\n\n{text}\n"
    for name, field in keys_of(table).items():
        inner = table_in(field.annotation)
        if inner:
            dotted = f"{path.strip('[]`')}.{name}".strip(".")
            yield from _sections(inner, f"`[[{dotted}]]`" if is_list(field.annotation) else f"`[{dotted}]`")


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined and field.default_factory is None:
        return "required"
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value in ({}, ()):
        return "none"
    return f"`{json.dumps(value, default=_written)}`"


def _written(value: Any) -> Any:
    """As the settings file has it, where JSON has nothing of the kind."""
    return value.value if isinstance(value, Enum) else str(value)


if __name__ == "__main__":
    sys.stdout.write(page())
