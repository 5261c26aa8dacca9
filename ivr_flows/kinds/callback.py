"""`callback`: the caller keeps the place, hangs up, and is called when it is their turn."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.prompts import (
    DigitsTemplate,
    Prompt,
    PromptSegment,
    SayAsTemplate,
    Template,
    TextTemplate,
    Variable,
)
from ivr_flows.definition.targets import SkillLevel
from ivr_flows.engine import asking
from ivr_flows.engine.asking import Question
from ivr_flows.engine.events import Event, TimedOut
from ivr_flows.engine.inputs import RequestDone, RequestOutcome
from ivr_flows.engine.moves import STAY, Go, Move
from ivr_flows.engine.requests import CallbackCheck, CallbackWanted
from ivr_flows.engine.run import Run
from ivr_flows.engine.verdict import Open, Reply, Verdict
from ivr_flows.kinds.confirming import yes_or_no
from ivr_flows.kinds.declare import Kind, group, key
from ivr_flows.kinds.manner import Manner, WaysOut
from ivr_flows.kinds.queue import MAX_PRIORITY, SKILLS
from ivr_flows.kinds.values import PROMPT, TARGET, VARIABLE, choice, outer_name, whole
from ivr_flows.languages.key_names import primary
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields

NUMBER = "callback_number"
"""The variable that holds whom we will call, unless the flow names another."""
CHECK, CONFIRM, ENTRY, TIMES, ORDER = "check", "confirm", "entry", "times", "order"
TRIES = "tries"
MOST_TRIES = 3
LONGEST_NUMBER = 20
MOST_TIMES = 5
TIMEOUT_S = 2.0
NO_PROMPT = Prompt()


def _says(*parts: str | PromptSegment) -> Prompt:
    return Prompt(tuple(TextTemplate(Template((p,))) if isinstance(p, str) else p for p in parts))


def _confirms(variable: str) -> Prompt:
    return _says(
        "We can call you back at",
        DigitsTemplate(Template((Variable(variable),))),
        "If that is right, press one. For another number, press two.",
    )


ASKS = _says("Please enter the number that we may call, and end with the hash key.")
CHOOSES = _says("When may we call you?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """The place is taken at once, and counts like any other; what follows is said before the caller leaves.

    `otherwise` is taken when no call can be promised: no number that can be called, one that wants no calls,
    or a caller who did not answer.
    """

    name: str
    queue: str = key(outer_name("queue"), "the queue in which the place is kept", word="callback")
    skills: tuple[SkillLevel, ...] = key(SKILLS, "what the agent must be able to do", default=())
    priority: int = key(whole(0, MAX_PRIORITY), "higher goes first", default=0)
    first: str = key(
        choice(("server", "customer", "agent")),
        "who is called first; server: as its settings say",
        default="server",
    )
    times: int = key(
        whole(0, MOST_TIMES), "how many times of day are offered beside the caller's turn", default=0
    )
    variable: str | None = key(
        VARIABLE, f"gets the number that we will call; absent: {NUMBER}", word="number", default=None
    )
    confirm: Prompt = key(PROMPT, "reads the number back; 1 is yes, 2 another number", default=NO_PROMPT)
    ask: Prompt = key(PROMPT, "asks for a number that ends with #", default=NO_PROMPT)
    choose: Prompt = key(PROMPT, "before the times that are offered", default=NO_PROMPT)
    next: str = key(TARGET, "a call is promised")
    manner: Manner = group(Manner)
    ways: WaysOut = group(WaysOut)


def finish(node: Callback, fields: Fields, context: Context) -> Callback:
    if primary(context.language) != "en":
        needed = ("confirm", "ask", "choose") if node.times else ("confirm", "ask")
        for word in needed:
            fields.expect(word)
    variable = node.variable or NUMBER
    return replace(
        node,
        variable=variable,
        confirm=node.confirm if node.confirm.segments else _confirms(variable),
        ask=node.ask if node.ask.segments else ASKS,
        choose=node.choose if node.choose.segments else CHOOSES,
    )


def enter(run: Run, node: Callback) -> Move:
    run.state.partial.clear()
    caller = run.state.variables.get("caller_number", "")
    if not caller:
        return _ask_number(run, node)
    return _check(run, node, caller)


def resume(run: Run, node: Callback, event: Event) -> Move:
    step = run.state.step
    if step in (CHECK, ORDER):
        if isinstance(event, TimedOut):
            return _refused(run, node)
        return _answered(run, node, event) if isinstance(event, RequestDone) else STAY
    return asking.resume(run, _question(run, node), event)


def _check(run: Run, node: Callback, typed: str) -> Move:
    run.state.step = CHECK
    run.request(CallbackCheck(typed, node.queue, node.times), TIMEOUT_S)
    return STAY


def _answered(run: Run, node: Callback, done: RequestDone) -> Move:
    if done.outcome is not RequestOutcome.DONE:
        return _refused(run, node)
    if run.state.step == ORDER:
        return Go(node.next)
    told = dict(done.values)
    run.set_variable(node.variable or NUMBER, told.get("number", ""))
    for n in range(1, node.times + 1):
        run.state.partial[f"time{n}"] = told.get(f"time{n}", "")
    run.state.step = CONFIRM
    return asking.enter(run, _question(run, node))


def _refused(run: Run, node: Callback) -> Move:
    """A number that cannot be called is asked for again, a few times; a promise refused is not."""
    tries = int(run.state.partial.get(TRIES, "0")) + 1
    run.state.partial[TRIES] = str(tries)
    if run.state.step == ORDER or tries > MOST_TRIES:
        return run.leave(node.ways.otherwise, HangupCause.NOBODY_TO_SERVE)
    return _ask_number(run, node)


def _ask_number(run: Run, node: Callback) -> Move:
    run.state.step = ENTRY
    return asking.enter(run, _question(run, node))


def _confirmed(run: Run, node: Callback, yes: bool) -> Move:
    if not yes:
        return _ask_number(run, node)
    if _offered(run, node):
        run.state.step = TIMES
        return asking.enter(run, _question(run, node))
    return _order(run, node, "")


def _order(run: Run, node: Callback, at: str) -> Move:
    run.state.step = ORDER
    number = run.state.variables.get(node.variable or NUMBER, "")
    wanted = CallbackWanted(
        number,
        node.queue,
        tuple((each.skill, each.level) for each in node.skills),
        node.priority,
        "" if node.first == "server" else node.first,
        at,
    )
    run.request(wanted, TIMEOUT_S)
    return STAY


def _question(run: Run, node: Callback) -> Question:
    if run.state.step == ENTRY:
        return Question(
            node.ask,
            node.manner,
            node.ways,
            _judge_number,
            _judge_silence,
            lambda run, reply, _by: _check(run, node, reply.value),
        )
    if run.state.step == TIMES:
        offered = _offered(run, node)
        judge = _one_of(len(offered) + 1)
        return Question(
            node.choose + _times_said(run, offered),
            node.manner,
            node.ways,
            judge,
            judge,
            lambda run, reply, _by: _order(run, node, ("", *offered)[reply.value]),
        )
    return yes_or_no(run, node.confirm, node.manner, node.ways, lambda run, yes: _confirmed(run, node, yes))


def _judge_number(entry: str) -> Verdict:
    if entry.endswith("#"):
        return Reply(entry[:-1]) if len(entry) > 1 else Open.MISMATCH
    return Open.MORE if len(entry) < LONGEST_NUMBER and entry.isdigit() else Open.MISMATCH


def _judge_silence(entry: str) -> Verdict:
    return Reply(entry, "#") if entry.isdigit() else Open.MISMATCH


def _one_of(many: int) -> Callable[[str], Verdict]:
    def judge(entry: str) -> Verdict:
        chosen = int(entry) if entry.isdigit() else 0
        return Reply(chosen - 1, late="#") if 1 <= chosen <= many else Open.MISMATCH

    return judge


def _offered(run: Run, node: Callback) -> tuple[str, ...]:
    times = (run.state.partial.get(f"time{n}", "") for n in range(1, node.times + 1))
    return tuple(at for at in times if at)


def _times_said(run: Run, offered: tuple[str, ...]) -> Prompt:
    """As soon as it is their turn, and each time by the clock of the flow's own zone."""
    today = run.wall_clock.astimezone(run.flow.zone).date()
    said = _says("As soon as it is your turn: press one.")
    for press, at in enumerate(offered, 2):
        local = datetime.fromisoformat(at).astimezone(run.flow.zone)
        time = SayAsTemplate("time", Template((f"{local:%H:%M}",)))
        day = () if local.date() == today else (SayAsTemplate("date", Template((local.date().isoformat(),))),)
        said += _says("At", time, *day, f"press {press}.")
    return said


CALLBACK = Kind(
    word="callback",
    node=Callback,
    doc="keeps the caller's place: they may hang up, and are called when it is their turn, or at a time that "
    "they choose. The number is read back.",
    example="""
keep:
  callback: support
  times: 2
  next: promised
  otherwise: wait
promised: {hangup: normal, prompt: We will call you. Goodbye.}
wait: {queue: support, overflow: promised, otherwise: promised}
""",
    enter=enter,
    resume=resume,
    finish=finish,
    may_end=lambda _node: False,
    uses_otherwise=lambda node: node.ways.otherwise is None,
    needs="callback",
)
