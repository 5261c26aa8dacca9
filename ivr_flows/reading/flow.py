"""A whole flow file as written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path as FilePath

from ivr_flows.definition.flow import Flow, Limits
from ivr_flows.definition.hours import Calendar
from ivr_flows.definition.node import Node
from ivr_flows.expressions.functions import Table
from ivr_flows.expressions.tree import Type
from ivr_flows.findings import did_you_mean
from ivr_flows.kinds.catalogue import KIND_OF
from ivr_flows.kinds.declare import variables_set
from ivr_flows.kinds.manner import Manner
from ivr_flows.known import Known
from ivr_flows.languages.key_names import primary
from ivr_flows.reading.context import Context
from ivr_flows.reading.declared import read_declared
from ivr_flows.reading.fields import NAME, Fields
from ivr_flows.reading.hours import read_calendar, read_zone
from ivr_flows.reading.languages import LANGUAGE, read_languages
from ivr_flows.reading.lists import read_list
from ivr_flows.reading.nodes import read_node, steps_of
from ivr_flows.reading.prompts import PromptReader
from ivr_flows.reading.report import Path, Report
from ivr_flows.reading.tree import Mapping as MappingTree
from ivr_flows.reading.tree import Tree

UNDERSTOOD = frozenset({"en"})
"""What the recogniser that comes with the server understands."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A flow as far as it could be read; `flow` may break every rule that `rules.py` checks afterwards."""

    flow: Flow
    declared: frozenset[str]
    """All names that stand under `nodes`, whether or not the node could be read."""
    paths: Mapping[str, Path]
    """Where each node is written; a step of a list has no name of its own there."""


def read_flow(report: Report, tree: Tree, path: FilePath | None, known: Known) -> Reading:
    """Read a whole file for a server of which this much is known."""
    fields = Fields(report, tree, ())
    language = _language(fields)
    context = _context(fields, path, language, known)
    nodes, declared, paths = _nodes(fields, context)
    variables = _variables(fields).with_those_of(nodes)
    languages = read_languages(fields, language, path)
    fields.rename("fallback", "otherwise")
    flow = Flow(
        name=fields.name("flow"),
        version=fields.text("version", "1"),
        language=language,
        voice=fields.optional_text("voice"),
        start=fields.name("start"),
        nodes=nodes,
        operator=context.operator,
        otherwise=fields.optional_name("otherwise"),
        hung_up=fields.optional_name("hung_up"),
        failed=fields.optional_name("failed"),
        limits=_limits(fields),
        variables=variables.values,
        secrets=variables.secrets,
        types=variables.types,
        lists=_lists(fields, path),
        voices=languages.voices,
        catalogues=languages.catalogues,
        phrases=languages.phrases,
        zone=read_zone(fields, "UTC"),
        concealed=variables.concealed_in(nodes),
        calendars=_calendars(fields, path),
        path=path,
    )
    fields.finish()
    return Reading(flow, declared, paths)


def _context(fields: Fields, path: FilePath | None, language: str, known: Known) -> Context:
    context = Context(
        prompts=PromptReader(fields.report, None if path is None else path.parent),
        defaults=Manner(),
        operator=fields.optional_name("operator"),
        language=language,
        speaks=primary(language) in (known.recognised or UNDERSTOOD),
        capabilities=known.capabilities,
    )
    return replace(context, defaults=_defaults(fields, context))


def _language(fields: Fields) -> str:
    text = fields.text("language", "en")
    if not LANGUAGE.fullmatch(text):
        fields.complain(
            "language", "value-type", f'"{text[:40]}" is no language', "write it like en or en-GB"
        )
    return text


def _defaults(fields: Fields, context: Context) -> Manner:
    tree = fields.take("defaults")
    if tree is None:
        return Manner()
    written = Fields(fields.report, tree, fields.sub("defaults"))
    manner = Manner(**read_declared(Manner, written, context))
    written.finish()
    return manner


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


