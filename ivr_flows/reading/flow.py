"""A whole flow file as written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath

from ivr_flows.definition.flow import Flow, Limits
from ivr_flows.definition.hours import Calendar
from ivr_flows.definition.nodes import Node
from ivr_flows.languages.key_names import primary
from ivr_flows.reading.context import Context
from ivr_flows.reading.defaults import Defaults
from ivr_flows.reading.fields import NAME, Fields
from ivr_flows.reading.hours import read_calendar
from ivr_flows.reading.nodes import read_node
from ivr_flows.reading.prompts import PromptReader
from ivr_flows.reading.report import Report
from ivr_flows.reading.tree import Mapping as MappingTree
from ivr_flows.reading.tree import Tree

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")


UNDERSTOOD = frozenset({"en"})
"""What the recogniser that comes with the server understands."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A flow as far as it could be read; `flow` may break every rule that `rules.py` checks afterwards."""

    flow: Flow
    declared: frozenset[str]
    """All names that stand under `nodes`, whether or not the node could be read."""


def read_flow(
    report: Report, tree: Tree, path: FilePath | None, recognised: frozenset[str] = UNDERSTOOD
) -> Reading:
    """Read a whole file; `recognised` are the languages in which callers are understood."""
    fields = Fields(report, tree, ())
    prompts = PromptReader(report, None if path is None else path.parent)
    language = _language(fields)
    name = fields.name("flow")
    defaults = _defaults(fields, prompts)
    operator = fields.optional_name("operator")
    context = Context(prompts, defaults, operator, language, primary(language) in recognised)
    nodes, declared = _nodes(fields, context)
    values, secrets = _variables(fields)
    flow = Flow(
        name=name,
        version=fields.text("version", "1"),
        language=language,
        voice=fields.optional_text("voice"),
        start=fields.name("start"),
        nodes=nodes,
        operator=operator,
        fallback=fields.optional_name("fallback"),
        failed=fields.optional_name("failed"),
        limits=_limits(fields),
        variables=values,
        declared_secrets=secrets,
        calendars=_calendars(fields),
        path=path,
    )
    fields.finish()
    return Reading(flow, declared)


def _language(fields: Fields) -> str:
    text = fields.text("language", "en")
    if not _LANGUAGE.fullmatch(text):
        fields.complain(
            "language", "value-type", f'"{text[:40]}" is no language', "write it like en or en-GB"
        )
    return text


def _defaults(fields: Fields, prompts: PromptReader) -> Defaults:
    tree = fields.take("defaults")
    if tree is None:
        return Defaults()
    written = Fields(fields.report, tree, fields.sub("defaults"))
    defaults = Defaults().refined(written, prompts)
    written.finish()
    return defaults


def _limits(fields: Fields) -> Limits:
    tree, default = fields.take("limits"), Limits()
    if tree is None:
        return default
    written = Fields(fields.report, tree, fields.sub("limits"))
    time_s = written.duration("time", default.time_s, 10.0, 7 * 24 * 3600.0)
    limits = Limits(
        steps=written.whole("steps", default.steps, 10, 1_000_000),
        time_s=default.time_s if time_s is None else time_s,
        repeats=written.whole("repeats", default.repeats, 1, 1_000_000),
        then=written.optional_name("then"),
    )
    written.finish()
    return limits


def _variables(fields: Fields) -> tuple[Mapping[str, str], frozenset[str]]:
    """Return the starting values, and the names of those that are declared as secret."""
    tree = fields.take("variables")
    if tree is None:
        return {}, frozenset()
    written = Fields(fields.report, tree, fields.sub("variables"))
    values: dict[str, str] = {}
    secrets: set[str] = set()
    for name in written.names:
        _check_name(written, name)
        value = written.take(name)
        if isinstance(value, MappingTree):
            about = Fields(fields.report, value, written.sub(name))
            values[name] = _starting_value(about, "value")
            secrets |= {name} if about.flag("secret", False) else set()
            about.finish()
        else:
            values[name] = _starting_value(written, name)
    return values, frozenset(secrets)


def _starting_value(fields: Fields, key: str) -> str:
    # an empty value is welcome here: it declares a variable that something else sets
    value = fields.take(key)
    is_empty = value is None or getattr(value, "text", None) == ""
    return "" if is_empty else fields.text(key, "")


def _calendars(fields: Fields) -> Mapping[str, Calendar]:
    tree = fields.take("hours")
    if tree is None:
        return {}
    written = Fields(fields.report, tree, fields.sub("hours"))
    calendars: dict[str, Calendar] = {}
    for name in written.names:
        _check_name(written, name)
        value = written.take(name)
        if value is not None:
            calendars[name] = read_calendar(fields.report, name, value, written.sub(name))
    return calendars


def _nodes(fields: Fields, context: Context) -> tuple[Mapping[str, Node], frozenset[str]]:
    tree = fields.expect("nodes")
    if tree is None:
        return {}, frozenset()
    written = Fields(fields.report, tree, fields.sub("nodes"))
    nodes: dict[str, Node] = {}
    for name in written.names:
        _check_name(written, name)
        value = written.take(name)
        node = None if value is None else read_node(fields.report, name, value, written.sub(name), context)
        if node is not None:
            nodes[name] = node
    return nodes, frozenset(written.names)


def _check_name(fields: Fields, name: str) -> None:
    if not NAME.fullmatch(name):
        mend = "begin with a letter and use letters, digits, _ and -"
        fields.complain(name, "name-invalid", f'"{name[:40]}" is no name', mend)
