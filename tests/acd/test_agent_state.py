"""The table, the facts and the diagram say the same."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from acd.agent_state import (
    TRANSITIONS,
    AgentFacts,
    AgentState,
    Cause,
    ImpossibleTransitionError,
    checked,
    derive,
    diagram,
    learned,
)
from acd.events import (
    AgentRegistered,
    AgentUnregistered,
    BreakEnded,
    BreakStarted,
    OtherCallEnded,
    OtherCallStarted,
    WrapUpDone,
)
from contacts.ids import AgentId, CallId, DeviceId, OfferId

ANN = AgentId("ann")
OFFER = OfferId("contact/1")
AGENT_EVENTS = (
    AgentRegistered(ANN, DeviceId("desk")),
    AgentRegistered(ANN, DeviceId("soft")),
    AgentUnregistered(ANN, DeviceId("desk")),
    AgentUnregistered(ANN, DeviceId("soft")),
    BreakStarted(ANN),
    BreakStarted(ANN, "lunch"),
    BreakEnded(ANN),
    OtherCallStarted(ANN, CallId("a")),
    OtherCallStarted(ANN, CallId("b")),
    OtherCallEnded(ANN, CallId("a")),
    OtherCallEnded(ANN, CallId("b")),
    WrapUpDone(ANN),
)


def possible_next(facts: AgentFacts) -> list[tuple[AgentFacts, Cause]]:
    """Everything that can happen to an agent: their own acts, and those of their one queue leg."""
    following = [learned(facts, event) for event in AGENT_EVENTS]
    if derive(facts) is AgentState.AVAILABLE:
        following.append((replace(facts, ringing=OFFER), Cause.OFFERED))
    if facts.ringing:
        following.append((replace(facts, ringing=None, talking=OFFER), Cause.ANSWERED))
        following.append((replace(facts, ringing=None), Cause.OFFER_FAILED))
    if facts.talking:
        following.append((replace(facts, talking=None), Cause.CALL_ENDED))
        following.append((replace(facts, talking=None, wrap_up_until=10.0), Cause.CALL_ENDED))
        following.append((replace(facts, talking=None, lost=True), Cause.CALL_ENDED))
        following.append((replace(facts, talking=None, wrap_up_open=True), Cause.CALL_ENDED))
        both = replace(facts, talking=None, wrap_up_until=10.0, wrap_up_open=True)
        following.append((both, Cause.CALL_ENDED))
    if facts.wrap_up_until is not None:
        following.append((replace(facts, wrap_up_until=None), Cause.WRAP_UP_FINISHED))
        # Extended once and for all, since longer times lead to nothing new.
        following.append((replace(facts, wrap_up_until=20.0), Cause.WRAP_UP_EXTENDED))
    return [(after, cause) for after, cause in following if after != facts]


def test_the_table_holds_exactly_the_changes_that_facts_can_bring_about() -> None:
    found: dict[AgentState, dict[Cause, set[AgentState]]] = defaultdict(lambda: defaultdict(set))
    seen = {AgentFacts()}
    to_visit = [AgentFacts()]
    while to_visit:
        facts = to_visit.pop()
        for after, cause in possible_next(facts):
            found[derive(facts)][cause].add(derive(after))
            if after not in seen:
                seen.add(after)
                to_visit.append(after)
    table = {old: {cause: set(new) for cause, new in row.items()} for old, row in TRANSITIONS.items()}
    assert found == table


def test_a_change_that_the_table_does_not_hold_is_an_error() -> None:
    with pytest.raises(ImpossibleTransitionError, match="offline -> talking because answered"):
        checked(AgentState.OFFLINE, Cause.ANSWERED, AgentFacts(talking=OFFER))


def test_the_documented_diagram_is_the_one_generated_from_the_table() -> None:
    document = Path(__file__).parents[2] / "acd" / "STATES.md"
    assert f"```mermaid\n{diagram()}```\n" in document.read_text()


def test_every_state_is_in_the_diagram_and_in_the_table() -> None:
    assert set(TRANSITIONS) == set(AgentState)
    assert all(f"{state.name} : {state.value}" in diagram() for state in AgentState)
