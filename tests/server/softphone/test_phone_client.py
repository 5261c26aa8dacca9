"""The driver's end of a softphone: what it waits for, and what it says when that does not come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from server.softphone.client import QUIT_TIMEOUT_S, Softphone, SoftphoneError
from server.softphone.commands import Call, HangUp, Play, Quit, Register
from server.softphone.events import (
    Calling,
    Disconnected,
    Event,
    PhoneAnswered,
    PhoneParty,
    PhoneReady,
    PhoneReport,
    PhoneRinging,
    PlaybackDone,
    PlaybackStarted,
    Registered,
    Stack,
)
from server.softphone.protocol import decode_command, encode_report
from tests.fakes.stepped_loop import stepped

READY = PhoneReady(Stack.TRUNKLINE, "1", "127.0.0.1", 5080)
SOON_S = 0.01
LONG_S = 20.0


class FakeInput:
    """The standard input of the phone's process: the commands that it was given."""

    def __init__(self, process: FakeProcess) -> None:
        self._process = process

    def write(self, line: bytes) -> None:
        command = decode_command(line)
        self._process.given.append(command)
        if isinstance(command, Quit) and self._process.polite:
            self._process.end(0)


class FakeProcess:
    """A phone's process whose reports are the test's to write."""

    def __init__(self) -> None:
        self.given: list[object] = []
        self.polite = True
        self.killed = False
        self.stdin = FakeInput(self)
        self.stdout = asyncio.StreamReader()
        self.stderr = asyncio.StreamReader()
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def reports(self, *events: Event, at_s: float = 0.0) -> None:
        for event in events:
            self.stdout.feed_data(encode_report(PhoneReport(at_s, 0.0, event)))

    def end(self, code: int) -> None:
        if not self._code.done():
            self._code.set_result(code)
            self.stdout.feed_eof()
            self.stderr.feed_eof()

    def kill(self) -> None:
        self.killed = True
        self.end(-9)

    async def wait(self) -> int:
        return await asyncio.shield(self._code)


@pytest.fixture
async def process() -> AsyncIterator[FakeProcess]:
    made = FakeProcess()
    yield made
    made.end(0)


@pytest.fixture
async def phone(process: FakeProcess) -> AsyncIterator[Softphone]:
    made = Softphone("anna", cast(Any, process))
    yield made
    await made.close()


async def test_an_event_that_has_happened_already_is_not_waited_for(
    phone: Softphone, process: FakeProcess
) -> None:
    process.reports(PhoneRinging(180), PhoneAnswered(), at_s=3.5)
    assert (await phone.wait_for(PhoneAnswered, LONG_S)).at_s == 3.5
    assert (await phone.wait_for(PhoneRinging, LONG_S)).event.status == 180


async def test_each_event_is_waited_for_once(phone: Softphone, process: FakeProcess) -> None:
    process.reports(PhoneRinging(180), PhoneRinging(183))
    statuses = [(await phone.wait_for(PhoneRinging, LONG_S)).event.status for _ in range(2)]
    assert statuses == [180, 183]
    with pytest.raises(SoftphoneError, match="no PhoneRinging within"):
        await phone.wait_for(PhoneRinging, SOON_S)


async def test_an_event_that_comes_later_wakes_who_waits(phone: Softphone, process: FakeProcess) -> None:
    waiting = asyncio.create_task(phone.wait_for(Registered, LONG_S))
    await asyncio.sleep(0)
    assert not waiting.done()
    process.reports(Registered(300))
    assert (await waiting).event == Registered(300)


async def test_several_may_wait_for_different_events(phone: Softphone, process: FakeProcess) -> None:
    waiting = asyncio.gather(phone.wait_for(PhoneAnswered, LONG_S), phone.wait_for(PhoneRinging, LONG_S))
    process.reports(PhoneRinging(180), PhoneAnswered())
    answered, ringing = await waiting
    assert (answered.event, ringing.event) == (PhoneAnswered(), PhoneRinging(180))


async def test_what_did_not_happen_is_told_with_what_did(phone: Softphone, process: FakeProcess) -> None:
    process.stderr.feed_data(b"no route\n")
    process.reports(Calling("sip:100@there", "id"))
    await phone.wait_for(Calling, LONG_S)
    with pytest.raises(SoftphoneError) as raised:
        await phone.wait_for(PhoneAnswered, SOON_S)
    assert "anna: no PhoneAnswered within 0.01 s" in str(raised.value)
    assert "sip:100@there" in str(raised.value)
    assert "it wrote no route" in str(raised.value)


async def test_a_phone_that_ends_ends_the_waiting_at_once(phone: Softphone, process: FakeProcess) -> None:
    waiting = asyncio.create_task(phone.wait_for(PhoneAnswered, LONG_S))
    await asyncio.sleep(0)
    process.end(1)
    with pytest.raises(SoftphoneError, match=r"anna ended before PhoneAnswered: it reported nothing"):
        await waiting


