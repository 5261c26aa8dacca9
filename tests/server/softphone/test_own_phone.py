"""The softphone on our own stack: what it is told to do and what it reports, over real SIP without sound."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from server.softphone.channel import Channel
from server.softphone.commands import (
    Answer,
    Call,
    Command,
    HangUp,
    Hold,
    Play,
    Quit,
    Record,
    Register,
    Resume,
    SendDigits,
    Unregister,
)
from server.softphone.events import (
    Calling,
    Disconnected,
    Event,
    Failed,
    Incoming,
    KeysSent,
    PhoneAnswered,
    PhoneHeld,
    PhoneParty,
    PhoneReady,
    PhoneReport,
    PhoneResumed,
    PhoneRinging,
    PlaybackDone,
    PlaybackStarted,
    Recorded,
    Registered,
    Stack,
    Unregistered,
)
from server.softphone.own_phone import OwnPhone
from server.softphone.protocol import decode_report, encode_command
from server.softphone.settings import PhoneSettings, PhoneTransport
from telephony.registrar.desk import RegistrationDesk
from telephony.settings import SipSettings
from telephony.sip.digest import Password
from telephony.transport.sip_transport import TransportError
from tests.fakes.media import FakeEngine
from tests.interop.sound import chirp, read_wav, write_wav
from tests.patience import PATIENCE_S
from tests.telephony.calls.phone import Phone

Kind = TypeVar("Kind", bound=Event)


class Driven:
    """A phone in this process, driven through pipes as a driver of another process would."""

    def __init__(self, settings: PhoneSettings) -> None:
        commands_fd, self._to_phone = os.pipe()
        self._from_phone, reports_fd = os.pipe()
        os.set_blocking(self._from_phone, False)
        self._descriptors = {commands_fd, self._to_phone, self._from_phone, reports_fd}
        self.engine = FakeEngine()
        self.task = asyncio.create_task(
            OwnPhone(settings, Channel(commands_fd, reports_fd), self.engine).run()
        )
        self.reports: list[PhoneReport[Event]] = []
        self._unread = b""
        self.address = ""

    def send(self, *commands: Command) -> None:
        os.write(self._to_phone, b"".join(map(encode_command, commands)))

    def hang_up_the_driver(self) -> None:
        self._descriptors.discard(self._to_phone)
        os.close(self._to_phone)

    async def next(self, kind: type[Kind]) -> Kind:
        """The next report of that kind; what comes before it is passed over."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                while self.reports:
                    if isinstance(event := self.reports.pop(0).event, kind):
                        return event
                self._read()
                self.engine.advance(0.02)
                await asyncio.sleep(0.005)

    def _read(self) -> None:
        try:
            self._unread += os.read(self._from_phone, 1 << 16)
        except BlockingIOError:
            return
        *lines, self._unread = self._unread.split(b"\n")
        self.reports += map(decode_report, lines)

    async def end(self) -> None:
        if not self.task.done():
            self.send(Quit())
        await asyncio.gather(self.task, return_exceptions=True)
        for descriptor in self._descriptors:
            os.close(descriptor)


PhoneMaker = Callable[..., Awaitable[Driven]]


@pytest.fixture
async def phone() -> AsyncIterator[PhoneMaker]:
    made: list[Driven] = []

    async def make(name: str = "anna", **settings: object) -> Driven:
        driven = Driven(PhoneSettings(f'"{name.title()}" <sip:{name}@127.0.0.1>', **settings))  # type: ignore[arg-type]
        made.append(driven)
        ready = await driven.next(PhoneReady)
        assert ready.stack is Stack.TRUNKLINE
        driven.address = f"{ready.address}:{ready.port}"
        return driven

    yield make
    for driven in made:
        await driven.end()


@pytest.fixture
async def registrar() -> AsyncIterator[Phone]:
    desk = RegistrationDesk(SipSettings(), {"anna": Password("secret")}.get)
    server = Phone(desk, SipSettings(port=0))
    await server.start()
    yield server
    await server.endpoint.stop(grace_s=1)


