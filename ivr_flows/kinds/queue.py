"""`queue`: wait for an agent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.prompts import Prompt
from ivr_flows.definition.targets import SkillLevel
from ivr_flows.engine.events import Event
from ivr_flows.engine.inputs import QueueLeft, QueueOutcome
from ivr_flows.engine.instructions import Enqueue, Fact
from ivr_flows.engine.moves import STAY, End, Go, Move
from ivr_flows.engine.run import Run
from ivr_flows.engine.state import Phase
from ivr_flows.expressions.evaluate import as_text, evaluate
from ivr_flows.expressions.tree import Expression
from ivr_flows.kinds.declare import Kind, Named, Value, key
from ivr_flows.kinds.expression_values import SENT, TEXT_OF
from ivr_flows.kinds.values import PROMPT, TARGET, duration, outer_name, whole
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields, parse_whole
from ivr_flows.reading.report import Path, Report
from ivr_flows.reading.tree import Scalar, Sequence, Tree
from ivr_flows.segments import Music, PromptFile

MAX_SKILL_LEVEL = 10
MAX_PRIORITY = 100
NO_PROMPT = Prompt()
NOTHING_TOLD: Mapping[str, Expression] = {}
DAY_S = 24 * 3600.0


def _read_skills(fields: Fields, word: str, _context: Context, _default: object) -> tuple[SkillLevel, ...]:
    tree = fields.take(word)
    if tree is None:
        return ()
    path = fields.sub(word)
    if isinstance(tree, Scalar | Sequence):
        names = tree.items if isinstance(tree, Sequence) else (tree,)
        return tuple(_skill(fields.report, item, path) for item in names)
    written = Fields(fields.report, tree, path)
    return tuple(SkillLevel(skill, _level(written, skill)) for skill in written.names)


def _skill(report: Report, tree: Tree, path: Path) -> SkillLevel:
    if not isinstance(tree, Scalar):
        mend = "write skills: {support: 3}, or skills: [support]"
        report.add(path, "value-type", "the name of a skill is expected here", mend, place=tree.place)
        return SkillLevel("", 1)
    report.mark((*path, tree.text), tree.place)
    return SkillLevel(tree.text, 1)


def _level(fields: Fields, skill: str) -> int:
    text = fields.text(skill)
    level = parse_whole(text, 1, MAX_SKILL_LEVEL)
    if level is None:
        mend = f"write a level from 1 to {MAX_SKILL_LEVEL}"
        fields.complain(skill, "skill-level", f'"{text[:40]}" is no level of a skill', mend)
    return level or 1


SKILLS = Value(
    "skills with levels from 1 to 10, or a list of skills",
    _read_skills,
    {
        "anyOf": [
            {
                "type": "object",
                "additionalProperties": {"type": "integer", "minimum": 1, "maximum": MAX_SKILL_LEVEL},
            },
            {"type": "array", "items": {"type": "string"}},
            {"type": "string"},
        ]
    },
    names=lambda word, skills: tuple(Named((word, each.skill), "skill", each.skill) for each in skills),
)


def _read_music(fields: Fields, word: str, context: Context, default: Music) -> Music | PromptFile:
    tree = fields.take(word)
    return (None if tree is None else context.prompts.music(tree, fields.sub(word))) or default


MUSIC = Value("built-in music or a file", _read_music, {"type": "string"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Let the caller wait for an agent.

    `next` is taken when the agent has left and the caller is still there (absent: the call ends normally);
    `overflow` after the longest wait, `otherwise` when nobody is there to serve (absent: the fallback), and
    `failed` when the queue itself fails (absent: `otherwise`).
    """

    name: str
    queue: str = key(outer_name("queue"), "the queue")
    skills: tuple[SkillLevel, ...] = key(SKILLS, "what the agent must be able to do", default=())
    preferred: tuple[SkillLevel, ...] = key(SKILLS, "nice to have, the most important first", default=())
    agent: Expression | None = key(
        TEXT_OF, "whom the caller is for: a variable with an agent's name", default=None
    )
    agent_wait_s: float = key(
        duration(0.0, DAY_S), "how long they wait for that agent alone", word="agent_wait", default=60.0
    )
    priority: int = key(whole(0, MAX_PRIORITY), "higher goes first", default=0)
    music: Music | PromptFile = key(MUSIC, "what is heard while waiting", default=Music("hold"))
    announce_every_s: float | None = key(
        duration(5.0, 3600.0), "how often the position is told", word="announce_every", default=None
    )
    max_wait_s: float | None = key(
        duration(1.0, DAY_S), "the longest wait; absent: the queue's own", word="max_wait", default=None
    )
    announce: Prompt = key(PROMPT, "heard by the agent alone, before they are connected", default=NO_PROMPT)
    tell: Mapping[str, Expression] = key(SENT, "what the agent's screen shows", default=NOTHING_TOLD)
    next: str | None = key(TARGET, "the agent has left, the caller has not", default=None)
    overflow: str | None = key(TARGET, "the longest wait is over; absent: otherwise", default=None)
    otherwise: str | None = key(TARGET, "nobody is there to serve", default=None)
    failed: str | None = key(TARGET, "the queue itself fails; absent: otherwise", default=None)


def finish(node: Queue, fields: Fields, context: Context) -> Queue:
    for word in ("announce", "tell"):
        if word in fields and context.capabilities is not None and word not in context.capabilities:
            fields.complain(word, "not-available", f'"{word}" is not available on this server', "delete it")
    return node


def enter(run: Run, node: Queue) -> Move:
    """Enqueue; digits typed before are not meant for anything after a conversation."""
    run.forget_digits()
    run.state.phase = Phase.QUEUE
    scope = run.scope
    run.order(
        Enqueue(
            node.queue,
            node.skills,
            node.priority,
            node.music,
            node.announce_every_s,
            node.max_wait_s,
            node.announce.fill(run.state.variables, run.speech),
            tuple((name, as_text(evaluate(value, scope))) for name, value in node.tell.items()),
            node.preferred,
            agent := "" if node.agent is None else as_text(evaluate(node.agent, scope)),
            node.agent_wait_s if agent else 0.0,
        )
    )
    return STAY


def resume(run: Run, node: Queue, event: Event) -> Move:
    if not isinstance(event, QueueLeft) or run.state.phase is not Phase.QUEUE:
        return STAY
    run.note(Fact.QUEUE_LEFT, ("outcome", event.outcome.value))
    match event.outcome:
        case QueueOutcome.ANSWERED:
            return Go(node.next) if node.next is not None else End(HangupCause.NORMAL)
        case QueueOutcome.OVERFLOW:
            return run.leave(node.overflow, HangupCause.QUEUE_OVERFLOW)
        case QueueOutcome.NOBODY:
            return run.leave(node.otherwise, HangupCause.NOBODY_TO_SERVE)
        case QueueOutcome.FAILED:
            return run.leave(node.failed or node.otherwise, HangupCause.QUEUE_FAILED)
        case _:
            assert_never(event.outcome)


QUEUE = Kind(
    word="queue",
    node=Queue,
    doc="waits for an agent. An agent whose line drops does not end it: the caller keeps the place.",
    example="""
support:
  queue: support
  skills: {support: 3}
  priority: 5
  announce_every: 30s
  max_wait: 5m
  overflow: later
  otherwise: later
later: {hangup: normal, prompt: Please call again later.}
""",
    enter=enter,
    resume=resume,
    finish=finish,
    uses_otherwise=lambda node: (
        node.otherwise is None or (node.overflow is None and node.max_wait_s is not None)
    ),
)