async def test_what_was_reported_before_the_end_can_still_be_waited_for(
    phone: Softphone, process: FakeProcess
) -> None:
    process.reports(Disconnected(200, "OK", 4.0, PhoneParty.PEER))
    process.end(0)
    assert (await phone.wait_for(Disconnected, LONG_S)).event.duration_s == 4.0


async def test_a_phone_that_has_ended_takes_no_orders(phone: Softphone, process: FakeProcess) -> None:
    process.end(1)
    with pytest.raises(SoftphoneError):
        await phone.wait_for(PhoneAnswered, LONG_S)
    with pytest.raises(SoftphoneError, match="anna has ended"):
        phone.send(HangUp())
    assert process.given == []


async def test_orders_arrive_as_they_were_given(phone: Softphone, process: FakeProcess) -> None:
    phone.send(Register())
    phone.send(Call("sip:100@there"))
    assert process.given == [Register(), Call("sip:100@there")]


async def test_a_line_that_is_no_report_is_passed_over_and_told_later(
    phone: Softphone, process: FakeProcess
) -> None:
    process.stdout.feed_data(b"hello\n" + json.dumps({"event": {"kind": "boom"}}).encode() + b"\n")
    process.reports(PhoneAnswered())
    assert (await phone.wait_for(PhoneAnswered, LONG_S)).event == PhoneAnswered()
    with pytest.raises(SoftphoneError, match="not a report"):
        await phone.wait_for(PhoneRinging, SOON_S)


async def test_only_the_last_complaints_are_kept(phone: Softphone, process: FakeProcess) -> None:
    process.stderr.feed_data(b"".join(b"complaint %d.\n" % number for number in range(50)))
    process.end(1)
    with pytest.raises(SoftphoneError):
        await phone.wait_for(PhoneAnswered, LONG_S)
    await phone.close()
    with pytest.raises(SoftphoneError) as raised:
        phone.send(HangUp())
    assert "complaint 49." in str(raised.value)
    assert "complaint 30." in str(raised.value)
    assert "complaint 29." not in str(raised.value)


async def test_where_it_listens_is_what_it_said_first(phone: Softphone, process: FakeProcess) -> None:
    process.reports(READY)
    await phone.wait_for(PhoneReady, LONG_S)
    assert phone.address == "127.0.0.1:5080"
    assert phone.ready.stack is Stack.TRUNKLINE


async def test_all_events_of_a_kind_are_seen_in_order(phone: Softphone, process: FakeProcess) -> None:
    process.reports(READY, Registered(300), PhoneAnswered(), Registered(299))
    await phone.wait_for(PhoneAnswered, LONG_S)
    await phone.wait_for(Registered, LONG_S)
    await phone.wait_for(Registered, LONG_S)
    assert [report.event.expires_s for report in phone.seen(Registered)] == [300, 299]
    assert phone.seen(PhoneRinging) == []


async def test_saying_lasts_to_the_end_and_tells_when_it_began(
    phone: Softphone, process: FakeProcess
) -> None:
    file = Path("hello.wav")
    saying = asyncio.create_task(phone.say(file, LONG_S))
    process.reports(PlaybackStarted(file), at_s=7.25)
    while not phone.seen(PlaybackStarted):
        await asyncio.sleep(0)
    assert not saying.done()
    process.reports(PlaybackDone(file), at_s=9.0)
    assert await saying == 7.25
    assert process.given == [Play(file)]


async def test_leaving_the_phone_lets_it_quit_politely(process: FakeProcess) -> None:
    async with Softphone("anna", cast(Any, process)):
        pass
    assert process.given == [Quit()]
    assert not process.killed


async def test_closing_a_phone_that_has_ended_asks_it_nothing(process: FakeProcess) -> None:
    phone = Softphone("anna", cast(Any, process))
    process.end(0)
    with pytest.raises(SoftphoneError):
        await phone.wait_for(PhoneAnswered, LONG_S)
    await phone.close()
    assert process.given == []


async def test_a_power_cut_tells_nobody(phone: Softphone, process: FakeProcess) -> None:
    await phone.kill()
    assert process.killed
    assert process.given == []


def test_a_phone_that_does_not_quit_is_ended_by_force() -> None:
    @stepped
    async def close() -> None:
        process = FakeProcess()
        process.polite = False
        phone = Softphone("anna", cast(Any, process))
        begun = asyncio.get_running_loop().time()
        await phone.close()
        assert process.killed
        assert asyncio.get_running_loop().time() - begun == pytest.approx(QUIT_TIMEOUT_S)

    close()
