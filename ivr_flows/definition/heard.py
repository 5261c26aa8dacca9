"""The prompts of each kind of node, with the keys of the flow file that hold them."""

from dataclasses import dataclass
from typing import assert_never

from ivr_flows.definition.nodes import (
    Collect,
    Hangup,
    HoursBranch,
    Menu,
    Node,
    Queue,
    Reprompts,
    Say,
    Transfer,
    VariableBranch,
)
from ivr_flows.definition.prompts import Prompt


@dataclass(frozen=True, slots=True)
class Heard:
    """A prompt and the path of keys, inside the node, at which it is written."""

    path: tuple[str, ...]
    prompt: Prompt


def prompts_of(node: Node) -> tuple[Heard, ...]:
    """Return all prompts of a node, reprompts that it inherits included."""
    match node:
        case Say():
            return (Heard(("say",), node.prompt),)
        case Menu():
            return (Heard(("menu",), node.prompt), *_reprompts(node.reprompts))
        case Collect():
            return (Heard(("prompt",), node.prompt), *_reprompts(node.reprompts))
        case Hangup():
            return (Heard(("prompt",), node.prompt),)
        case Queue() | Transfer() | HoursBranch() | VariableBranch():
            return ()
        case _:
            assert_never(node)


def _reprompts(reprompts: Reprompts) -> tuple[Heard, ...]:
    silent = tuple(Heard(("no_input",), prompt) for prompt in reprompts.no_input)
    return silent + tuple(Heard(("no_match",), prompt) for prompt in reprompts.no_match)