async def talking(phone: PhoneMaker) -> tuple[Driven, Driven]:
    anna, ben = await phone("anna"), await phone("ben")
    anna.send(Call(f"sip:ben@{ben.address}"))
    await ben.next(Incoming)
    ben.send(Answer())
    for each in (anna, ben):
        await each.next(PhoneAnswered)
    return anna, ben


async def test_a_call_is_reported_by_both_sides_from_the_first_ring_to_the_end(phone: PhoneMaker) -> None:
    anna, ben = await phone("anna"), await phone("ben")
    anna.send(Call(f"sip:ben@{ben.address}"))
    calling, incoming = await anna.next(Calling), await ben.next(Incoming)
    assert calling.uri == f"sip:ben@{ben.address}"
    assert (incoming.caller_uri, incoming.caller_name) == ("sip:anna@127.0.0.1", "Anna")
    assert incoming.call_id == calling.call_id
    assert (await anna.next(PhoneRinging)).status == 180
    ben.send(Answer())
    for each in (anna, ben):
        await each.next(PhoneAnswered)
    anna.send(HangUp())
    assert (await anna.next(Disconnected)).by is PhoneParty.SELF
    gone = await ben.next(Disconnected)
    assert (gone.by, gone.status) == (PhoneParty.PEER, 200)


async def test_hold_and_resume_are_seen_on_both_sides(phone: PhoneMaker) -> None:
    anna, ben = await talking(phone)
    anna.send(Hold())
    assert (await anna.next(PhoneHeld)).by is PhoneParty.SELF
    assert (await ben.next(PhoneHeld)).by is PhoneParty.PEER
    anna.send(Resume())
    for each in (anna, ben):
        await each.next(PhoneResumed)


async def test_keys_and_files_go_into_the_call(phone: PhoneMaker, tmp_path: Path) -> None:
    anna, _ = await talking(phone)
    anna.send(SendDigits("15#"))
    assert (await anna.next(KeysSent)).digits == "15#"
    assert anna.engine.legs[0].digits_sent == "15#"
    said = write_wav(tmp_path / "said.wav", chirp(0.2, 300, 900))
    anna.send(Play(said))
    assert (await anna.next(PlaybackStarted)).path == said
    assert (await anna.next(PlaybackDone)).path == said
    anna.send(Play(tmp_path / "nothing.wav"))
    assert "nothing.wav" in (await anna.next(Failed)).reason


async def test_what_is_heard_is_recorded_whether_asked_for_before_the_call_or_in_it(
    phone: PhoneMaker, tmp_path: Path
) -> None:
    anna, ben = await phone("anna"), await phone("ben")
    anna.send(Record(tmp_path / "early.wav"), Call(f"sip:ben@{ben.address}"))
    await ben.next(Incoming)
    ben.send(Answer())
    await ben.next(PhoneAnswered)
    ben.send(Record(tmp_path / "late.wav"))
    await anna.next(PhoneAnswered)
    for each in (anna, ben):
        each.engine.advance(0.5)
    anna.send(HangUp())
    assert (await anna.next(Recorded)).path == tmp_path / "early.wav"
    assert (await ben.next(Recorded)).path == tmp_path / "late.wav"
    assert len(read_wav(tmp_path / "early.wav")) >= 0.5 * 8000


async def test_a_phone_in_a_call_is_busy_for_another_and_places_no_second_one(phone: PhoneMaker) -> None:
    anna, ben = await talking(phone)
    carl = await phone("carl")
    carl.send(Call(f"sip:ben@{ben.address}"))
    assert (await carl.next(Disconnected)).status == 486
    anna.send(Call(f"sip:carl@{carl.address}"))
    failed = await anna.next(Failed)
    assert (failed.what, failed.reason) == ("call", "there is a call already")


async def test_a_ringing_phone_that_hangs_up_refuses_the_call(phone: PhoneMaker) -> None:
    anna, ben = await phone("anna"), await phone("ben")
    anna.send(Call(f"sip:ben@{ben.address}"))
    await ben.next(Incoming)
    ben.send(HangUp())
    assert (await anna.next(Disconnected)).status == 486


