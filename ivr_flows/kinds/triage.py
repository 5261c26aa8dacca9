"""`triage`: how complex, how severe and how much effort a matter is, and what is done about each cell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from ivr_flows.definition.prompts import Prompt
from ivr_flows.engine import asking
from ivr_flows.engine.asking import Question
from ivr_flows.engine.events import Event
from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import Move
from ivr_flows.engine.run import Run
from ivr_flows.expressions.evaluate import is_true
from ivr_flows.expressions.tree import Expression
from ivr_flows.kinds.confirming import yes_or_no
from ivr_flows.kinds.declare import Kind, group, key
from ivr_flows.kinds.entries_of import named_entries
from ivr_flows.kinds.expression_values import CONDITION
from ivr_flows.kinds.manner import Manner, WaysOut
from ivr_flows.kinds.values import PROMPTS, TARGET, choice
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields

MEASURES = ("complexity", "severity", "effort")
LEVELS: Mapping[str, tuple[str, ...]] = {"2": ("low", "high"), "3": ("low", "medium", "high")}
QUESTION = "question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What is done: the first way, or the second one while the condition of the first does not hold."""

    first: str = key(TARGET, "the primary treatment")
    condition: Expression | None = key(CONDITION, "must hold for the first", word="if", default=None)
    then: str | None = key(TARGET, "the secondary treatment", default=None)


CELLS = named_entries(
    "cells like low-high-low, each with {first, if, then}", Treatment, "name every cell and its treatment"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """Questions with yes or no; the more of a measure's are answered with yes, the higher it is."""

    name: str
    levels: str = key(choice(LEVELS), "how many levels each measure has", word="triage")
    complexity: tuple[Prompt, ...] = key(PROMPTS, "questions whose yes makes it more complex", default=())
    severity: tuple[Prompt, ...] = key(PROMPTS, "questions whose yes makes it more severe", default=())
    effort: tuple[Prompt, ...] = key(PROMPTS, "questions whose yes means more effort", default=())
    cells: Mapping[str, Treatment] = key(CELLS, "a treatment for every cell: complexity-severity-effort")
    manner: Manner = group(Manner)
    ways: WaysOut = group(WaysOut)

    @property
    def questions(self) -> tuple[tuple[str, Prompt], ...]:
        return tuple((measure, ask) for measure in MEASURES for ask in getattr(self, measure))


def cells_of(levels: str) -> Iterator[str]:
    """Return the names of all cells, 8 or 27."""
    return map("-".join, product(LEVELS[levels], repeat=len(MEASURES)))


def finish(node: Triage, fields: Fields, _context: Context) -> Triage:
    wanted = list(cells_of(node.levels))
    missing = [cell for cell in wanted if cell not in node.cells]
    if missing:
        message = f"{len(missing)} of {len(wanted)} cells have no treatment: {', '.join(missing[:4])}"
        fields.complain("cells", "triage-cells", message, "give every cell a treatment")
    for cell in node.cells:
        if cell not in wanted:
            message = f'"{cell[:40]}" is no cell of {node.levels} levels'
            fields.report.add((*fields.sub("cells"), cell), "triage-cells", message, "write low-high-low")
    return node


def enter(run: Run, node: Triage) -> Move:
    run.state.partial.update(dict.fromkeys(MEASURES, "0"))
    return _ask(run, node, 0)


def resume(run: Run, node: Triage, event: Event) -> Move:
    return asking.resume(run, _question(run, node), event)


def _ask(run: Run, node: Triage, place: int) -> Move:
    run.state.partial[QUESTION] = str(place)
    if place >= len(node.questions):
        return _treat(run, node)
    return asking.enter(run, _question(run, node))


def _question(run: Run, node: Triage) -> Question:
    place = int(run.state.partial.get(QUESTION, "0"))
    _, ask = node.questions[min(place, len(node.questions) - 1)]
    return yes_or_no(run, ask, node.manner, node.ways, lambda run, yes: _told(run, node, place, yes))


def _told(run: Run, node: Triage, place: int, yes: bool) -> Move:
    measure, _ = node.questions[place]
    if yes:
        run.state.partial[measure] = str(int(run.state.partial.get(measure, "0")) + 1)
    return _ask(run, node, place + 1)


def level(levels: str, yes: int, questions: int) -> str:
    """Two levels: high from half of the questions on. Three: high when most are yes, medium when some are."""
    if yes == 0 or questions == 0:
        return "low"
    if levels == "2":
        return "high" if 2 * yes >= questions else "low"
    return "high" if 2 * yes > questions else "medium"


def _treat(run: Run, node: Triage) -> Move:
    counts = {measure: int(run.state.partial.pop(measure, "0")) for measure in MEASURES}
    asked = {measure: len(getattr(node, measure)) for measure in MEASURES}
    found = {measure: level(node.levels, counts[measure], asked[measure]) for measure in MEASURES}
    treatment = node.cells["-".join(found.values())]
    is_first = treatment.condition is None or is_true(treatment.condition, run.scope)
    target = treatment.first if is_first or treatment.then is None else treatment.then
    run.note(Fact.TRIAGED, *found.items(), ("treatment", target))
    return run.leave(target)


def _example_cells() -> str:
    lines = (
        f"    {cell}: {{first: {'agent' if 'high' in cell else 'self_service'}}}" for cell in cells_of("2")
    )
    return "\n".join(lines)


TRIAGE = Kind(
    word="triage",
    node=Triage,
    doc="rates a matter by questions with yes or no, and treats every cell as the table says.",
    example=f"""
rate:
  triage: 2
  severity: [Is there no heating at all?]
  effort: ["Have you called about this before?"]
  cells:
{_example_cells()}
agent: {{queue: support}}
self_service: {{hangup: normal}}
""",
    enter=enter,
    resume=resume,
    finish=finish,
    may_end=lambda _node: False,
    uses_otherwise=lambda node: node.ways.otherwise is None,
)
