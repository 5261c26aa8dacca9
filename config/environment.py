"""Settings from the environment: TRUNKLINE_SIP__PORT=5070 is `port` of `[sip]`."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_origin

from config.tables import Path, is_list, keys_of, scalars_of, table_in

PREFIX = "TRUNKLINE_"
# These begin like settings and are none: what clients and softphones are told.
OTHER_VARIABLES = frozenset({"TRUNKLINE_SOFTPHONE_PASSWORD", "TRUNKLINE_TOKEN", "TRUNKLINE_CONFIG"})


@dataclass(frozen=True, slots=True)
class Given:
    """One variable that gives a setting its value."""

    variable: str
    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class Misnamed:
    """One variable that gives nothing, and why."""

    variable: str
    message: str


def from_environment(environment: Mapping[str, str], root: type) -> Iterator[Given | Misnamed]:
    """Shorter paths first, so that TRUNKLINE_SIP__PORT has the last word over TRUNKLINE_SIP."""
    names = [name for name in environment if name.upper().startswith(PREFIX)]
    for name in sorted(names, key=lambda name: (name.count("__"), name)):
        if name.upper() not in OTHER_VARIABLES:
            yield _read(name, environment[name], root)


def _read(variable: str, text: str, root: type) -> Given | Misnamed:
    parts = variable[len(PREFIX) :].lower().split("__")
    table: type = root
    for number, part in enumerate(parts):
        field = keys_of(table).get(part)
        if field is None:
            known = [_variable((*parts[:number], key)) for key in keys_of(table)]
            near = difflib.get_close_matches(variable.upper(), known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; docs/configuration.md lists all settings"
            return Misnamed(variable, f"unknown setting{hint}")
        path, rest = tuple(parts[: number + 1]), parts[number + 1 :]
        inner = table_in(field.annotation)
        if not rest:
            return _value(variable, path, text, field.annotation)
        if get_origin(field.annotation) is dict:
            return Given(variable, (*path, "__".join(rest)), text)
        if inner is None or is_list(field.annotation):
            whole = _variable(path)
            return Misnamed(variable, f"{'.'.join(path)} has no parts to set; give it whole in {whole}")
        table = inner
    raise AssertionError("a name has at least one part")


def _value(variable: str, path: Path, text: str, annotation: Any) -> Given | Misnamed:
    scalars = scalars_of(annotation)
    if scalars:
        return Given(variable, path, _scalar(text, scalars))
    try:
        return Given(variable, path, json.loads(text))
    except (ValueError, RecursionError):
        shape = "[...]" if is_list(annotation) else '{"key": "value"}'
        return Misnamed(variable, f"is not JSON; write it as {shape}")


def _scalar(text: str, scalars: frozenset[type]) -> Any:
    """The number or truth that the text spells where one is wanted; any other text stays text."""
    if bool in scalars and text.lower() in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
        return text.lower() in {"true", "1", "yes", "on"}
    for wanted in (int, float):
        if wanted in scalars:
            try:
                return wanted(text)
            except ValueError:
                continue
    return text


def _variable(parts: tuple[Any, ...]) -> str:
    return PREFIX + "__".join(map(str, parts)).upper()
