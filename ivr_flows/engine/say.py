"""`say`: a prompt, then on."""

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.nodes import (
    Say,
)
from ivr_flows.engine.moves import STAY, End, Go, Move
from ivr_flows.engine.run import Run


def enter(run: Run, node: Say) -> Move:
    """Play, or skip the prompt for a caller who has typed ahead.

    A prompt is skipped once per wait: digits that nothing asks for are dropped when the caller comes round
    again, so that they cannot drive a flow in a circle.
    """
    if not node.type_ahead:
        run.forget_digits()
    if run.state.typed_ahead and node.barge_in and node.next is not None and node.name not in run.skipped:
        run.skipped.add(node.name)
        return Go(node.next)
    if node.barge_in:
        run.state.typed_ahead = ""
    if run.play(node.prompt, barge_in=node.barge_in, loop=node.loop):
        return STAY
    return _onward(node)


def unheard(run: Run) -> Move:
    """A prompt without end, and without a way on, cannot be played: the fallback, or silence, but no end."""
    fallback = run.flow.fallback or run.flow.operator
    return STAY if fallback is None or fallback == run.state.node else Go(fallback)


def finished(node: Say) -> Move:
    return _onward(node)


def pressed(run: Run, node: Say, digit: str) -> Move:
    """Cut the prompt short where it may be; the digit waits for the node that asks for one."""
    if node.next is None:
        return STAY
    if node.type_ahead:
        run.type_ahead(digit)
    if not node.barge_in:
        return STAY
    run.interrupt("digit")
    run.skipped.add(node.name)
    return Go(node.next)


def _onward(node: Say) -> Move:
    return Go(node.next) if node.next is not None else End(HangupCause.NORMAL)
