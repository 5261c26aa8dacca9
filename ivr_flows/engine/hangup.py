"""`hangup`: the end of a call, after a last prompt that cannot be interrupted."""

from ivr_flows.definition.nodes import Hangup
from ivr_flows.engine.moves import STAY, End, Move
from ivr_flows.engine.run import Run


def enter(run: Run, node: Hangup) -> Move:
    return STAY if run.play(node.prompt, barge_in=False) else End(node.cause)


def finished(node: Hangup) -> Move:
    return End(node.cause)
