"""A caller's line as a flow uses it: prompts out, keys and speech in. Fits `ivr_flows.ports.Caller`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from contacts.facts.contact import ContactFact, PromptStarted, SecretEntry
from contacts.ids import ContactId
from ivr_flows.definition.causes import HangupCause
from ivr_flows.engine.inputs import (
    DigitPressed,
    DigitsSent,
    Input,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackId,
    RecordingEnded,
    RequestDone,
    SpeechStarted,
)
from ivr_flows.engine.instructions import (
    AskOutside,
    Enqueue,
    Listen,
    Note,
    PlayKeys,
    Record,
    StartPlayback,
    Transfer,
)
from ivr_flows.engine.requests import CallbackRequest
from media import events as media
from media.errors import MediaError
from media.sound import Sound
from media.speech.errors import SpeechError
from server.intake.flow_facts import flow_fact
from server.intake.listening import Listening
from server.intake.prompts import Prompts
from server.intake.statements import StatementTaking
from server.outside.asking import OutsideAnswer, OutsideAsking
from telephony.call import Call
from telephony.call_events import CallEvent, Digit

log = structlog.get_logger(__name__)

MAX_INPUTS = 256  # keys and playbacks that a flow has not taken yet; what comes on top is dropped
LONGEST_REACTION_S = 10.0  # a prompt that comes later is not the answer to the key before it


class FlowOrders(Protocol):
    """What a flow orders that takes more than the caller's own line."""

    async def answer(self) -> None:
        """Returns when the call is answered; one that ended instead is told as such, not raised."""

    async def enqueue(self, order: Enqueue) -> None: ...

    async def transfer(self, order: Transfer) -> None: ...

    async def callback(self, wanted: CallbackRequest) -> OutsideAnswer: ...


class CallerPort:
    """Made with the call, so that a key that comes with the ACK is not lost."""

    def __init__(
        self,
        contact: ContactId,
        call: Call,
        orders: FlowOrders,
        prompts: Prompts,
        outside: OutsideAsking,
        voice: str | None,
        tell: Callable[[ContactFact], None],
        now: Callable[[], float],
    ) -> None:
        self._contact = contact
        self._call = call
        self._orders = orders
        self._prompts = prompts
        self._outside = outside
        self._voice = voice
        self._tell = tell
        self._now = now
        self._inputs: asyncio.Queue[Input] = asyncio.Queue(MAX_INPUTS)
        self._playing: tuple[media.PlaybackId, PlaybackId] | None = None
        self._key_at: float | None = None
        self._shielded = False
        self.listening: Listening | None = None
        self.statements: StatementTaking | None = None
        self.tasks: asyncio.TaskGroup | None = None
        """Of the flow: what it asks of the outside ends with it."""

    def tell(self, received: Input) -> bool:
        """Something happened that the flow waits for, or may have to know; whether there was room for it."""
        try:
            self._inputs.put_nowait(received)
        except asyncio.QueueFull:
            log.warning("flow.input_dropped", input_type=type(received).__name__)
            return False
        return True

    def on_event(self, event: CallEvent) -> None:
        """What the call tells while the flow has the caller."""
        if self.statements is not None and self.statements.on_event(event):
            return
        match event:
            case Digit(digit, at_s):
                self._key_at = at_s
                self.tell(DigitPressed(digit, at_s))
            case media.PlaybackFinished(playback):
                self._playback_finished(playback)
            case media.TalkStarted() if self.listening is not None and self.listening.active:
                self.tell(SpeechStarted(self.listening.listen, event.at_s))
            case media.TalkEnded() if self.listening is not None:
                self.listening.talk_ended(event)
            case _:
                pass

    def end(self) -> None:
        if self.listening is not None:
            self.listening.end()

    async def next_input(self) -> Input:
        return await self._inputs.get()

    async def answer(self) -> None:
        await self._orders.answer()
        if self._shielded:
            self._shield()

    async def conceal(self, on: bool) -> None:
        """Shielded, the caller is heard by nobody and kept by nothing; their keys still reach the flow."""
        self._shielded = on
        self._shield()
        self._tell(SecretEntry(contact=self._contact, on=on))

    def _shield(self) -> None:
        """A flow may begin with a secret: before the answer there is nothing to shield yet."""
        if self._call.answered_at is not None and self._call.hangup is None:
            self._call.leg.shield(self._shielded)

    async def request(self, order: AskOutside) -> None:
        if self.tasks is not None:
            self.tasks.create_task(self._ask(order))

    async def _ask(self, order: AskOutside) -> None:
        if isinstance(order.wanted, CallbackRequest):
            answer = await self._orders.callback(order.wanted)
        else:
            answer = await self._outside.ask(order.wanted, order.timeout_s)
        self.tell(RequestDone(order.request, answer.outcome, answer.values))

    async def record(self, order: Record) -> None:
        """Without anything to record with there is no item, and the flow goes on."""
        self._playing = None
        if self.statements is None or self._call.hangup is not None:
            self.tell(RecordingEnded(""))
            return
        self.statements.begin(order)

    async def send_digits(self, order: PlayKeys) -> None:
        """A phone that takes no telephone-events gets none, and the flow goes on."""
        try:
            self._call.leg.send_digits(order.digits)
        except MediaError as error:
            log.warning("flow.keys_not_sent", contact=self._contact, reason=type(error).__name__)
            self.tell(DigitsSent())
            return
        each_s = (order.tone_ms + order.gap_ms) / 1000
        asyncio.get_running_loop().call_later(len(order.digits) * each_s, self.tell, DigitsSent())

    async def play(self, order: StartPlayback) -> None:
        try:
            sounds = await self._prompts.sounds(order.segments, order.voice or self._voice)
            self._play(order, sounds)
        except (MediaError, SpeechError, OSError) as error:
            reason = type(error).__name__
            log.warning("prompt.failed", contact=self._contact, reason=reason)
            self.tell(PlaybackFailed(order.playback, reason))

    def _play(self, order: StartPlayback, sounds: tuple[Sound, ...]) -> None:
        if self._call.hangup is not None:
            return
        if not sounds:
            self.tell(PlaybackFinished(order.playback))
            return
        self._playing = self._call.leg.play(sounds, loop=order.loop), order.playback
        key_at, self._key_at = self._key_at, None
        after_s = None if key_at is None else self._now() - key_at
        if after_s is not None and after_s <= LONGEST_REACTION_S:
            self._tell(PromptStarted(contact=self._contact, after_key_ms=round(after_s * 1000, 2)))

    async def stop_playback(self, playback: PlaybackId) -> None:
        if self._playing is not None and self._playing[1] == playback:
            self._playing = None
            if self._call.hangup is None:
                self._call.leg.stop_playback()

    async def listen(self, order: Listen) -> None:
        if self.listening is not None and self._call.hangup is None:
            self.listening.begin(order)

    async def stop_listening(self) -> None:
        self.end()

    async def enqueue(self, order: Enqueue) -> None:
        await self._orders.enqueue(order)

    async def transfer(self, order: Transfer) -> None:
        await self._orders.transfer(order)

    async def hang_up(self, cause: HangupCause) -> None:
        """The note that the flow has ended came just before, and did it."""

    def note(self, note: Note) -> None:
        fact = flow_fact(self._contact, note)
        if fact is not None:
            self._tell(fact)

    def _playback_finished(self, playback: media.PlaybackId) -> None:
        if self._playing is not None and self._playing[0] == playback:
            finished = self._playing[1]
            self._playing = None
            self.tell(PlaybackFinished(finished))
