"""The softphone on our own stack, for platforms that have no wheel of pjsua2: same commands, same events."""

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from ipaddress import IPv4Network
from typing import Any, assert_never

from media.call_sound import SoundEngine
from media.engine import MediaEngine
from media.errors import MediaError
from media.prompt_file import read_prompt
from media.settings import MediaSettings
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
    Failed,
    Incoming,
    KeysSent,
    PhoneHeld,
    PhoneParty,
    PhoneReady,
    PhoneResumed,
    PlaybackStarted,
    Registered,
    Stack,
    Unregistered,
)
from server.softphone.own_call import Conversation
from server.softphone.settings import PhoneSettings
from server.version import VERSION
from telephony.call import Call as SipCall
from telephony.call_events import CallEnded, HoldRefused
from telephony.endpoint import SipEndpoint
from telephony.session.login import Login
from telephony.settings import SipSettings, TrunkSettings
from telephony.sip.errors import SipSyntaxError
from telephony.sip.fields import parse_name_addr
from telephony.transport.sip_transport import TransportError
from telephony.trunks.destination import destination
from telephony.trunks.registration import Account, Registration, RegistrationRefused, RequestUnanswered

FAREWELL_S = 1.5

_EXPECTED = (MediaError, SipSyntaxError, CallEnded, RequestUnanswered, ValueError, OSError)


