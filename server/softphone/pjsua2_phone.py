"""The softphone on pjsua2: a SIP and media stack that this program does not share.

One thread does everything (`threadCnt=0`, `libHandleEvents`): pjsua2 calls back into Python from this loop
only. The published wheel is built for four calls and aborts on an INVITE that carries no offer: this is a
phone for one call at a time, against servers that offer.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any, assert_never

import pjsua2 as pj

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
    PhoneReady,
    Recorded,
    Registered,
    Stack,
    Unregistered,
)
from server.softphone.pjsua2_call import PjCall
from server.softphone.pjsua2_configuration import (
    CODEC_PRIORITIES,
    account_configuration,
    endpoint_configuration,
)
from server.softphone.settings import PhoneSettings, PhoneTransport

LOOP_MS = 5
FAREWELL_S = 1.5
# The file writer is unplugged by the mixer's clock, a few ticks of 20 ms after the order.
FILE_CLOSE_S = 0.1


class PjAccount(pj.Account):  # type: ignore[misc]
    """Forwards what pjsua2 says of the registration and of incoming calls."""

    def __init__(self, on_registration: Callable[[Any], None], on_call: Callable[[int], None]) -> None:
        super().__init__()
        self._on_registration = on_registration
        self._on_call = on_call

    def onRegState(self, prm: Any) -> None:  # noqa: N802 (pjsua2's name)
        self._on_registration(prm)

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802
        self._on_call(prm.callId)


class Pjsua2Phone:
    """Carries out commands until told to quit."""

    def __init__(self, settings: PhoneSettings, channel: Channel) -> None:
        self._settings = settings
        self._channel = channel
        self._endpoint = pj.Endpoint()
        self._account = PjAccount(self._registration_changed, self._called)
        self._call: PjCall | None = None
        self._leaving: list[PjCall] = []
        self._recording: Record | None = None
        self._answer_at: float | None = None
        self._quit = False

    def run(self) -> None:
        """The whole life of the phone."""
        with self._library():
            while not self._quit:
                self._turn()
            self._say_farewell()

    def _turn(self) -> None:
        self._endpoint.libHandleEvents(LOOP_MS)
        for command in self._channel.commands():
            self._obey(command)
        if self._call is not None:
            self._call.discard_spent()
            self._answer_when_due()
        self._clear_line()
        for call in [call for call in self._leaving if call.over]:
            self._leaving.remove(call)
            self._let_go(call)

    @contextlib.contextmanager
    def _library(self) -> Iterator[None]:
        endpoint = self._endpoint
        endpoint.libCreate()
        try:
            endpoint.libInit(endpoint_configuration())
            transport_id = self._open_transport()
            endpoint.libStart()
            endpoint.audDevManager().setNullDev()
            for codec in endpoint.codecEnum2():
                endpoint.codecSetPriority(codec.codecId, CODEC_PRIORITIES.get(codec.codecId, 0))
            self._account.create(account_configuration(self._settings, transport_id))
            version = endpoint.libVersion().full
            # "127.0.0.1:5080"
            port = int(endpoint.transportGetInfo(transport_id).localName.rpartition(":")[2])
            self._channel.report(PhoneReady(Stack.PJSUA2, version, self._settings.address, port))
            yield
        finally:
            self._account.shutdown()
            endpoint.libDestroy()

    def _open_transport(self) -> int:
        configuration = pj.TransportConfig()
        configuration.port = self._settings.port
        configuration.boundAddress = self._settings.address
        tcp = self._settings.transport is PhoneTransport.TCP
        kind = pj.PJSIP_TRANSPORT_TCP if tcp else pj.PJSIP_TRANSPORT_UDP
        return int(self._endpoint.transportCreate(kind, configuration))

    def _say_farewell(self) -> None:
        """End the call and the registration as a polite phone does, but not for ever."""
        if self._call is not None and not self._call.over:
            self._attempt("quit", self._call.hang_up)
        until = time.monotonic() + FAREWELL_S
        while (self._call is not None or self._leaving) and time.monotonic() < until:
            self._turn()
        self._clear_line(by_force=True)
        for call in self._leaving:
            self._let_go(call)
        self._leaving.clear()
        if self._account.getInfo().regIsActive:
            self._attempt("quit", lambda: self._account.setRegistration(False))
        while self._account.getInfo().regIsActive and time.monotonic() < until:
            self._turn()

    # What pjsua2 tells

    def _registration_changed(self, prm: Any) -> None:
        if prm.code // 100 == 2 and prm.expiration > 0:
            self._channel.report(Registered(prm.expiration))
        else:
            self._channel.report(Unregistered(prm.code, prm.reason))

    def _called(self, call_id: int) -> None:
        self._clear_line()
        if self._call is not None:
            self._refuse(PjCall(self._account, lambda _event: None, None, call_id))
            return
        call = PjCall(self._account, self._channel.report, None, call_id)
        self._take_line(call)
        info = call.getInfo()
        name, _, uri = info.remoteUri.rpartition("<")
        self._channel.report(Incoming(uri.rstrip(">"), name.strip().strip('"'), info.callIdString))
        self._attempt("ring", call.ring)
        if self._settings.auto_answer_s is not None:
            self._answer_at = time.monotonic() + self._settings.auto_answer_s

    def _refuse(self, second_call: PjCall) -> None:
        self._leaving.append(second_call)
        self._attempt("second call", lambda: second_call.hang_up(pj.PJSIP_SC_BUSY_HERE))

    # What the driver wants

    def _obey(self, command: Command) -> None:
        self._attempt(command.kind, lambda: self._carry_out(command))

    def _attempt(self, what: str, order: Callable[[], object]) -> None:
        try:
            order()
        except pj.Error as error:
            self._channel.report(Failed(what, error.info()))

    def _carry_out(self, command: Command) -> None:
        match command:
            case Quit():
                self._quit = True
            case Register() | Unregister():
                self._account.setRegistration(isinstance(command, Register))
            case Record():
                if self._call is None:
                    self._recording = command
                else:
                    self._call.record(command.path)
            case Call():
                self._place_call(command.uri)
            case Answer() | HangUp() | Hold() | Resume() | SendDigits() | Play():
                if self._call is None or self._call.over:
                    self._channel.report(Failed(command.kind, "there is no call"))
                else:
                    self._in_call(self._call, command)
            case _:
                assert_never(command)

    def _in_call(self, call: PjCall, command: Answer | HangUp | Hold | Resume | SendDigits | Play) -> None:
        match command:
            case Answer():
                self._answer_at = None
                call.accept()
            case HangUp():
                call.hang_up(pj.PJSIP_SC_BUSY_HERE if call.rings_here() else 0)
            case Hold():
                call.hold()
            case Resume():
                call.resume()
            case SendDigits():
                call.dialDtmf(command.digits)
                self._channel.report(KeysSent(command.digits))
            case Play():
                if reason := call.play(command.path):
                    self._channel.report(Failed(command.kind, reason))
            case _:
                assert_never(command)

    def _place_call(self, uri: str) -> None:
        self._clear_line()
        if self._call is not None:
            self._channel.report(Failed("call", "there is a call already"))
            return
        call = PjCall(self._account, self._channel.report, None)
        placed_at_s = time.monotonic()
        call.makeCall(uri, pj.CallOpParam(True))
        self._take_line(call)
        self._channel.report(Calling(uri, call.getInfo().callIdString), placed_at_s)

    def _take_line(self, call: PjCall) -> None:
        self._call = call
        if self._recording is not None:
            call.record(self._recording.path)
            self._recording = None

    def _answer_when_due(self) -> None:
        if self._answer_at is not None and time.monotonic() >= self._answer_at:
            self._obey(Answer())

    def _clear_line(self, by_force: bool = False) -> None:
        """Make room for the next call, which may come in the same breath in which the last one ended."""
        if self._call is not None and (self._call.over or by_force):
            self._leaving.append(self._call)
            self._call = self._answer_at = None

    def _let_go(self, call: PjCall) -> None:
        call.release()
        if call.recording is None:
            return
        until = time.monotonic() + FILE_CLOSE_S
        while time.monotonic() < until:
            self._endpoint.libHandleEvents(LOOP_MS)
        if call.recording.exists():
            self._channel.report(Recorded(call.recording))


def run(settings: PhoneSettings, channel: Channel) -> int:
    """The exit code of the process: 1 when the phone could not start (a port in use)."""
    try:
        Pjsua2Phone(settings, channel).run()
    except pj.Error as error:
        channel.report(Failed("start", error.info()))
        return 1
    return 0
