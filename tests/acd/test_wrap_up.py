"""Work after a call: how it ends, and what was said about the contact."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from acd.effects import RingAgent, WrapUpCoded
from acd.events import WrapUpDone, WrapUpExtended
from acd.settings import QueueSettings
from acd.wrap_up import LONGEST_EXTENSION_S, WrapUpCodeError
from contacts.ids import AgentId, ContactId

ANN = AgentId("ann")
NewScene = Callable[..., Any]


def after_a_call(scene: NewScene, **options: Any) -> Any:
    s = scene(["ann"], sales=options)
    s.sign_in("ann")
    s.end_agent_call(s.serve("c1").offer)
    s.enqueue("c2")
    return s


def test_a_wrap_up_until_done_ends_when_the_agent_says_so(scene: NewScene) -> None:
    s = after_a_call(scene, wrap_up="until-done")
    s.run_until(3600)
    assert s.state("ann") == "wrap-up"
    s.tell(WrapUpDone(ANN))
    assert s.rung().contact == "c2"


def test_s51_a_wrap_up_does_not_end_without_the_code_that_its_queue_requires(scene: NewScene) -> None:
    s = after_a_call(scene, wrap_up_s=10, wrap_up_codes=("order", "complaint"), wrap_up_code_required=True)
    s.run_until(100)
    assert s.state("ann") == "wrap-up"
    with pytest.raises(WrapUpCodeError, match="a code is required; choose one of: order, complaint"):
        s.tell(WrapUpDone(ANN))
    with pytest.raises(WrapUpCodeError, match="no code 'other'"):
        s.tell(WrapUpDone(ANN, "other"))
    assert s.state("ann") == "wrap-up"
    s.tell(WrapUpDone(ANN, "complaint"))
    assert s.of(WrapUpCoded) == [WrapUpCoded(ContactId("c1"), ANN, "complaint")]
    assert s.rung().contact == "c2"


def test_a_code_may_be_given_where_none_is_required(scene: NewScene) -> None:
    s = after_a_call(scene, wrap_up_s=30, wrap_up_codes=("order",))
    s.tell(WrapUpDone(ANN, "order"))
    assert s.of(WrapUpCoded) == [WrapUpCoded(ContactId("c1"), ANN, "order")]


def test_a_caller_who_hung_up_first_is_coded_too(scene: NewScene) -> None:
    s = scene(["ann"], sales={"wrap_up_s": 30, "wrap_up_codes": ("order",)})
    s.sign_in("ann")
    ring = s.serve("c1")
    s.hang_up("c1")
    s.end_agent_call(ring.offer)
    s.tell(WrapUpDone(ANN, "order"))
    assert s.of(WrapUpCoded) == [WrapUpCoded(ContactId("c1"), ANN, "order")]


def test_a_timed_wrap_up_can_be_extended(scene: NewScene) -> None:
    s = after_a_call(scene, wrap_up_s=10)
    s.now = 5
    s.tell(WrapUpExtended(ANN, 30))
    s.run_until(39)
    assert s.state("ann") == "wrap-up"
    s.run_until(40)
    assert s.rung().contact == "c2"


def test_an_extension_has_a_bound(scene: NewScene) -> None:
    s = after_a_call(scene, wrap_up_s=10)
    s.tell(WrapUpExtended(ANN, 1e9))
    s.run_until(10 + LONGEST_EXTENSION_S)
    assert s.rung().contact == "c2"


def test_an_extension_without_a_wrap_up_changes_nothing(scene: NewScene) -> None:
    s = scene(["ann"])
    s.sign_in("ann")
    assert s.tell(WrapUpExtended(ANN, 30)) == ()
    s.enqueue("c1")
    assert s.ever(RingAgent)


def test_codes_that_are_required_must_exist() -> None:
    with pytest.raises(ValidationError, match="wrap_up_code_required needs wrap_up_codes"):
        QueueSettings(name="sales", wrap_up_code_required=True)