class OwnPhone:
    """Carries out commands until told to quit; one call at a time."""

    def __init__(self, settings: PhoneSettings, channel: Channel, sound: SoundEngine) -> None:
        self._settings = settings
        self._channel = channel
        self._identity = parse_name_addr(settings.identity)
        self._endpoint = SipEndpoint(_sip_settings(settings), sound, self._called)
        self._login = Login(settings.user, settings.password) if settings.user is not None else None
        self._registration: Registration | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._conversation: Conversation | None = None
        self._recording: Record | None = None
        self._quit = asyncio.Event()
        self._tasks: asyncio.TaskGroup

    async def run(self) -> None:
        """The whole life of the phone. Raises TransportError when it cannot listen."""
        bound = await self._endpoint.start()
        self._channel.report(PhoneReady(Stack.TRUNKLINE, VERSION, bound.address, bound.port))
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as self._tasks:
                loop.add_reader(self._channel.fileno(), self._read_commands)
                await self._quit.wait()
                loop.remove_reader(self._channel.fileno())
                await self._say_farewell()
        finally:
            await self._endpoint.stop(FAREWELL_S)

    def _read_commands(self) -> None:
        for command in self._channel.commands():
            self._obey(command)

    def _obey(self, command: Command) -> None:
        match command:
            case Quit():
                self._quit.set()
            case Record():
                self._record(command)
            case Register() | Unregister():
                self._start(command.kind, self._register(isinstance(command, Register)))
            case Call():
                self._start(command.kind, self._place_call(command.uri))
            case Answer() | HangUp() | Hold() | Resume() | SendDigits() | Play():
                if self._conversation is None:
                    self._channel.report(Failed(command.kind, "there is no call"))
                else:
                    self._start(command.kind, self._in_call(self._conversation, command))
            case _:
                assert_never(command)

    def _start(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.create_task(self._attempt(what, work), name=what)

    async def _attempt(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except HoldRefused as error:
            self._channel.report(Failed(what, f"refused with {error.status}"))
        except _EXPECTED as error:
            self._channel.report(Failed(what, str(error)))

    def _record(self, command: Record) -> None:
        if self._conversation is None:
            self._recording = command
        else:
            self._conversation.record(command.path)

    # Registration

    async def _register(self, wanted: bool) -> None:
        await self._stop_keeping()
        if wanted:
            self._registration = self._registration or self._new_registration()
            self._keeping = self._tasks.create_task(self._keep(self._registration), name="registration")
        elif self._registration is not None:
            await self._registration.unregister()
            self._channel.report(Unregistered(200, "OK"))

    def _new_registration(self) -> Registration:
        if self._settings.registrar is None or self._login is None:
            raise ValueError("no registrar or no user was given")
        registrar = destination(self._settings.registrar).hop
        return Registration(self._endpoint, Account(self._identity.uri, self._login, registrar))

    async def _keep(self, registration: Registration) -> None:
        try:
            while True:
                granted_s = await registration.register()
                self._channel.report(Registered(round(granted_s)))
                await asyncio.sleep(max(1.0, granted_s * 0.6))
        except RegistrationRefused as refusal:
            self._channel.report(Unregistered(refusal.status, str(refusal)))
        except RequestUnanswered as silence:
            self._channel.report(Unregistered(408, str(silence)))

    async def _stop_keeping(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
            self._keeping = None

    # Calls

    def _called(self, call: SipCall) -> None:
        if self._conversation is not None:
            self._start("second call", call.reject(486))
            return
        facts = call.facts
        self._take_line(call)
        self._channel.report(Incoming(str(facts.remote_uri), facts.remote_display or "", facts.sip_call_id))
        self._start("ring", call.ring())
        if self._settings.auto_answer_s is not None:
            self._start("answer", self._answer_later(call, self._settings.auto_answer_s))

    async def _answer_later(self, call: SipCall, after_s: float) -> None:
        await asyncio.sleep(after_s)
        if call.hangup is None and call.answered_at is None:
            await call.answer()

    async def _place_call(self, uri: str) -> None:
        if self._conversation is not None:
            self._channel.report(Failed("call", "there is a call already"))
            return
        placed_at_s = time.monotonic()
        call = await self._endpoint.place_call(uri, caller=self._identity, login=self._login)
        self._take_line(call)
        self._channel.report(Calling(uri, call.sip_call_id), placed_at_s)

    def _take_line(self, call: SipCall) -> None:
        conversation = Conversation(call, self._channel.report)
        if self._recording is not None:
            conversation.record(self._recording.path)
            self._recording = None
        self._conversation = conversation
        self._tasks.create_task(self._until_over(conversation), name="call")

    async def _until_over(self, conversation: Conversation) -> None:
        await conversation.call.ended
        self._conversation = None
        await conversation.finish()

    async def _in_call(
        self, conversation: Conversation, command: Answer | HangUp | Hold | Resume | SendDigits | Play
    ) -> None:
        call = conversation.call
        match command:
            case Answer():
                await call.answer()
            case HangUp():
                await conversation.hang_up()
            case Hold():
                await call.hold()
                self._channel.report(PhoneHeld(PhoneParty.SELF))
            case Resume():
                await call.resume()
                self._channel.report(PhoneResumed())
            case SendDigits():
                conversation.require_sound()
                call.leg.send_digits(command.digits)
                self._channel.report(KeysSent(command.digits))
            case Play():
                sound = await asyncio.to_thread(read_prompt, command.path)
                conversation.play(sound, command.path)
                self._channel.report(PlaybackStarted(command.path))
            case _:
                assert_never(command)

    async def _say_farewell(self) -> None:
        """End the call and the registration as a polite phone does, but not for ever."""
        with contextlib.suppress(TimeoutError, RegistrationRefused, *_EXPECTED):
            async with asyncio.timeout(FAREWELL_S):
                if self._conversation is not None:
                    await self._conversation.hang_up()
                    await self._conversation.call.ended
                registered = self._keeping is not None
                await self._stop_keeping()
                if registered and self._registration is not None:
                    await self._registration.unregister()


def _sip_settings(settings: PhoneSettings) -> SipSettings:
    anybody = TrunkSettings(name="anybody", networks=(IPv4Network("0.0.0.0/0"),))
    return SipSettings(address=settings.address, port=settings.port, try_next_ports=0, trunks=(anybody,))


async def _with_sound(settings: PhoneSettings, channel: Channel) -> None:
    engine = MediaEngine(
        MediaSettings(
            address=settings.address, max_legs=4, max_recordings=4, max_listeners=1, prompt_memory_mb=16
        )
    )
    await engine.start()
    try:
        await OwnPhone(settings, channel, engine).run()
    finally:
        await engine.stop()


def run(settings: PhoneSettings, channel: Channel) -> int:
    """The exit code of the process: 1 when the phone could not start (a port in use)."""
    try:
        asyncio.run(_with_sound(settings, channel))
    except (TransportError, SipSyntaxError) as error:
        channel.report(Failed("start", str(error)))
        return 1
    return 0
