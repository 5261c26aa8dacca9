"""How two people talked: known conversations, and what holds of every one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.folds.talk_measures import Spoke, TalkMeasures, measure

WHOLE = (Spoke(0.0, 60.0),)


def measured(customer: list[tuple[float, float]], agent: list[tuple[float, float]]) -> TalkMeasures:
    found = measure(WHOLE, (Spoke(*each) for each in customer), (Spoke(*each) for each in agent))
    assert found is not None
    return found


def test_s57_talk_time_silence_and_the_longest_monologue() -> None:
    talk = measured([(1.0, 6.0), (30.0, 35.0)], [(7.0, 27.0), (36.0, 46.0)])
    assert (talk.customer_s, talk.agent_s) == (10.0, 30.0)
    assert (talk.customer_longest_s, talk.agent_longest_s) == (5.0, 20.0)
    assert talk.silence_s == 20.0
    assert talk.cross_talk_s == 0.0


def test_s56_three_interruptions_are_three_and_their_length_is_cross_talk() -> None:
    talk = measured([(8.0, 11.0), (18.0, 21.0), (28.0, 31.0)], [(1.0, 10.0), (12.0, 20.0), (22.0, 30.0)])
    assert (talk.customer_interruptions, talk.agent_interruptions) == (3, 0)
    assert talk.cross_talk_s == 6.0


def test_s56_a_mm_hm_is_no_interruption_and_beginning_at_the_same_time_is_nobodys() -> None:
    assert measured([(9.9, 12.0)], [(1.0, 10.0)]).customer_interruptions == 0
    together = measured([(5.0, 8.0)], [(5.0, 9.0)])
    assert (together.customer_interruptions, together.agent_interruptions) == (0, 0)


def test_a_pause_for_breath_does_not_end_what_somebody_says() -> None:
    assert measured([(1.0, 4.0), (4.4, 8.0)], []).customer_longest_s == 7.0


def test_only_the_time_in_which_they_are_joined_counts() -> None:
    found = measure((Spoke(10.0, 20.0), Spoke(30.0, 40.0)), [Spoke(5.0, 15.0), Spoke(25.0, 35.0)], [])
    assert found is not None
    assert (found.joined_s, found.customer_s, found.silence_s) == (20.0, 10.0, 10.0)
    assert measure((), [Spoke(1.0, 2.0)], []) is None


spoken = st.lists(st.tuples(st.floats(0, 59), st.floats(0.1, 20)), max_size=12)


@given(spoken, spoken)
def test_every_second_is_counted_once(
    customer: list[tuple[float, float]], agent: list[tuple[float, float]]
) -> None:
    one, two = ([(start, start + length) for start, length in each] for each in (customer, agent))
    talk = measured(one, two)
    spoken_s = talk.customer_s + talk.agent_s - talk.cross_talk_s + talk.silence_s
    assert spoken_s == pytest.approx(talk.joined_s, abs=0.01)
    assert talk.cross_talk_s <= min(talk.customer_s, talk.agent_s) + 0.01
    assert talk.customer_longest_s <= talk.customer_s + 0.01
