"""`queue`: wait for an agent."""

from typing import assert_never

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.nodes import (
    Queue,
)
from ivr_flows.engine.inputs import QueueOutcome
from ivr_flows.engine.instructions import Enqueue, Fact
from ivr_flows.engine.moves import STAY, End, Go, Move
from ivr_flows.engine.run import Run
from ivr_flows.engine.state import Phase


def enter(run: Run, node: Queue) -> Move:
    """Enqueue; digits typed before are not meant for anything after a conversation."""
    run.forget_digits()
    run.state.phase = Phase.QUEUE
    run.order(
        Enqueue(node.queue, node.skills, node.priority, node.music, node.announce_every_s, node.max_wait_s)
    )
    return STAY


def left(run: Run, node: Queue, outcome: QueueOutcome) -> Move:
    run.note(Fact.QUEUE_LEFT, ("outcome", outcome.value))
    match outcome:
        case QueueOutcome.ANSWERED:
            return Go(node.next) if node.next is not None else End(HangupCause.NORMAL)
        case QueueOutcome.OVERFLOW:
            return run.leave(node.overflow, HangupCause.QUEUE_OVERFLOW)
        case QueueOutcome.NOBODY:
            return run.leave(node.otherwise, HangupCause.NOBODY_TO_SERVE)
        case QueueOutcome.FAILED:
            return run.leave(node.failed or node.otherwise, HangupCause.QUEUE_FAILED)
        case _:
            assert_never(outcome)
