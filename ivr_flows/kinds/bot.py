"""`bot`: a conversation partner behind a web address, who hands the caller back with what was found out."""

from dataclasses import dataclass

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.prompts import Prompt, Template, TextTemplate
from ivr_flows.engine import asking
from ivr_flows.engine.asking import Question
from ivr_flows.engine.events import Event, TimedOut
from ivr_flows.engine.inputs import RequestDone, RequestOutcome
from ivr_flows.engine.moves import STAY, Move
from ivr_flows.engine.requests import BotTurn
from ivr_flows.engine.run import Run
from ivr_flows.engine.state import Phase
from ivr_flows.engine.verdict import Open, Reply, Verdict
from ivr_flows.kinds.declare import Kind, group, key
from ivr_flows.kinds.http import URL, percent_encoded
from ivr_flows.kinds.manner import Manner, WaysOut
from ivr_flows.kinds.options import OPERATOR_KEY
from ivr_flows.kinds.profile import SET_NAMES
from ivr_flows.kinds.values import PROMPT, TARGET, duration, whole

TURNS, SAYS = "turns", "says"
HANDED_BACK = "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class BotNode:
    """The partner is told what was said and what is known already, so that it asks nothing twice."""

    name: str
    url: Template = key(URL, "the partner's address", word="bot")
    prompt: Prompt = key(PROMPT, "the first question")
    slots: tuple[str, ...] = key(SET_NAMES, "variables that the partner is told, and fills", default=())
    turns: int = key(whole(1, 50), "so many answers of the partner at most", default=20)
    answer_s: float = key(
        duration(0.5, 15.0), "how long an answer may take", word="answers_within", default=5.0
    )
    next: str = key(TARGET, "the partner hands the caller back")
    manner: Manner = group(Manner)
    ways: WaysOut = group(WaysOut)


def enter(run: Run, node: BotNode) -> Move:
    run.state.partial.pop(SAYS, None)
    run.state.partial[TURNS] = "0"
    return asking.enter(run, _question(run, node))


def resume(run: Run, node: BotNode, event: Event) -> Move:
    if run.state.phase is not Phase.REQUEST:
        return asking.resume(run, _question(run, node), event)
    if isinstance(event, RequestDone) and event.outcome is RequestOutcome.DONE:
        return _answered(run, node, dict(event.values))
    return _give_up(run, node) if isinstance(event, RequestDone | TimedOut) else STAY


def _question(run: Run, node: BotNode) -> Question:
    says = run.state.partial.get(SAYS)
    prompt = node.prompt if says is None else Prompt((TextTemplate(Template((says,))),))
    return Question(
        prompt=prompt,
        manner=node.manner,
        ways=node.ways,
        judge=_judge_key,
        judge_silence=_judge_key,
        judge_speech=lambda text, _confidence: Reply(text) if text.strip() else Open.MISMATCH,
        take=lambda run, reply, by: _told(run, node, reply.value) if by == "speech" else _give_up(run, node),
        anything=True,
    )


def _judge_key(entry: str) -> Verdict:
    """There is one key: the operator's."""
    return Reply(entry, late="#") if entry == OPERATOR_KEY else Open.MISMATCH


def _told(run: Run, node: BotNode, said: str) -> Move:
    turns = int(run.state.partial.get(TURNS, "0")) + 1
    if turns > node.turns:
        return _give_up(run, node)
    run.state.partial[TURNS] = str(turns)
    variables = run.state.variables
    known = tuple((name, variables[name]) for name in node.slots if variables.get(name))
    url = node.url.fill({name: percent_encoded(value) for name, value in variables.items()})
    run.request(BotTurn(url, said, known), node.answer_s)
    return STAY


def _answered(run: Run, node: BotNode, told: dict[str, str]) -> Move:
    for name in node.slots:
        if name in told:
            run.set_variable(name, told[name])
    if told.get("done") == HANDED_BACK:
        return run.leave(node.next)
    run.state.partial[SAYS] = told.get("say", "") or run.state.partial.get(SAYS, "")
    return asking.enter(run, _question(run, node))


def _give_up(run: Run, node: BotNode) -> Move:
    return run.leave(node.ways.failed or node.ways.otherwise, HangupCause.FLOW_FAILED)


BOT = Kind(
    word="bot",
    node=BotNode,
    doc="lets a conversation partner behind a web address talk with the caller; 0 leads out of it.",
    example="""
talk:
  bot: https://bot.example.com/turn
  prompt: What is it about?
  slots: [product]
  next: agent
  otherwise: agent
agent: {queue: support, tell: {product: product}}
""",
    enter=enter,
    resume=resume,
    may_end=lambda _node: False,
    uses_otherwise=lambda node: node.ways.otherwise is None,
    needs="bot",
)
