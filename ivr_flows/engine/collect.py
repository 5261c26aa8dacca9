"""`collect`: when a string of digits is whole."""

from ivr_flows.definition.nodes import Collect
from ivr_flows.engine.verdict import Open, Taken, Verdict

DIGITS = frozenset("0123456789")


def judge(node: Collect, entry: str) -> Verdict:
    """Judge the keys so far; keys that are neither digits nor the terminator spoil the entry."""
    last, digits = entry[-1], entry[:-1]
    if last == node.terminator:
        return Taken(digits) if len(digits) >= node.min_digits else Open.MISMATCH
    if last not in DIGITS:
        return Open.MISMATCH
    if len(entry) == node.max_digits:
        return Taken(entry, early=True)
    return Open.MORE


def judge_silence(node: Collect, entry: str) -> Verdict:
    """Judge when no further digit came in time."""
    return Taken(entry) if len(entry) >= node.min_digits else Open.MISMATCH
