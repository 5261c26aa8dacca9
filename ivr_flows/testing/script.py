"""A test file as data: for every test the steps that a caller, the queue and the outside take."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ivr_flows.findings import did_you_mean
from ivr_flows.reading.fields import Fields
from ivr_flows.reading.report import Path, Report
from ivr_flows.reading.tree import Mapping as MappingTree
from ivr_flows.reading.tree import Scalar, Sequence, Tree

STEPS: Mapping[str, str] = {
    "hears": "a prompt with this text comes next, or after others that need no answer",
    "press": "keys",
    "say": "words",
    "wait": "nothing is done until the time to answer is up; the value says how often",
    "at": "the node where the caller is now",
    "variable": "NAME=VALUE, as it is now",
    "reaches queue": "the caller waits in this queue",
    "queue": "answered, overflow, nobody or failed",
    "reaches transfer": "the caller is transferred to this target",
    "transfer": "answered, busy, no_answer or failed",
    "statement": "seconds that the caller speaks for a recording; 0 for nothing",
    "hangs up": "the flow has ended the call, with this cause",
    "leaves": "the caller hangs up; nothing behind it",
}
"""What a step can be, by its key."""


@dataclass(frozen=True, slots=True)
class ScriptStep:
    """One step, with the line on which it is written."""

    what: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """What a node is answered that asks the outside: `outcome` is done, refused or failed."""

    outcome: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FlowScript:
    """One test."""

    name: str
    steps: tuple[ScriptStep, ...]
    at: datetime
    variables: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, ScriptedAnswer] = field(default_factory=dict)


NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Around:
    """What a test has of its file, unless it says otherwise itself."""

    at: datetime = NOON
    variables: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, ScriptedAnswer] = field(default_factory=dict)


def read_scripts(report: Report, tree: Tree) -> tuple[str, tuple[FlowScript, ...]]:
    """Return the name of the flow's file and its tests; mistakes are noted."""
    fields = Fields(report, tree, ())
    flow = fields.text("flow")
    around = _around(fields, Around())
    tests = fields.expect("tests")
    scripts: list[FlowScript] = []
    if tests is not None:
        written = Fields(report, tests, fields.sub("tests"))
        for name in written.names:
            value = written.take(name)
            if value is not None:
                scripts.append(_script(report, name, value, written.sub(name), around))
    fields.finish()
    return flow, tuple(scripts)


def _script(report: Report, name: str, tree: Tree, path: Path, around: Around) -> FlowScript:
    if isinstance(tree, MappingTree):
        fields = Fields(report, tree, path)
        own = _around(fields, around)
        steps = fields.expect("steps")
        fields.finish()
        return _scripted(report, name, steps, path, own)
    return _scripted(report, name, tree, path, around)


def _scripted(report: Report, name: str, tree: Tree | None, path: Path, around: Around) -> FlowScript:
    if not isinstance(tree, Sequence):
        report.add(path, "value-type", "a list of steps is expected here", "write - press: 1")
        return FlowScript(name, (), around.at)
    found = (_step(report, item, path) for item in tree.items)
    steps = tuple(step for step in found if step is not None)
    return FlowScript(name, steps, around.at, around.variables, around.answers)


def _step(report: Report, tree: Tree, path: Path) -> ScriptStep | None:
    if isinstance(tree, MappingTree) and len(tree.entries) == 1:
        [entry] = tree.entries
        if entry.key in STEPS and isinstance(entry.value, Scalar):
            return ScriptStep(entry.key, entry.value.text, entry.place.line)
        mend = did_you_mean(entry.key, STEPS) or "one of: " + ", ".join(STEPS)
        report.add(path, "step-unknown", f'"{entry.key[:40]}" is no step', mend, place=entry.place)
        return None
    if isinstance(tree, Scalar) and tree.text == "leaves":
        return ScriptStep("leaves", "", tree.place.line)
    report.add(path, "step-unknown", "a step is one key with its value", "write - press: 1", place=tree.place)
    return None


def _around(fields: Fields, outer: Around) -> Around:
    return Around(
        at=_moment(fields, outer.at),
        variables={**outer.variables, **_texts(fields, "variables")},
        answers={**outer.answers, **_answers(fields)},
    )


def _moment(fields: Fields, default: datetime) -> datetime:
    text, zone = fields.optional_text("at"), fields.optional_text("zone") or "UTC"
    if text is None:
        return default
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
    except (ValueError, KeyError, OSError):
        mend = 'write "2026-12-24 12:30" and a zone like Europe/London'
        fields.complain("at", "value-type", f'"{text[:40]}" is no time', mend)
        return default


def _texts(fields: Fields, key: str) -> dict[str, str]:
    tree = fields.take(key)
    if tree is None:
        return {}
    written = Fields(fields.report, tree, fields.sub(key))
    return {name: written.text(name, "") for name in written.names}


def _answers(fields: Fields) -> dict[str, ScriptedAnswer]:
    """Read `answers: {lookup: {done: {name: Ada}}, save: failed}`."""
    tree = fields.take("answers")
    if tree is None:
        return {}
    written = Fields(fields.report, tree, fields.sub("answers"))
    found: dict[str, ScriptedAnswer] = {}
    for node in written.names:
        value = written.take(node)
        if isinstance(value, Scalar):
            found[node] = ScriptedAnswer(value.text, ())
        elif value is not None:
            outcome = Fields(fields.report, value, written.sub(node))
            for name in outcome.names:
                found[node] = ScriptedAnswer(name, tuple(_texts(outcome, name).items()))
    return found
