"""What callers are told to expect is true: beside the truth, beside an oracle, beside the usual estimate."""

import random
import statistics
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from acd.effects import AnnouncePosition, QueueStayEnded, RingAgent
from acd.erlang import QueueModel
from acd.events import BreakStarted
from acd.expected_wait import expected_wait
from acd.simulation import SimulatedDay, SimulatedStay
from contacts.ids import AgentId

NewScene = Callable[..., Any]
HANDLING_S, PATIENCE_S = 180.0, 900.0


@pytest.fixture(scope="module")
def day() -> list[SimulatedStay]:
    """Some hours with twelve agents, with eight, and with eleven; the first hour is for learning."""
    model = QueueModel(12 / HANDLING_S, HANDLING_S, 12, PATIENCE_S)
    staffing = ((4 * 3600.0, 8), (8 * 3600.0, 11))
    simulated = SimulatedDay(model, random.Random(11).random, staffing=staffing)
    simulated.run(3000)
    return [stay for stay in simulated.stays if stay.came_at > 3600]


def judged(stays: Sequence[SimulatedStay]) -> list[SimulatedStay]:
    """Those who had to wait and were answered: of nobody else is the wait known, or a wait at all."""
    return [stay for stay in stays if stay.answered and stay.waited_s > 0]


def test_s35_the_expected_wait_is_nearly_as_good_as_that_of_an_oracle(day: list[SimulatedStay]) -> None:
    ours, oracle = [], []
    for stay in judged(day):
        assert stay.expected is not None
        knows = expected_wait(stay.ahead, stay.agents / HANDLING_S, 1 / PATIENCE_S)
        ours.append(abs(stay.expected.mean_s - stay.waited_s))
        oracle.append(abs(knows.mean_s - stay.waited_s))
    print(f"median error {statistics.median(ours):.1f} s, oracle {statistics.median(oracle):.1f} s")
    assert statistics.median(ours) <= 1.15 * statistics.median(oracle)


def test_s35_the_range_holds_four_of_five_waits(day: list[SimulatedStay]) -> None:
    stays = judged(day)
    held = sum(s.expected is not None and s.expected.low_s <= s.waited_s <= s.expected.high_s for s in stays)
    print(f"{held} of {len(stays)} in the range")
    assert 0.75 <= held / len(stays) <= 0.85


def test_s35_the_mean_of_past_waits_is_beaten(day: list[SimulatedStay]) -> None:
    """By nearly as much as an oracle beats it: most of what is left is chance."""
    ours = [abs(stay.expected.mean_s - stay.waited_s) for stay in judged(day) if stay.expected]
    usual = usual_errors(day)
    print(
        f"median error {statistics.median(ours):.1f} s, mean of past waits {statistics.median(usual):.1f} s"
    )
    assert statistics.median(usual) >= 1.3 * statistics.median(ours)


def usual_errors(day: Sequence[SimulatedStay]) -> list[float]:
    """Three quarters old, one quarter new, as far as it was known when each caller came."""
    ended = sorted((s.came_at + s.waited_s, s.waited_s) for s in day if s.answered)
    estimate, errors, seen = 0.0, [], 0
    for stay in sorted(judged(day), key=lambda s: s.came_at):
        while seen < len(ended) and ended[seen][0] <= stay.came_at:
            estimate += (ended[seen][1] - estimate) / 4
            seen += 1
        errors.append(abs(estimate - stay.waited_s))
    return errors


def test_the_sum_of_a_long_line_is_that_of_its_steps() -> None:
    exact = sum(1 / (0.05 + ahead * 0.001) for ahead in range(1000))
    assert expected_wait(999, 0.05, 0.001).mean_s == pytest.approx(exact, rel=1e-4)
    assert expected_wait(999, 0.05, 0.0).mean_s == pytest.approx(20_000)


def test_the_range_is_wider_for_one_step_than_for_many() -> None:
    short, long = expected_wait(0, 0.1, 0.0), expected_wait(99, 0.1, 0.0)
    assert short.low_s == pytest.approx(1, abs=1)
    assert short.high_s == pytest.approx(23, abs=1)
    assert (long.high_s - long.low_s) / long.mean_s < 0.3


# In dispatch


def busy(scene: NewScene, **options: Any) -> Any:
    """Two agents whose calls took 100 seconds so far, and who talk."""
    s = scene(["ann", "bob"], sales={"wrap_up_s": 0, "announce_every_s": 0, **options})
    s.sign_in("ann", "bob")
    for number in range(4):
        ring = s.serve(f"old-{number}")
        s.run_until(s.now + 100)
        s.end_agent_call(ring.offer)
    s.serve("a")
    s.serve("b")
    return s


def told(s: Any) -> float:
    (announced,) = s.of(AnnouncePosition)
    return float(announced.expected.mean_s)


def test_s35_a_newcomer_hears_what_the_line_and_the_agents_make_of_it(scene: NewScene) -> None:
    s = busy(scene)
    s.enqueue("c1")
    assert told(s) == pytest.approx(50)
    s.enqueue("c2")
    assert told(s) == pytest.approx(100)
    assert s.queue().expected_wait_s == pytest.approx(150)
    assert (s.queue().signed_in, s.queue().free) == (2, 0)


def test_s35_staffing_counts_at_once(scene: NewScene) -> None:
    s = busy(scene)
    s.tell(BreakStarted(AgentId("bob")))
    s.enqueue("c1")
    assert told(s) == pytest.approx(50), "bob still talks, the break comes after"
    s.run_until(s.now + 100)
    s.end_agent_call([r.offer for _, r in s.ever(RingAgent) if r.agent == "bob"][-1])
    s.enqueue("c2")
    assert told(s) == pytest.approx(200), "one agent, one caller ahead"


def test_s35_nothing_is_said_before_anything_is_known(scene: NewScene) -> None:
    s = scene(["ann"])
    s.enqueue("c1")
    (announced,) = s.of(AnnouncePosition)
    assert announced.expected is None
    assert s.queue().expected_wait_s is None


def test_s35_the_error_is_kept_against_the_truth(scene: NewScene) -> None:
    s = busy(scene)
    s.enqueue("c1")
    s.run_until(s.now + 80)
    s.end_agent_call([r.offer for _, r in s.ever(RingAgent) if r.agent == "bob"][-1])
    s.answer(s.rung().offer)
    (ended,) = s.of(QueueStayEnded)
    assert ended.expected_s == pytest.approx(50)
    assert s.queue().expected_wait_error_s == pytest.approx(30)


def test_a_caller_who_must_expect_too_long_a_wait_overflows_at_once(scene: NewScene) -> None:
    s = busy(scene, max_expected_wait_s=120)
    s.enqueue("c1")
    s.enqueue("c2")
    s.enqueue("c3")
    assert s.overflowed() == ["c3"]


def test_agents_of_two_queues_count_for_each_with_their_share(scene: NewScene) -> None:
    options = {"wrap_up_s": 0, "announce_every_s": 0}
    s = scene(["ann"], one=options, two=options)
    s.sign_in("ann")
    for number in range(8):
        ring = s.serve(f"old-{number}", ("one", "one", "one", "two")[number % 4])
        s.run_until(s.now + 50)
        s.end_agent_call(ring.offer)
    s.serve("talks", "one")
    s.run_until(s.now + 20)
    s.enqueue("c1", "one")
    assert 50 < told(s) < 90, "a quarter of her time goes to the other queue"
