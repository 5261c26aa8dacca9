"""What all questions share: prompt, barge-in, type-ahead, timeouts and escalating reprompts."""

from collections.abc import Callable
from dataclasses import dataclass

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.prompts import Prompt
from ivr_flows.engine import limits
from ivr_flows.engine.events import Event, PromptOver, TimedOut
from ivr_flows.engine.inputs import DigitPressed, SpeechHeard, SpeechStarted
from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import STAY, Go, Move
from ivr_flows.engine.run import MASK, Run
from ivr_flows.engine.state import Phase
from ivr_flows.engine.verdict import Open, Reply, Verdict
from ivr_flows.kinds.manner import Manner, WaysOut

SPEECH_LIMIT_S = 15.0
"""How long speech that has begun keeps the no-input timer away, decoding included; noise that begins again
and again does so once."""


def _deaf(_text: str, _confidence: float) -> Verdict:
    return Open.MISMATCH


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked at this moment, whichever kind of node asks, and what answers it."""

    prompt: Prompt
    manner: Manner
    ways: WaysOut
    judge: Callable[[str], Verdict]
    """Judges the keys so far."""
    judge_silence: Callable[[str], Verdict]
    """Judges them when no further one came in time."""
    take: Callable[[Run, Reply, str], Move]
    """Does what an answer means; told whether it came by digit or by speech."""
    judge_speech: Callable[[str, float], Verdict] = _deaf
    phrases: tuple[str, ...] = ()
    anything: bool = False
    """Callers may say whatever they like."""
    secret: bool = False
    give_up: Callable[[Run, HangupCause], Move] | None = None
    """Goes on without an answer; absent: the caller leaves by `otherwise`."""


def enter(run: Run, asked: Question) -> Move:
    """Ask; the prompt is skipped for a caller who has typed ahead."""
    state = run.state
    state.entry = ""
    state.no_input = state.no_match = 0
    state.questions += 1
    this = state.questions
    if not (asked.manner.type_ahead and asked.manner.barge_in):
        # VoiceXML 2.1, 4.1.8: what was typed before a prompt that must be heard is not an answer to it
        run.forget_digits()
    if not state.typed_ahead:
        return _ask(run, asked, asked.prompt)
    state.phase = Phase.INPUT
    run.listen(asked.phrases, anything=asked.anything)
    move: Move = STAY
    while state.typed_ahead and move is STAY and state.questions == this and state.phase is Phase.INPUT:
        digit, state.typed_ahead = state.typed_ahead[0], state.typed_ahead[1:]
        move = _take_key(run, asked, digit)
    return move


def resume(run: Run, asked: Question, event: Event) -> Move:
    match event:
        case PromptOver():
            return _wait(run, asked)
        case TimedOut():
            return _timed_out(run, asked)
        case DigitPressed(digit):
            return _pressed(run, asked, digit)
        case SpeechStarted():
            return _speech_started(run)
        case SpeechHeard(text=text, confidence=confidence):
            return _heard(run, asked, text, confidence)
        case _:
            return STAY


def _wait(run: Run, asked: Question) -> Move:
    """Wait for the answer now that the prompt has been heard."""
    state = run.state
    state.phase = Phase.INPUT
    state.deadline = state.now + asked.manner.timeout_s
    state.wait_ends = state.deadline + SPEECH_LIMIT_S
    run.listen(asked.phrases, anything=asked.anything)
    return STAY


def _pressed(run: Run, asked: Question, digit: str) -> Move:
    if run.state.phase is Phase.PROMPT:
        if not asked.manner.barge_in:
            return STAY
        run.interrupt("digit")
        run.state.phase = Phase.INPUT
    return _take_key(run, asked, digit)


def _speech_started(run: Run) -> Move:
    """Let the caller finish speaking before the wait is called silence."""
    state = run.state
    if state.phase is Phase.INPUT and not state.entry:
        state.deadline = min(state.now + SPEECH_LIMIT_S, state.wait_ends)
    return STAY


def _heard(run: Run, asked: Question, text: str, confidence: float) -> Move:
    """Take an utterance; while a prompt plays, only one that fits interrupts it (a cough does not)."""
    state = run.state
    if not (asked.phrases or asked.anything) or state.entry:
        return STAY
    certain = confidence >= asked.manner.min_confidence
    verdict = asked.judge_speech(text, confidence) if certain else Open.MISMATCH
    if state.phase is Phase.PROMPT:
        if verdict is Open.MISMATCH:
            return STAY
        run.interrupt("speech")
    return _settle(run, asked, verdict, "speech")


def _timed_out(run: Run, asked: Question) -> Move:
    """Judge what there is when the timer runs out: nothing at all, or an entry that nobody went on with."""
    state = run.state
    if not state.entry:
        return _no_input(run, asked)
    return _settle(run, asked, asked.judge_silence(state.entry), "digit")


def _ask(run: Run, asked: Question, prompt: Prompt) -> Move:
    if asked.manner.barge_in:
        run.listen(asked.phrases, anything=asked.anything)
    else:
        run.stop_listening()
    if run.play(prompt, barge_in=asked.manner.barge_in):
        return STAY
    return _wait(run, asked)


def _take_key(run: Run, asked: Question, digit: str) -> Move:
    state = run.state
    state.entry += digit
    run.note(Fact.DIGIT_ACCEPTED, ("digit", MASK if asked.secret else digit))
    return _settle(run, asked, asked.judge(state.entry), "digit")


def _settle(run: Run, asked: Question, verdict: Verdict, by: str) -> Move:
    match verdict:
        case Open.MORE:
            run.state.deadline = run.state.now + asked.manner.inter_digit_s
            return STAY
        case Open.MISMATCH if run.state.entry == asked.manner.repeat_key:
            run.state.entry = ""
            run.state.deadline = None
            return _ask(run, asked, asked.prompt)
        case Open.MISMATCH:
            return no_match(run, asked)
        case Reply(late=late):
            _close(run)
            limits.caller_acted(run)
            move = asked.take(run, verdict, by)
            if late is not None and by == "digit":
                _expect_late(run, late, asked.manner.inter_digit_s, move)
            return move


def _expect_late(run: Run, late: str, within_s: float, move: Move) -> None:
    """Many callers end an entry with `#` although it was whole already: that key answers nothing else."""
    state = run.state
    if isinstance(move, Go) and run.wants(move.target, late):
        return
    if state.typed_ahead:
        state.typed_ahead = state.typed_ahead.removeprefix(late)
        return
    state.late_terminator = late
    state.late_terminator_until = state.now + within_s


def _close(run: Run) -> None:
    run.state.deadline = None
    run.state.entry = ""
    run.stop_listening()


def _no_input(run: Run, asked: Question) -> Move:
    state = run.state
    state.no_input += 1
    state.repeats += 1
    run.note(Fact.NO_INPUT, ("count", state.no_input))
    return _again(run, asked, asked.manner.no_input, state.no_input, HangupCause.NO_INPUT)


def no_match(run: Run, asked: Question) -> Move:
    """What the caller said or keyed is no answer."""
    state = run.state
    state.no_match += 1
    state.repeats += 1
    run.note(Fact.NO_MATCH, ("count", state.no_match))
    return _again(run, asked, asked.manner.no_match, state.no_match, HangupCause.NO_MATCH)


def _again(run: Run, asked: Question, prompts: tuple[Prompt, ...], count: int, reason: HangupCause) -> Move:
    state = run.state
    state.entry = state.typed_ahead = ""
    state.deadline = None
    if reason is HangupCause.NO_MATCH or count > len(prompts):
        run.forget_digits()
    if count > len(prompts):
        _close(run)
        if asked.give_up is not None:
            return asked.give_up(run, reason)
        return run.fall_back(asked.ways.otherwise, reason)
    prompt = prompts[count - 1]
    return _ask(run, asked, prompt + asked.prompt if asked.manner.repeat_prompt else prompt)
