"""Callers who order a call back in a flow, on a fake line and a stepped clock."""

from __future__ import annotations

from contacts.facts.callback import CallbackPromised
from contacts.facts.contact import ConversationStarted
from contacts.facts.queue import QueueExited, QueueJoined
from contacts.outcomes import ContactOutcome, QueueExit
from tests.fakes.line import FarPhone, Manners
from tests.fakes.stepped_loop import stepped
from tests.server.callbacks.test_callbacks_in_process import NUMBER, URI, customers
from tests.server.in_process import InProcess, serving

KEEPS = """
flow: keeps
version: 1
language: en
zone: Europe/Berlin
start: offer
nodes:
  offer:
    menu: [To be called back press one. To wait press two.]
    options: {1: keep, 2: wait}
  keep:
    callback: support
    times: 2
    next: promised
    otherwise: sorry
  promised: {say: We will call you., next: after}
  after:
    menu: [To wait on the line after all press two.]
    options: {2: wait, 3: bye}
    no_input: []
    otherwise: bye
  wait: {queue: support, max_wait: 40s, overflow: keep, otherwise: sorry}
  sorry: {hangup: normal, prompt: We are sorry.}
  bye: {hangup: normal, prompt: Goodbye.}
"""


async def hears(server: InProcess, phone: FarPhone, text: str) -> None:
    await server.until(lambda: any(text in name for name in phone.hears()), within_s=60)


async def keep_the_place(server: InProcess, caller: str = NUMBER) -> FarPhone:
    """From the answer on; the number of the caller is confirmed, and no time chosen."""
    phone = await server.call(caller=caller)
    await hears(server, phone, "press one")
    phone.press("1")
    await hears(server, phone, "We can call you back at")
    phone.press("1")
    await server.until(lambda: phone.over or (len(phone.hears()) and "We can" not in phone.hears()[0]))
    if any("When may we" in name for name in phone.hears()):
        phone.press("1")
    return phone


@stepped
async def test_s24_a_caller_keeps_the_place_hangs_up_and_is_called_when_it_is_their_turn() -> None:
    async with serving(KEEPS) as server:
        server.sign_in("alice")
        first = await server.call(caller="+493011111111")
        await hears(server, first, "press one")
        first.press("2")
        await server.until(lambda: server.facts(ConversationStarted))
        caller = await keep_the_place(server)
        await hears(server, caller, "We will call you.")
        contact = server.contact
        [queue] = server.dispatcher.snapshot().queues
        assert [(each.contact, each.callback) for each in queue.waiting] == [(contact, True)]
        caller.hang_up()
        behind = await server.call(caller="+493022222222")
        await hears(server, behind, "press one")
        behind.press("2")
        await server.until(lambda: server.facts(QueueJoined, server.contact))
        server.line.numbers[URI] = Manners()
        await server.pass_time(30)
        assert not customers(server), "it is not their turn"
        next(phone for phone in server.line.far if phone.talks_with(first)).hang_up()
        await server.until(lambda: server.facts(ConversationStarted, contact))
        assert [fact.exit for fact in server.facts(QueueExited, contact)] == [QueueExit.ANSWERED]
        assert not server.facts(ConversationStarted, server.contact), "who came later waits"
    assert server.outcome(contact) is ContactOutcome.SERVED


@stepped
async def test_s24_a_number_that_is_none_is_asked_for_again_and_read_back() -> None:
    async with serving(KEEPS) as server:
        phone = await server.call(caller="anonymous")
        await hears(server, phone, "press one")
        phone.press("1")
        await hears(server, phone, "Please enter the number")
        phone.press("12#")
        await server.pass_time(1)
        await hears(server, phone, "Please enter the number")
        phone.press("03012345678#")
        await hears(server, phone, "We can call you back at")
        phone.press("1")
        await hears(server, phone, "We will call you.")
        [promised] = server.facts(CallbackPromised)
        assert promised.number == NUMBER


@stepped
async def test_s24_times_are_offered_only_where_agents_are_there() -> None:
    async with serving(KEEPS) as server:
        phone = await server.call(caller=NUMBER)
        await hears(server, phone, "press one")
        phone.press("1")
        await hears(server, phone, "We can call you back at")
        phone.press("1")
        await hears(server, phone, "We will call you.")
        server.sign_in("alice", Manners(answers_after_s=None, refuses=486))
        other = await server.call(caller="+493033333333")
        await hears(server, other, "press one")
        other.press("1")
        await hears(server, other, "We can call you back at")
        other.press("1")
        await hears(server, other, "When may we call you?")
        other.press("2")
        await hears(server, other, "We will call you.")
        [promised] = server.facts(CallbackPromised, server.contact)
        assert promised.not_before is not None
        assert promised.not_before > server.utc()


@stepped
async def test_s24_a_caller_who_has_waited_keeps_that_age() -> None:
    async with serving(KEEPS) as server:
        server.sign_in("alice", Manners(answers_after_s=None, refuses=486))
        phone = await server.call(caller=NUMBER)
        await hears(server, phone, "press one")
        phone.press("2")
        await hears(server, phone, "We can call you back at")
        phone.press("1")
        await server.until(lambda: any("When may we" in name for name in phone.hears()))
        phone.press("1")
        await server.until(lambda: server.facts(CallbackPromised))
        assert [fact.age_s > 39 for fact in server.facts(QueueJoined)] == [False, True]


@stepped
async def test_s24_a_caller_who_waits_after_all_has_the_place_on_the_line() -> None:
    async with serving(KEEPS) as server:
        phone = await keep_the_place(server)
        await hears(server, phone, "To wait on the line after all")
        contact = server.contact
        phone.press("2")
        await server.until(lambda: len(server.facts(QueueJoined, contact)) == 2)
        [queue] = server.dispatcher.snapshot().queues
        assert [(each.contact, each.callback) for each in queue.waiting] == [(contact, False)]
        server.sign_in("alice")
        await server.until(lambda: server.facts(ConversationStarted, contact))
        assert not customers(server)
