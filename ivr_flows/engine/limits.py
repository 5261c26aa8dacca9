"""How long and how far a call may go on in a flow: no caller, silent or not, circles for ever.

Time is counted outside of queues and transfers. A limit that is reached leads once to what the flow names as
`then`, with a little more of everything for last words, and otherwise ends the call.
"""

from ivr_flows.definition.causes import HangupCause
from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import End, Go, Move
from ivr_flows.engine.run import Run
from ivr_flows.engine.state import Phase

GRACE_STEPS = 20
GRACE_S = 60.0
STEPS_PER_SECOND_LIMIT = 100
"""A flow that enters more nodes than this within one second has lost its way: no caller hears that fast."""

_NOT_SPENDING = (Phase.NEW, Phase.QUEUE, Phase.TRANSFER, Phase.ENDED)


def entered(run: Run, name: str) -> Move | None:
    """Count a node that is entered; returns the way out when that was one too many."""
    state, limits = run.state, run.flow.limits
    state.steps += 1
    state.visits[name] = state.visits.get(name, 0) + 1
    if not _may_step(run):
        run.note(Fact.FAILED, ("reason", "too many nodes within a second"))
        return End(HangupCause.FLOW_FAILED)
    if state.steps > limits.steps + (GRACE_STEPS if state.limited else 0):
        return _reached(run, "steps")
    # a flow that runs away is told from a caller who is silent: the former does not take a second
    if state.visits[name] > limits.repeats >= state.steps_this_second:
        return _reached(run, "repeats")
    return None


def caller_acted(run: Run) -> None:
    """The caller did something: what was heard again and again until now was not heard in vain."""
    run.state.visits.clear()


def deadline(run: Run) -> float | None:
    """When the call has been in the flow for too long."""
    state = run.state
    if state.spending_since is None:
        return None
    allowed = run.flow.limits.time_s + (GRACE_S if state.limited else 0.0)
    return state.spending_since + allowed - state.spent_s


def out_of_time(run: Run) -> Move:
    return _reached(run, "time")


def account(run: Run) -> None:
    """Start or stop the clock, according to what is waited for now."""
    state = run.state
    spending = state.phase not in _NOT_SPENDING
    if spending and state.spending_since is None:
        state.spending_since = state.now
    elif not spending and state.spending_since is not None:
        state.spent_s += state.now - state.spending_since
        state.spending_since = None


def _reached(run: Run, limit: str) -> Move:
    state, then = run.state, run.flow.limits.then
    run.note(Fact.LIMIT_REACHED, ("limit", limit))
    state.deadline = None
    run.stop_listening()
    if state.limited or then is None:
        return End(HangupCause.LIMIT_REACHED)
    state.limited = True
    state.visits.clear()
    return Go(then)


def _may_step(run: Run) -> bool:
    state = run.state
    if state.now - state.second_began >= 1.0:
        state.second_began = state.now
        state.steps_this_second = 0
    state.steps_this_second += 1
    return state.steps_this_second <= STEPS_PER_SECOND_LIMIT
