"""Callers who are for one agent, or would rather have some, as their flow says."""

from __future__ import annotations

from contacts.facts.contact import ConversationStarted
from tests.fakes.line import Manners
from tests.fakes.stepped_loop import stepped
from tests.server.in_process import serving

FOR_ONE = """
flow: for_one
version: 1
language: en
start: support
variables: {last: bob}
nodes:
  support: {queue: support, agent: last, agent_wait: 20s, otherwise: bye, overflow: bye}
  bye: {hangup: normal}
"""


@stepped
async def test_a_caller_reaches_the_agent_whom_the_flow_names_though_another_is_idle_longer() -> None:
    async with serving(FOR_ONE) as server:
        server.sign_in("alice")
        await server.pass_time(60)
        server.sign_in("bob")
        await server.call()
        await server.until(lambda: server.facts(ConversationStarted))
        assert server.facts(ConversationStarted)[0].participant == "agent:bob"


@stepped
async def test_a_caller_for_one_agent_who_does_not_answer_goes_to_another_when_the_time_is_up() -> None:
    async with serving(FOR_ONE) as server:
        server.sign_in("bob", Manners(answers_after_s=None))
        server.sign_in("alice")
        await server.call()
        await server.until(lambda: server.facts(ConversationStarted))
        [talk] = server.facts(ConversationStarted)
        assert talk.participant == "agent:alice"
        assert talk.waited_s > 14


@stepped
async def test_a_caller_for_an_agent_who_does_not_exist_is_held_up_by_nothing() -> None:
    async with serving(FOR_ONE.replace("last: bob", "last: nobody")) as server:
        server.sign_in("alice")
        await server.call()
        await server.until(lambda: server.facts(ConversationStarted))
        assert server.facts(ConversationStarted)[0].waited_s < 5
