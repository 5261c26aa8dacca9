"""Mistakes in the settings are named, all at once."""

import pytest
from pydantic import ValidationError

from acd.settings import AcdSettings, AgentSettings, QueueSettings, known_skills
from config.judgement import judge


def test_every_mistake_is_reported_at_once_with_its_place() -> None:
    with pytest.raises(ValidationError) as caught:
        AcdSettings.model_validate(
            {
                "agents": [{"name": "ann", "skills": {"german": 11}}, {"name": "two words"}],
                "queues": [{"name": "sales", "wrapup": 5}, {"name": "sales", "ring_timeout_s": 0}],
            }
        )
    places = {error["loc"] for error in caught.value.errors()}
    assert places >= {
        ("agents", 0, "skills", "german"),
        ("agents", 1, "name"),
        ("queues", 0, "wrapup"),
        ("queues", 1, "ring_timeout_s"),
    }


def test_names_used_twice_are_refused_in_both_lists() -> None:
    with pytest.raises(ValidationError) as caught:
        AcdSettings.model_validate(
            {"agents": [{"name": "ann"}, {"name": "ann"}], "queues": [{"name": "q"}, {"name": "q"}]}
        )
    assert [(error["loc"], "named more than once" in error["msg"]) for error in caught.value.errors()] == [
        (("agents",), True),
        (("queues",), True),
    ]


def test_a_queue_that_demands_a_skill_no_agent_has_is_refused() -> None:
    with pytest.raises(ValidationError, match="queue 'sales' requires skill 'germn', which no agent has"):
        AcdSettings(
            agents=(AgentSettings(name="ann", skills={"german": 5}),),
            queues=(QueueSettings(name="sales", skills={"germn": 1}),),
        )


def test_known_skills_are_those_some_agent_has() -> None:
    settings = AcdSettings(
        agents=(
            AgentSettings(name="ann", skills={"german": 5}),
            AgentSettings(name="bob", skills={"french": 1, "german": 2}),
        )
    )
    assert known_skills(settings) == {"german", "french"}


def test_a_pause_after_an_offer_not_taken_cannot_be_switched_off() -> None:
    with pytest.raises(ValidationError, match="pause_after_no_answer_s"):
        QueueSettings(name="sales", pause_after_no_answer_s=0)


def test_the_old_name_of_the_pause_is_refused_with_the_new_one() -> None:
    _, mistakes = judge({"queues": [{"name": "sales", "rna_pause_s": 10}]})
    said = {mistake.path: mistake.message for mistake in mistakes}
    assert "pause_after_no_answer_s" in said["queues", 0, "rna_pause_s"]
