"""All tests of one flow, and how much of it they have seen."""

from dataclasses import dataclass
from pathlib import Path

from ivr_flows.definition.flow import Flow
from ivr_flows.findings import Finding, FlowError, has_errors
from ivr_flows.known import NOTHING_KNOWN, Known
from ivr_flows.loader import load_flow
from ivr_flows.reading.report import Report
from ivr_flows.reading.tree import Place, TreeError, parse_tree
from ivr_flows.testing.player import Edge, ScriptPlayer, TestFailure
from ivr_flows.testing.script import FlowScript, read_scripts
from ivr_flows.ways import edges

FOLDER = "tests"


@dataclass(frozen=True, slots=True)
class Played:
    """How one test went; `failure` is empty when it passed."""

    name: str
    failure: str = ""


@dataclass(frozen=True, slots=True)
class SuiteOutcome:
    """How the tests of a flow went. Coverage counts the nodes and ways of the flow itself, not of others."""

    file: Path
    results: tuple[Played, ...]
    nodes: int
    unseen_nodes: tuple[str, ...]
    edges: int
    unseen_edges: tuple[tuple[str, str], ...]

    @property
    def passed(self) -> bool:
        return not any(result.failure for result in self.results)

    @property
    def node_coverage(self) -> float:
        return 1.0 - len(self.unseen_nodes) / self.nodes if self.nodes else 1.0

    @property
    def edge_coverage(self) -> float:
        return 1.0 - len(self.unseen_edges) / self.edges if self.edges else 1.0


def file_of_tests(file: Path) -> Path:
    """Return where the tests of a flow are; a file of tests is its own."""
    return file if file.parent.name == FOLDER else file.parent / FOLDER / file.name


def run_tests(file: Path, known: Known = NOTHING_KNOWN) -> SuiteOutcome:
    """Run a file of tests. Raises FlowError when it, or its flow, cannot be used."""
    flow, scripts = load_tests(file, known)
    results: list[Played] = []
    nodes: set[tuple[str, str]] = set()
    gone: set[Edge] = set()
    for script in scripts:
        player = ScriptPlayer(flow, script)
        results.append(_result(player, script))
        nodes |= player.nodes
        gone |= player.edges
    seen = {node for of, node in nodes if of == flow.name}
    ways = [(name, to) for name, targets in edges(flow, known).items() for to in targets]
    gone_here = {(edge.node, edge.to) for edge in gone if edge.flow == flow.name}
    unseen = tuple(name for name in flow.nodes if name not in seen)
    unseen_ways = tuple(way for way in ways if way not in gone_here)
    return SuiteOutcome(file, tuple(results), len(flow.nodes), unseen, len(ways), unseen_ways)


def _result(player: ScriptPlayer, script: FlowScript) -> Played:
    try:
        player.play()
    except TestFailure as failure:
        return Played(script.name, str(failure))
    return Played(script.name)


def load_tests(file: Path, known: Known = NOTHING_KNOWN) -> tuple[Flow, tuple[FlowScript, ...]]:
    """Return the flow and its tests; raises FlowError with what is wrong with either."""
    report = Report(str(file))
    try:
        name, scripts = read_scripts(report, parse_tree(file.read_bytes()))
    except TreeError as error:
        report.add((), error.rule, error.message, error.mend, place=error.place)
        raise FlowError(report.sorted()) from error
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        found = Finding(str(file), 1, 1, "file-unreadable", f"the tests cannot be read: {reason}")
        raise FlowError([found]) from error
    if has_errors(report.sorted()):
        raise FlowError(report.sorted())
    report.mark((), Place(1, 1))
    return load_flow((file.parent / name).resolve(), known), scripts
