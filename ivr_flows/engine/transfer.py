"""`transfer`: connect the caller to somebody outside the queues."""

from typing import assert_never

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.nodes import (
    Transfer,
)
from ivr_flows.engine import instructions
from ivr_flows.engine.inputs import TransferOutcome
from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import STAY, End, Go, Move
from ivr_flows.engine.run import Run
from ivr_flows.engine.state import Phase


def enter(run: Run, node: Transfer) -> Move:
    run.forget_digits()
    run.state.phase = Phase.TRANSFER
    run.order(instructions.Transfer(node.target, node.ring_for_s))
    return STAY


def ended(run: Run, node: Transfer, outcome: TransferOutcome) -> Move:
    run.note(Fact.TRANSFER_ENDED, ("outcome", outcome.value))
    match outcome:
        case TransferOutcome.ANSWERED:
            return Go(node.next) if node.next is not None else End(HangupCause.NORMAL)
        case TransferOutcome.BUSY | TransferOutcome.NO_ANSWER | TransferOutcome.FAILED:
            return run.leave(node.failed, HangupCause.TRANSFER_FAILED)
        case _:
            assert_never(outcome)