async def test_auto_answer_answers_by_itself_and_not_a_caller_who_has_gone(phone: PhoneMaker) -> None:
    anna, ben = await phone("anna"), await phone("ben", auto_answer_s=0.1)
    anna.send(Call(f"sip:ben@{ben.address}"))
    await anna.next(PhoneAnswered)
    slow = await phone("carl", auto_answer_s=0.5)
    anna.send(HangUp())
    await anna.next(Disconnected)
    anna.send(Call(f"sip:carl@{slow.address}"))
    await slow.next(Incoming)
    anna.send(HangUp())
    await slow.next(Disconnected)
    await asyncio.sleep(0.7)
    slow.send(Hold())
    assert (await slow.next(Failed)).what == "hold", "nothing was answered in between"


@pytest.mark.parametrize("transport", list(PhoneTransport))
async def test_it_registers_stays_registered_and_gives_it_up(
    phone: PhoneMaker, registrar: Phone, transport: PhoneTransport
) -> None:
    where = f"sip:127.0.0.1:{registrar.bound.port}"
    anna = await phone("anna", registrar=where, user="anna", password="secret", transport=transport)
    anna.send(Register())
    assert (await anna.next(Registered)).expires_s > 0
    anna.send(Unregister())
    assert (await anna.next(Unregistered)).status == 200


async def test_a_refused_registration_is_told_with_the_status(phone: PhoneMaker, registrar: Phone) -> None:
    where = f"sip:127.0.0.1:{registrar.bound.port}"
    anna = await phone("anna", registrar=where, user="anna", password="guessed")
    anna.send(Register())
    assert (await anna.next(Unregistered)).status == 401


async def test_without_a_registrar_there_is_nothing_to_register_with(phone: PhoneMaker) -> None:
    anna = await phone("anna")
    anna.send(Register())
    failed = await anna.next(Failed)
    assert (failed.what, failed.reason) == ("register", "no registrar or no user was given")


@pytest.mark.parametrize("command", [Answer(), HangUp(), Hold(), Resume(), SendDigits("1")])
async def test_what_needs_a_call_fails_without_one(phone: PhoneMaker, command: Command) -> None:
    anna = await phone("anna")
    anna.send(command)
    failed = await anna.next(Failed)
    assert (failed.what, failed.reason) == (command.kind, "there is no call")


async def test_what_is_no_address_is_not_called_and_the_phone_goes_on(phone: PhoneMaker) -> None:
    anna = await phone("anna")
    anna.send(Call("not a uri"))
    assert (await anna.next(Failed)).what == "call"
    anna.send(Hold())
    assert (await anna.next(Failed)).what == "hold"


async def test_quitting_hangs_up_and_unregisters(phone: PhoneMaker, registrar: Phone) -> None:
    where = f"sip:127.0.0.1:{registrar.bound.port}"
    anna, ben = (
        await phone("anna", registrar=where, user="anna", password="secret"),
        await phone("ben"),
    )
    anna.send(Register())
    await anna.next(Registered)
    anna.send(Call(f"sip:ben@{ben.address}"))
    await ben.next(Incoming)
    ben.send(Answer())
    await anna.next(PhoneAnswered)
    anna.send(Quit())
    assert (await ben.next(Disconnected)).by is PhoneParty.PEER
    await anna.task


async def test_a_driver_that_is_gone_ends_the_phone(phone: PhoneMaker) -> None:
    anna, ben = await talking(phone)
    anna.hang_up_the_driver()
    assert (await ben.next(Disconnected)).by is PhoneParty.PEER
    await anna.task


async def test_a_port_in_use_is_an_error_of_the_start(phone: PhoneMaker) -> None:
    anna = await phone("anna")
    port = int(anna.address.rpartition(":")[2])
    second = Driven(PhoneSettings("sip:ben@127.0.0.1", port=port))
    with pytest.raises(TransportError):
        await second.task
    await second.end()
