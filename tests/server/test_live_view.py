"""Agents and queues as screens see them."""

import pytest

from acd.events import AgentRegistered, ContactEnqueued, OfferFailed, OfferFailure
from acd.settings import AcdSettings, AgentSettings, NoAgents, QueueSettings
from contacts.ids import AgentId, ContactId, DeviceId, QueueId
from contacts.privacy import Privacy
from server.commands.tables import span
from server.http.live import FRESH_FOR_S, LiveView
from tests.server.api import CALLER, Clock, Line, SteppedDispatch
from tests.server.test_screens import rung_offer

SETTINGS = AcdSettings(
    agents=(
        AgentSettings(name="alice", display="Alice", skills={"support": 5}),
        AgentSettings(name="bob", skills={"support": 1}),
        AgentSettings(name="carol", skills={"support": 9}, queues={"other": 1}),
    ),
    queues=(
        QueueSettings(name="support", skills={"support": 3}, no_agents=NoAgents.WAIT),
        QueueSettings(name="other", no_agents=NoAgents.WAIT),
    ),
)


class Screen:
    """A view over the real core of dispatch."""

    def __init__(self) -> None:
        self.clock, self.line = Clock(), Line()
        self.dispatch = SteppedDispatch(self.clock, SETTINGS)
        self.view = LiveView(self.dispatch, self.line, lambda: SETTINGS, self.clock.monotonic)

    def register(self, *agents: str) -> None:
        for agent in agents:
            self.dispatch.tell(AgentRegistered(AgentId(agent), DeviceId(f"{agent}-phone")))
        self.clock.now += FRESH_FOR_S * 2


def test_a_queue_counts_those_who_could_take_its_calls() -> None:
    screen = Screen()
    screen.register("alice", "bob", "carol")
    queues = {queue.name: queue for queue in screen.view.queues()}
    assert queues["support"].agents_signed_in == 1, "bob's level is too low, carol serves another queue"
    assert queues["other"].agents_signed_in == 3


def test_an_agent_who_did_not_answer_pauses_and_the_screen_says_how_long() -> None:
    screen = Screen()
    screen.register("alice")
    offer = rung_offer(screen.dispatch.tell(ContactEnqueued(ContactId("c1"), QueueId("support"))))
    screen.dispatch.tell(OfferFailed(offer, OfferFailure.NO_ANSWER))
    screen.clock.now += 1
    alice = screen.view.agent("alice", Privacy.PUBLIC)
    assert alice is not None
    assert alice.state == "available"
    assert alice.pause_s == pytest.approx(9.0)


def test_numbers_are_for_readers_who_may_see_them() -> None:
    screen = Screen()
    screen.register("alice")
    screen.dispatch.tell(ContactEnqueued(ContactId("c1"), QueueId("support")))
    screen.line.callers["c1"] = CALLER
    screen.clock.now += 1
    shown = {most: screen.view.agent("alice", most) for most in (Privacy.PUBLIC, Privacy.PERSONAL)}
    assert [agent.customer for agent in shown.values() if agent] == ["", CALLER]


def test_a_name_that_is_not_configured_is_nobody() -> None:
    screen = Screen()
    assert screen.view.agent("mallory", Privacy.PERSONAL) is None
    assert screen.view.queue("nowhere", Privacy.PERSONAL) is None


def test_a_change_through_the_api_is_seen_at_once() -> None:
    screen = Screen()
    assert screen.view.queues()[0].agents_signed_in == 0
    screen.dispatch.tell(AgentRegistered(AgentId("alice"), DeviceId("phone")))
    assert screen.view.queues()[0].agents_signed_in == 0, "looked a moment ago"
    screen.view.forget()
    assert screen.view.queues()[0].agents_signed_in == 1


@pytest.mark.parametrize(
    ("seconds", "shown"), [(None, ""), (0.4, "0 s"), (59.9, "59 s"), (60, "1:00"), (3725, "1:02:05")]
)
def test_times_are_shown_as_a_clock_shows_them(seconds: float | None, shown: str) -> None:
    assert span(seconds) == shown
