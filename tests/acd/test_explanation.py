"""Why a contact is where it is."""

from collections.abc import Callable
from typing import Any

from acd.events import BreakStarted, OfferFailure
from acd.explanation import AgentVerdict
from contacts.ids import AgentId


def test_every_agent_has_a_verdict_and_the_reasons_are_counted(scene: Callable[..., Any]) -> None:
    able = {"german": 5}
    s = scene(
        {
            "rests": able,
            "rings": able,
            "low": {"german": 2},
            "lacks": {"french": 9},
            "away": able,
            "pauses": able,
            "talks": able,
            "wraps": able,
        },
        sales={"skills": {"german": 3}, "wrap_up_s": 60},
    )
    s.sign_in("wraps", "talks")
    s.end_agent_call(s.serve("c1").offer)
    s.serve("c2")
    s.sign_in("rests", "rings", "low", "lacks", "pauses")
    s.tell(BreakStarted(AgentId("pauses")))
    s.enqueue("c3")
    s.fail(s.rung().offer, OfferFailure.BUSY)
    s.enqueue("c4")
    explanation = s.dispatch.explain("c4")
    assert explanation.verdicts == {
        "rests": AgentVerdict.PAUSING,
        "rings": AgentVerdict.RINGING,
        "low": AgentVerdict.LEVEL_TOO_LOW,
        "lacks": AgentVerdict.SKILL_MISSING,
        "away": AgentVerdict.OFFLINE,
        "pauses": AgentVerdict.ON_BREAK,
        "talks": AgentVerdict.TALKING,
        "wraps": AgentVerdict.WRAP_UP,
    }
    assert s.dispatch.explain("c3").verdicts["rings"] is AgentVerdict.RUNG
    assert explanation.counts()[AgentVerdict.OFFLINE] == 1


def test_a_contact_that_is_not_here_has_no_explanation(scene: Callable[..., Any]) -> None:
    assert scene(["ann"]).dispatch.explain("c1") is None
