"""The ways out of each kind of node, with the keys of the flow file that name them."""

from dataclasses import dataclass
from typing import assert_never

from ivr_flows.definition.nodes import (
    Collect,
    Hangup,
    HoursBranch,
    Menu,
    Node,
    Option,
    Queue,
    Reprompts,
    Say,
    Transfer,
    VariableBranch,
)

OPERATOR_LABEL = "operator"


@dataclass(frozen=True, slots=True)
class Exit:
    """A target and the path of keys, inside the node, at which it is written."""

    path: tuple[str, ...]
    target: str


def exits(node: Node) -> tuple[Exit, ...]:
    """Return the exits that a node names itself; `uses_fallback` tells of the one that it may inherit."""
    match node:
        case Say():
            return _named(next=node.next, failed=node.failed)
        case Menu():
            chosen = tuple(Exit(("options", option.label), option.next) for option in node.options)
            return chosen + _named(fallback=node.reprompts.fallback, failed=node.failed)
        case Collect():
            return _named(next=node.next, fallback=node.reprompts.fallback, failed=node.failed)
        case Queue():
            return _named(
                next=node.next, overflow=node.overflow, otherwise=node.otherwise, failed=node.failed
            )
        case Transfer():
            return _named(next=node.next, failed=node.failed)
        case Hangup():
            return ()
        case HoursBranch() | VariableBranch():
            return _branches(node)
        case _:
            assert_never(node)


def uses_fallback(node: Node) -> bool:
    """Tell whether a caller may leave the node by the fallback of the flow."""
    match node:
        case Menu(reprompts=reprompts) | Collect(reprompts=reprompts):
            return _inherits(reprompts)
        case Queue():
            return node.otherwise is None or (node.overflow is None and node.max_wait_s is not None)
        case Transfer():
            return node.failed is None
        case Say() | Hangup() | HoursBranch() | VariableBranch():
            return False
        case _:
            assert_never(node)


def is_inherited(option: Option) -> bool:
    """Tell whether an option is the flow's operator key rather than one of the menu's own."""
    return option.label == OPERATOR_LABEL


def _branches(node: HoursBranch | VariableBranch) -> tuple[Exit, ...]:
    if isinstance(node, HoursBranch):
        return _named(open=node.open, closed=node.closed)
    cases = tuple(Exit(("cases", value), target) for value, target in node.cases.items())
    return cases + _named(otherwise=node.otherwise)


def _inherits(reprompts: Reprompts) -> bool:
    return reprompts.fallback is None


def _named(**targets: str | None) -> tuple[Exit, ...]:
    return tuple(Exit((key,), target) for key, target in targets.items() if target)
