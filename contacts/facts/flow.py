"""Facts of a flow: its steps, and what the customer keyed or said."""

from __future__ import annotations

import msgspec

from contacts.facts.contact import ContactFact
from contacts.privacy import Personal


class FlowFact(ContactFact, frozen=True, kw_only=True):
    """Something happened at a node of a flow."""

    flow: str
    node: str = ""


class FlowStarted(FlowFact, frozen=True, kw_only=True, tag="flow.started"):
    """The flow has the customer."""

    flow_version: str = ""


class NodeEntered(FlowFact, frozen=True, kw_only=True, tag="flow.node_entered"):
    """The flow is at the node."""

    node_kind: str = ""


class PromptInterrupted(FlowFact, frozen=True, kw_only=True, tag="flow.prompt_interrupted"):
    """The customer did not wait for the end of the prompt."""

    by: str = ""
    """`digit` or `speech`."""


class DigitAccepted(FlowFact, frozen=True, kw_only=True, tag="flow.digit_accepted"):
    """A key that the node took; `*` in its place where the entry is secret."""

    digit: Personal = ""


class OptionChosen(FlowFact, frozen=True, kw_only=True, tag="flow.option_chosen"):
    """The customer chose."""

    option: str = ""
    by: str = ""


class VariableSet(FlowFact, frozen=True, kw_only=True, tag="flow.variable_set"):
    """A variable of the flow has a new value; a mask in its place where the variable is secret."""

    variable: str = ""
    value: Personal = ""


class NoInput(FlowFact, frozen=True, kw_only=True, tag="flow.no_input"):
    """The customer neither keyed nor said anything."""

    count: int = 0


class NoMatch(FlowFact, frozen=True, kw_only=True, tag="flow.no_match"):
    """What the customer keyed or said is none of what the node offers."""

    count: int = 0


class FellBack(FlowFact, frozen=True, kw_only=True, tag="flow.fell_back"):
    """The node gave up and led elsewhere."""

    reason: str = ""
    to: str = ""


class Branched(FlowFact, frozen=True, kw_only=True, tag="flow.branched"):
    """A condition decided."""

    case: str = ""


class ConsentAnswered(FlowFact, frozen=True, kw_only=True, tag="flow.consented"):
    """Whether the customer may be recorded: the evidence of what they heard, and what they said to it."""

    rule: str = ""
    """`opt-in`, `opt-out` or `announced`: the stricter of both parties' regions."""
    answer: str = ""
    """`yes`, `no`, `silence`, `not refused`, `announced` or `not heard`."""
    prompt: str = ""
    """A hash of the words that they heard."""
    flow_version: str = ""
    language: str = ""


class LimitReached(FlowFact, frozen=True, kw_only=True, tag="flow.limit_reached"):
    """The call went on for longer, or through more nodes, than a flow may take."""

    limit: str = ""
    """`steps`, `time` or `repeats`."""


class FlowFailed(FlowFact, frozen=True, kw_only=True, tag="flow.failed"):
    """The flow itself misbehaved, or what it needs did."""

    reason: str = ""


class FlowNoted(FlowFact, frozen=True, kw_only=True, tag="flow.noted"):
    """Anything else that a node tells: which kind of thing, and its fields."""

    about: str
    details: dict[str, Personal] = msgspec.field(default_factory=dict)


class FlowEnded(FlowFact, frozen=True, kw_only=True, tag="flow.ended"):
    """The flow is done with the customer and ends the call."""

    cause: str = ""
