"""What callers require less of as they wait."""

from collections.abc import Callable
from typing import Any

from acd.effects import QueueStayEnded, RequirementRelaxed, RingAgent
from acd.events import SettingsChanged
from acd.settings import AcdSettings, AgentSettings, QueueSettings, RelaxStep
from contacts.ids import ContactId
from contacts.outcomes import QueueExit

NewScene = Callable[..., Any]
STEPS = (
    {"after_s": 30, "skill": "german", "level": 3},
    {"after_s": 60, "skill": "german", "level": 1},
    {"after_s": 90, "skill": "billing"},
)
QUEUE = {"skills": {"german": 5, "billing": 1}, "relax": STEPS, "announce_every_s": 0}


def test_s59_one_axis_at_a_time_is_relaxed_and_the_place_kept(scene: NewScene) -> None:
    s = scene({"expert": {"german": 9, "billing": 9}, "middle": {"german": 3, "billing": 1}}, sales=QUEUE)
    s.sign_in("middle")
    s.enqueue("c1")
    s.now = 10
    s.enqueue("c2")
    s.run_until(29)
    assert not s.ever(RingAgent)
    s.run_until(30)
    assert s.of(RequirementRelaxed) == [RequirementRelaxed(ContactId("c1"), "german", 3, 30.0)]
    assert (s.rung().agent, s.rung().contact) == ("middle", "c1")
    assert s.order() == ["c1", "c2"]


def test_s59_every_step_comes_at_its_time_and_the_last_leaves_the_skill_out(scene: NewScene) -> None:
    s = scene({"expert": {"german": 9, "billing": 9}, "novice": {"german": 1}}, sales=QUEUE)
    s.sign_in("novice")
    s.enqueue("c1")
    s.run_until(200)
    told = [(at, effect.skill, effect.level) for at, effect in s.ever(RequirementRelaxed)]
    assert told == [(30, "german", 3), (60, "german", 1), (90, "billing", 0)]
    assert [at for at, _ in s.ever(RingAgent)] == [90]


def test_a_caller_whom_only_a_relaxed_requirement_lets_be_served_may_wait(scene: NewScene) -> None:
    s = scene({"novice": {"german": 1}, "away": {"billing": 1}}, sales={**QUEUE, "no_agents": "overflow"})
    s.sign_in("novice")
    s.enqueue("c1")
    assert s.order() == ["c1"]
    s.run_until(90)
    assert s.rings() == ["novice"]


def test_all_steps_are_taken_at_once_while_nobody_who_qualifies_is_signed_in(scene: NewScene) -> None:
    s = scene(
        {"expert": {"german": 9, "billing": 9}, "middle": {"german": 3, "billing": 1}},
        sales={**QUEUE, "relax_when_nobody": True},
    )
    s.sign_in("middle")
    s.enqueue("c1")
    assert s.rings() == ["middle"]
    assert [effect.level for effect in s.of(RequirementRelaxed)] == [3], "no further than needed"


def test_no_step_is_taken_at_once_while_somebody_who_qualifies_talks(scene: NewScene) -> None:
    s = scene(
        {"expert": {"german": 9, "billing": 9}, "middle": {"german": 3, "billing": 1}},
        sales={**QUEUE, "relax_when_nobody": True},
    )
    s.sign_in("expert")
    s.serve("c1")
    s.sign_in("middle")
    s.enqueue("c2")
    assert not s.rings()


def test_the_last_expert_who_signs_out_relaxes_who_waits(scene: NewScene) -> None:
    s = scene(
        {"expert": {"german": 9, "billing": 9}, "middle": {"german": 3, "billing": 1}},
        sales={
            **QUEUE,
            "relax": ({"after_s": 3000, "skill": "german", "level": 3},),
            "relax_when_nobody": True,
            "no_agents_after_s": 5,
            "no_agents": "overflow",
        },
    )
    s.sign_in("expert")
    ring = s.serve("c1")
    s.enqueue("c2")
    s.sign_in("middle")
    s.sign_out("expert")
    s.end_agent_call(ring.offer)
    s.run_until(4)
    assert not s.rings()
    s.run_until(5)
    assert s.rings() == ["middle"]


def test_new_steps_apply_to_callers_who_wait(scene: NewScene) -> None:
    s = scene({"middle": {"german": 3}, "expert": {"german": 9}}, sales={"skills": {"german": 5}})
    s.sign_in("middle")
    s.enqueue("c1")
    s.run_until(100)
    step = RelaxStep(after_s=60, skill="german", level=3)
    agents = (
        AgentSettings(name="middle", skills={"german": 3}),
        AgentSettings(name="expert", skills={"german": 9}),
    )
    queue = QueueSettings(name="sales", skills={"german": 5}, relax=(step,))
    s.tell(SettingsChanged(AcdSettings(agents=agents, queues=(queue,))))
    assert s.rings() == ["middle"], "they have waited longer than that already"


def test_a_caller_given_up_by_a_ringing_agent_looks_with_what_was_relaxed_meanwhile(scene: NewScene) -> None:
    s = scene(
        {"expert": {"german": 9, "billing": 9}, "middle": {"german": 3, "billing": 1}},
        sales={**QUEUE, "ring_timeout_s": 40},
    )
    s.sign_in("middle", "expert")
    s.enqueue("c1")
    assert s.rings() == ["expert"]
    s.run_until(39)
    assert len(s.ever(RingAgent)) == 1, "they are being rung for"
    s.run_until(40)
    assert s.rings() == ["middle"]


def test_nobody_comes_for_a_relaxed_caller_either(scene: NewScene) -> None:
    s = scene(
        {"expert": {"german": 9, "billing": 9}},
        sales={**QUEUE, "no_agents": "overflow", "no_agents_after_s": 200},
    )
    s.sign_in("expert")
    ring = s.serve("c1")
    s.enqueue("c2")
    s.sign_out("expert")
    s.run_until(20)
    s.end_agent_call(ring.offer)
    s.run_until(1000)
    left = [(at, effect.outcome) for at, effect in s.ever(QueueStayEnded) if effect.contact == "c2"]
    assert len(left) == 1
    assert left[0][1] is QueueExit.NOBODY
