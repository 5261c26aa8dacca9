"""What `menu` and `collect` share: prompt, barge-in, type-ahead, timeouts and escalating reprompts."""

from typing import assert_never

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.nodes import (
    Collect,
    Menu,
)
from ivr_flows.definition.prompts import Prompt
from ivr_flows.engine import collect, limits, menu
from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import STAY, Go, Move
from ivr_flows.engine.run import MASK, Run
from ivr_flows.engine.state import Phase
from ivr_flows.engine.verdict import Chosen, Open, Taken, Verdict

Question = Menu | Collect

SPEECH_LIMIT_S = 15.0
"""How long speech that has begun keeps the no-input timer away, decoding included; noise that begins again
and again does so once."""


def enter(run: Run, node: Question) -> Move:
    """Ask; the prompt is skipped for a caller who has typed ahead."""
    state = run.state
    state.entry = ""
    state.no_input = state.no_match = 0
    if not (node.type_ahead and node.barge_in):
        # VoiceXML 2.1, 4.1.8: what was typed before a prompt that must be heard is not an answer to it
        run.forget_digits()
    if not state.typed_ahead:
        return _ask(run, node, node.prompt)
    state.phase = Phase.INPUT
    run.listen(_phrases(node))
    move: Move = STAY
    while state.typed_ahead and move is STAY and state.phase is Phase.INPUT:
        digit, state.typed_ahead = state.typed_ahead[0], state.typed_ahead[1:]
        move = _take(run, node, digit)
    return move


def finished(run: Run, node: Question) -> Move:
    """Wait for the answer now that the prompt has been heard."""
    state = run.state
    state.phase = Phase.INPUT
    state.deadline = state.now + node.timeout_s
    state.wait_ends = state.deadline + SPEECH_LIMIT_S
    run.listen(_phrases(node))
    return STAY


def pressed(run: Run, node: Question, digit: str) -> Move:
    if run.state.phase is Phase.PROMPT:
        if not node.barge_in:
            return STAY
        run.interrupt("digit")
        run.state.phase = Phase.INPUT
    return _take(run, node, digit)


def speech_started(run: Run) -> Move:
    """Let the caller finish speaking before the wait is called silence."""
    state = run.state
    if state.phase is Phase.INPUT and not state.entry:
        state.deadline = min(state.now + SPEECH_LIMIT_S, state.wait_ends)
    return STAY


def heard(run: Run, node: Question, text: str, confidence: float) -> Move:
    """Take an utterance; while a prompt plays, only one that fits interrupts it (a cough does not)."""
    state = run.state
    if not isinstance(node, Menu) or state.entry:
        return STAY
    verdict = menu.judge_speech(node, text, confidence)
    if state.phase is Phase.PROMPT:
        if verdict is Open.MISMATCH:
            return STAY
        run.interrupt("speech")
    return _settle(run, node, verdict, "speech")


def timed_out(run: Run, node: Question) -> Move:
    """Judge what there is when the timer runs out: nothing at all, or an entry that nobody went on with."""
    state = run.state
    if not state.entry:
        return _no_input(run, node)
    match node:
        case Menu():
            verdict = menu.judge_silence(node, state.entry)
        case Collect():
            verdict = collect.judge_silence(node, state.entry)
        case _:
            assert_never(node)
    return _settle(run, node, verdict, "digit")


def _ask(run: Run, node: Question, prompt: Prompt) -> Move:
    if node.barge_in:
        run.listen(_phrases(node))
    else:
        run.stop_listening()
    if run.play(prompt, barge_in=node.barge_in):
        return STAY
    return finished(run, node)


def _take(run: Run, node: Question, digit: str) -> Move:
    state = run.state
    state.entry += digit
    run.note(Fact.DIGIT_ACCEPTED, ("digit", MASK if _is_secret(run, node) else digit))
    match node:
        case Menu():
            verdict = menu.judge(node, state.entry)
        case Collect():
            verdict = collect.judge(node, state.entry)
        case _:
            assert_never(node)
    return _settle(run, node, verdict, "digit")


def _settle(run: Run, node: Question, verdict: Verdict, by: str) -> Move:
    match verdict:
        case Open.MORE:
            run.state.deadline = run.state.now + node.inter_digit_s
            return STAY
        case Open.MISMATCH:
            return _no_match(run, node)
        case Chosen(option):
            if by == "digit":
                _swallow_commit_key(run, node, option.next)
            else:
                limits.caller_acted(run)
            _close(run)
            run.note(Fact.OPTION_CHOSEN, ("option", option.label), ("by", by))
            return Go(option.next)
        case Taken():
            return _keep(run, node, verdict)
        case _:
            assert_never(verdict)


def _keep(run: Run, node: Question, taken: Taken) -> Move:
    if not isinstance(node, Collect):
        raise TypeError("only a collect takes digits into a variable")
    _close(run)
    run.state.variables[node.variable] = taken.digits
    shown = run.shown(node.variable, taken.digits)
    run.note(Fact.VARIABLE_SET, ("variable", node.variable), ("value", shown))
    if taken.early and node.terminator is not None:
        _expect_late_terminator(run, node.terminator, node.inter_digit_s, node.next)
    return Go(node.next)


def _expect_late_terminator(run: Run, terminator: str, within_s: float, target: str) -> None:
    state, following = run.state, run.flow.nodes.get(target)
    if isinstance(following, Menu) and menu.wants(following, terminator):
        return
    if state.typed_ahead:
        state.typed_ahead = state.typed_ahead.removeprefix(terminator)
        return
    state.late_terminator = terminator
    state.late_terminator_until = state.now + within_s


def _swallow_commit_key(run: Run, node: Question, target: str) -> None:
    """Many callers end a choice with `#` although it was made already: that key answers nothing else."""
    if not run.state.entry.endswith(menu.COMMIT_KEY):
        _expect_late_terminator(run, menu.COMMIT_KEY, node.inter_digit_s, target)


def _close(run: Run) -> None:
    state = run.state
    state.deadline = None
    state.entry = ""
    run.stop_listening()


def _no_input(run: Run, node: Question) -> Move:
    state = run.state
    state.no_input += 1
    run.note(Fact.NO_INPUT, ("count", state.no_input))
    return _again(run, node, node.reprompts.no_input, state.no_input, HangupCause.NO_INPUT)


def _no_match(run: Run, node: Question) -> Move:
    state = run.state
    state.no_match += 1
    run.note(Fact.NO_MATCH, ("count", state.no_match))
    return _again(run, node, node.reprompts.no_match, state.no_match, HangupCause.NO_MATCH)


def _again(run: Run, node: Question, prompts: tuple[Prompt, ...], count: int, reason: HangupCause) -> Move:
    state = run.state
    state.entry = state.typed_ahead = ""
    state.deadline = None
    if reason is HangupCause.NO_MATCH or count > len(prompts):
        run.forget_digits()
    if count > len(prompts):
        _close(run)
        return run.fall_back(node.reprompts.fallback, reason)
    prompt = prompts[count - 1]
    return _ask(run, node, prompt + node.prompt if node.reprompts.repeat_prompt else prompt)


def _phrases(node: Question) -> tuple[str, ...]:
    return menu.phrases(node) if isinstance(node, Menu) else ()


def _is_secret(run: Run, node: Question) -> bool:
    return isinstance(node, Collect) and node.variable in run.flow.secrets
