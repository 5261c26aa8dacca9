"""How a customer joins a queue as dispatch knows it: whoever was promised a place has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from acd.events import CallFirst
from acd.skills import Requirement
from contacts.facts.queue import QueueJoined
from contacts.ids import ContactId, QueueId
from server.intake.customer import Customer, PromisedPlaces, enqueued
from telephony.call import Call
from tests.fakes.line import FakeLine
from tests.fakes.media import FakeEngine

CONTACT = ContactId("c1")
NUMBER = "+4930123456"


@dataclass
class Promised:
    """What is promised about places."""

    first: CallFirst | None = None
    is_due: bool = True
    old_age_s: float = 0.0

    def call_first(self, _contact: ContactId) -> CallFirst | None:
        return self.first

    def due(self, _contact: ContactId) -> bool:
        return self.is_due

    def called_again(self, number: str, _joined: QueueJoined) -> float:
        return self.old_age_s if number == NUMBER else 0.0


def places(**promised: object) -> PromisedPlaces:
    return cast(PromisedPlaces, Promised(**promised))  # type: ignore[arg-type]


def joined(**fields: object) -> QueueJoined:
    return QueueJoined(contact=CONTACT, queue=QueueId("support"), **fields)  # type: ignore[arg-type]


def test_what_the_flow_asked_for_reaches_dispatch_whole() -> None:
    asked = joined(
        skills={"german": 3},
        preferred={"tax": 2, "law": 1},
        priority=7,
        max_wait_s=60.0,
        announce_every_s=15.0,
        agent="alice",
        agent_wait_s=20.0,
    )
    told = enqueued(asked, places(), NUMBER)
    assert (told.contact, told.queue, told.priority) == (CONTACT, "support", 7)
    assert told.requirement == Requirement.of({"german": 3})
    assert told.preferred == (("tax", 2), ("law", 1)), "the most important first"
    assert (told.max_wait_s, told.announce_every_s) == (60.0, 15.0)
    assert (told.agent, told.agent_wait_s) == ("alice", 20.0)


def test_who_is_for_nobody_waits_for_nobody() -> None:
    told = enqueued(joined(), places(), NUMBER)
    assert (told.agent, told.callback, told.due, told.age_s) == (None, None, True, 0.0)


def test_a_caller_who_was_cut_off_has_the_age_of_both_waits() -> None:
    assert enqueued(joined(age_s=30.0), places(old_age_s=90.0), NUMBER).age_s == 120.0
    assert enqueued(joined(age_s=30.0), places(old_age_s=90.0), "+4930999999").age_s == 30.0


def test_a_callback_keeps_its_age_and_is_no_caller_who_calls_again() -> None:
    told = enqueued(
        joined(callback=True, age_s=30.0), places(first=CallFirst.CUSTOMER, old_age_s=90.0), NUMBER
    )
    assert told.age_s == 30.0
    assert told.callback is CallFirst.CUSTOMER


def test_a_callback_that_is_not_due_yet_says_so_and_a_caller_on_the_line_is_always_due() -> None:
    later = places(first=CallFirst.AGENT, is_due=False)
    assert not enqueued(joined(callback=True), later, NUMBER).due
    on_the_line = enqueued(joined(), later, NUMBER)
    assert on_the_line.due
    assert on_the_line.callback is None


async def test_a_customer_is_who_calls_with_the_number_of_ours_that_they_called() -> None:
    line = FakeLine(FakeEngine())
    call: Call = await line.place_call("sip:100@peer.example")
    customer = Customer.of(call)
    assert customer.number == call.facts.caller
    assert customer.called == (call.facts.called or "")


def test_a_customer_in_a_message_shows_neither_number_nor_name() -> None:
    shown = repr(Customer(NUMBER, "Anna Arendt", "100"))
    assert NUMBER not in shown and "Anna" not in shown
