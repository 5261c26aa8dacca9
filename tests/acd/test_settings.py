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


def test_a_queue_that_an_agent_names_and_there_is_not_is_a_mistake_of_the_file() -> None:
    _, mistakes = judge(
        {
            "agents": [{"name": "ann", "skills": {"german": 1}, "queues": {"slaes": 1}}],
            "queues": [{"name": "sales", "preferred": {"grman": 1}}],
        }
    )
    said = {mistake.path: mistake.message for mistake in mistakes}
    assert said["agents", 0, "queues", "slaes"] == 'there is no queue "slaes"; add it, or use one of: sales'
    assert "german" in said["queues", 0, "preferred", "grman"]


def test_steps_of_relaxation_must_be_in_order() -> None:
    steps = [{"after_s": 60, "skill": "german"}, {"after_s": 30, "skill": "german", "level": 2}]
    with pytest.raises(ValidationError, match="each step must come after the one before it"):
        QueueSettings.model_validate({"name": "sales", "relax": steps})


def test_every_setting_of_a_queue_can_be_written_in_a_file() -> None:
    """As strictly as the settings reader reads: words for choices, tables for steps."""
    settings, mistakes = judge(
        {
            "agents": [{"name": "ann", "skills": {"german": 5}, "queues": {"sales": 2}, "weight": 3}],
            "queues": [
                {
                    "name": "sales",
                    "strategy": "round-robin",
                    "idle_since": "last-call",
                    "relax": [
                        {"after_s": 30, "skill": "german", "level": 2},
                        {"after_s": 60, "skill": "german"},
                    ],
                    "relax_when_nobody": True,
                    "no_agents": "wait",
                    "wrap_up": "until-done",
                    "wrap_up_codes": ["order"],
                    "wrap_up_code_required": True,
                    "priority_step_s": 60,
                    "max_length": 10,
                    "max_expected_wait_s": 600,
                }
            ],
        }
    )
    assert settings is not None
    assert not mistakes
    assert settings.acd.queues[0].relax[1].level == 0
