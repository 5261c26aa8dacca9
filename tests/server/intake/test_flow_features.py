"""What flows ask of the server around them, in contacts from ring to close."""

from __future__ import annotations

import pytest

from contacts.facts.contact import ContactClosed, ConversationEnded
from contacts.facts.flow import FlowNoted, NodeEntered
from contacts.facts.queue import QueueJoined
from server.outside.web import WebReply
from tests.fakes.line import Manners
from tests.fakes.stepped_loop import stepped
from tests.server.in_process import serving

CONTEXT = """
flow: chat
start: agent
nodes:
  agent: {queue: support, skills: {support: 1}, tell: {context: context}}
"""


@stepped
async def test_s23_a_token_that_came_with_the_call_is_on_the_agents_screen() -> None:
    async with serving(CONTEXT) as server:
        server.line.dial("100", headers=(("x-context", "chat-77"),))
        await server.until(lambda: server.facts(QueueJoined))
        assert server.facts(QueueJoined)[0].told == {"context": "chat-77"}


@pytest.mark.parametrize("told", ["x" * 257, "a\x00b", "", "   "])
@stepped
async def test_s23_what_is_no_token_is_none(told: str) -> None:
    async with serving(CONTEXT) as server:
        server.line.dial("100", headers=(("X-Context", told),))
        await server.until(lambda: server.facts(QueueJoined))
        assert server.facts(QueueJoined)[0].told == {"context": ""}


SURVEY = """
flow: shop
start: agent
hung_up: left
nodes:
  agent: {queue: support, skills: {support: 1}, next: ask}
  ask:
    survey: after_call
    questions: {happy: {ask: How happy are you?}}
    next: bye
  left: {notify: survey, values: {to: caller_number}, next: bye}
  bye: {hangup: normal}
"""


@stepped
async def test_s39_the_survey_is_asked_when_the_agent_leaves_first() -> None:
    async with serving(SURVEY) as server:
        server.sign_in("alice")
        phone = await server.call()
        await server.until(lambda: len(server.line.far) == 2 and phone.talks_with(server.line.far[1]))
        server.line.far[1].hang_up()
        await server.until(lambda: server.facts(ConversationEnded))
        await server.until(lambda: "How happy are you?" in phone.hears())
        phone.press("5")
        await server.until(lambda: server.facts(ContactClosed))
        [scored] = [fact for fact in server.facts(FlowNoted) if fact.about == "flow.scored"]
        assert scored.details["score"] == "5"


@stepped
async def test_s39_who_hangs_up_first_is_asked_by_a_message() -> None:
    async with serving(SURVEY) as server:
        server.services.outside.hooks = {"survey": "https://crm.example/survey"}
        server.web.answers.append(WebReply(200, {}))
        server.sign_in("alice")
        phone = await server.call(caller="0301234567")
        await server.until(lambda: len(server.line.far) == 2 and phone.talks_with(server.line.far[1]))
        contact = server.contact
        phone.hang_up()
        await server.until(lambda: server.facts(ContactClosed, contact))
        assert [body for _, _, body in server.web.asked] == [{"to": "0301234567"}]
        assert server.facts(NodeEntered, contact)[-1].node == "bye"


REMEMBER = """
flow: remember
start: known
variables: {language: ""}
nodes:
  known: {profile: read, names: [language], next: which, otherwise: ask}
  which: {switch: {language == "ja": ja}, otherwise: ask}
  ask: {menu: For Japanese press one., options: {1: keep}}
  keep: {profile: write, values: {language: '"ja"'}, next: ja}
  ja: {say: Konnichiwa., next: wait}
  wait: {say: {music: hold}, loop: true}
"""


@stepped
async def test_s51_s76_a_choice_is_remembered_until_the_next_call_of_the_same_number() -> None:
    async with serving(REMEMBER) as server:
        first = await server.call(caller="0301234567")
        await server.until(lambda: "For Japanese press one." in first.hears())
        first.press("1")
        await server.until(lambda: "Konnichiwa." in first.hears())
        first.hang_up()
        again = await server.call(caller="0301234567")
        await server.until(lambda: "Konnichiwa." in again.hears())
        stranger = await server.call(caller="0309999999")
        await server.until(lambda: "For Japanese press one." in stranger.hears())


@stepped
async def test_s17_the_next_caller_hears_a_notice_from_the_moment_it_is_on() -> None:
    flow = """
flow: news
start: news
nodes:
  news: {notice: downtime, next: hello}
  hello: {say: Hello., next: wait}
  wait: {say: {music: hold}, loop: true}
"""
    async with serving(flow) as server:
        before = await server.call()
        await server.until(lambda: "Hello." in before.hears())
        server.notices.texts["downtime"] = "We are down."
        after = await server.call()
        await server.until(lambda: "We are down." in after.hears())
        await server.until(lambda: "Hello." in after.hears())
        server.notices.texts.clear()
        later = await server.call()
        await server.until(lambda: "Hello." in later.hears())


@stepped
async def test_s64_a_caller_who_is_classified_anew_waits_with_the_new_skills_and_priority() -> None:
    flow = """
flow: again
start: first
nodes:
  first: {queue: support, skills: {support: 9}, max_wait: 5s, overflow: second, otherwise: second}
  second: {queue: support, skills: {support: 1}, priority: 90, next: bye}
  bye: {hangup: normal}
"""
    async with serving(flow) as server:
        server.sign_in("alice", Manners())
        phone = await server.call()
        await server.until(lambda: len(server.line.far) == 2 and phone.talks_with(server.line.far[1]))
        joined = server.facts(QueueJoined)
        assert [(each.priority, dict(each.skills)) for each in joined] == [
            (0, {"support": 9}),
            (90, {"support": 1}),
        ]