def _variables(fields: Fields) -> "_Variables":
    tree = fields.take("variables")
    if tree is None:
        return _Variables({}, frozenset(), {})
    values: dict[str, str] = {}
    types: dict[str, Type] = {}
    secrets: set[str] = set()
    written = Fields(fields.report, tree, fields.sub("variables"))
    for name in written.names:
        _check_name(written, name)
        value = written.take(name)
        if isinstance(value, MappingTree):
            about = Fields(fields.report, value, written.sub(name))
            values[name] = _starting_value(about, "value")
            types[name] = _type(about)
            if about.flag("secret", False):
                secrets.add(name)
            about.finish()
        else:
            values[name] = _starting_value(written, name)
    return _Variables(values, frozenset(secrets), types)


@dataclass(frozen=True, slots=True)
class _Variables:
    """What is known of variables: starting values, the secret ones, and types other than text."""

    values: Mapping[str, str]
    secrets: frozenset[str]
    types: Mapping[str, Type]

    def with_those_of(self, nodes: Mapping[str, Node]) -> "_Variables":
        """Add what the nodes tell of variables that they set; a type that is declared goes before theirs."""
        secrets, types = self.secrets, self.types
        for node in nodes.values():
            kind = KIND_OF[type(node)]
            secrets |= kind.secrets(node)
            types = {**kind.types(node), **types}
        return _Variables(self.values, secrets, types)

    def concealed_in(self, nodes: Mapping[str, Node]) -> frozenset[str]:
        """Return the nodes that set a secret."""
        return frozenset(name for name, node in nodes.items() if variables_set(node) & self.secrets)


def _type(fields: Fields) -> Type:
    text = fields.text("type", Type.TEXT.value)
    types = {each.value: each for each in Type}
    if text not in types:
        fields.complain("type", "value-choice", f'"{text[:40]}" is no type', did_you_mean(text, types))
    return types.get(text, Type.TEXT)


def _lists(fields: Fields, path: FilePath | None) -> Mapping[str, Table]:
    tree = fields.take("lists")
    if tree is None:
        return {}
    written = Fields(fields.report, tree, fields.sub("lists"))
    for name in written.names:
        _check_name(written, name)
    return {name: read_list(written, name, None if path is None else path.parent) for name in written.names}


def _starting_value(fields: Fields, key: str) -> str:
    # an empty value is welcome here: it declares a variable that something else sets
    value = fields.take(key)
    is_empty = value is None or getattr(value, "text", None) == ""
    return "" if is_empty else fields.text(key, "")


def _calendars(fields: Fields, path: FilePath | None) -> Mapping[str, Calendar]:
    tree = fields.take("hours")
    if tree is None:
        return {}
    written = Fields(fields.report, tree, fields.sub("hours"))
    calendars: dict[str, Calendar] = {}
    for name in written.names:
        _check_name(written, name)
        value = written.take(name)
        if value is not None:
            folder = None if path is None else path.parent
            calendars[name] = read_calendar(fields.report, name, value, written.sub(name), folder)
    return calendars


def _nodes(fields: Fields, context: Context) -> tuple[Mapping[str, Node], frozenset[str], Mapping[str, Path]]:
    """Return the nodes, all names that were meant to be nodes, and where each node is written."""
    tree = fields.expect("nodes")
    if tree is None:
        return {}, frozenset(), {}
    written = Fields(fields.report, tree, fields.sub("nodes"))
    nodes: dict[str, Node] = {}
    paths: dict[str, Path] = {}
    for name in written.names:
        _check_name(written, name)
        value = written.take(name)
        steps = () if value is None else steps_of(name, value, written.sub(name))
        for step in steps:
            paths[step.name] = step.path
            node = read_node(fields.report, step, context)
            if node is not None:
                nodes[step.name] = node
    return nodes, frozenset(paths), paths


def _check_name(fields: Fields, name: str) -> None:
    if not NAME.fullmatch(name):
        mend = "begin with a letter and use letters, digits, _ and -"
        fields.complain(name, "name-invalid", f'"{name[:40]}" is no name', mend)
