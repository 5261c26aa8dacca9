"""A caller's line as a flow uses it: prompts out, keys and speech in. Fits `ivr_flows.ports.Caller`."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

import structlog

from contacts.facts.contact import PromptStarted, SecretEntry
from contacts.ids import ContactId
from ivr_flows.definition.causes import HangupCause
from ivr_flows.engine.inputs import (
    DigitPressed,
    Input,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackId,
    SpeechStarted,
)
from ivr_flows.engine.instructions import Enqueue, Listen, Note, StartPlayback, Transfer
from media import events as media
from media.errors import MediaError
from media.speech.errors import SpeechError
from server.intake.call_recording import TellFact
from server.intake.listening import Listening
from server.intake.prompts import Prompts
from telephony.call import Call
from telephony.call_events import CallEvent, Digit

log = structlog.get_logger(__name__)

MAX_INPUTS = 256  # keys and playbacks that a flow has not taken yet; what comes on top is dropped


class Orders(Protocol):
    """What a flow orders that takes more than the caller's own line."""

    async def enqueue(self, order: Enqueue) -> None: ...

    async def transfer(self, order: Transfer) -> None: ...

    async def hang_up(self, cause: HangupCause) -> None: ...

    def note(self, note: Note) -> None: ...


class FlowLine:
    """`listening` is given by whoever owns the tasks that understand speech."""

    def __init__(
        self,
        contact: ContactId,
        call: Call,
        orders: Orders,
        prompts: Prompts,
        voice: str | None,
        fact: TellFact,
    ) -> None:
        self._contact = contact
        self._call = call
        self._orders = orders
        self._prompts = prompts
        self._voice = voice
        self._fact = fact
        self._inputs: asyncio.Queue[Input] = asyncio.Queue(MAX_INPUTS)
        self._playing: tuple[media.PlaybackId, PlaybackId] | None = None
        self._key_at: float | None = None
        self.listening: Listening | None = None

    def tell(self, received: Input) -> None:
        """Something happened that the flow waits for, or may have to know."""
        try:
            self._inputs.put_nowait(received)
        except asyncio.QueueFull:
            log.warning("flow.input_dropped", input_type=type(received).__name__)

    def on_event(self, event: CallEvent) -> None:
        """What the call tells while the flow has the caller."""
        match event:
            case Digit(digit):
                self.tell(DigitPressed(digit, time.monotonic()))
            case media.PlaybackFinished(playback):
                self._playback_finished(playback)
            case media.TalkStarted() if self.listening is not None and self.listening.active:
                self.tell(SpeechStarted(self.listening.listen, time.monotonic()))
            case media.TalkEnded() if self.listening is not None:
                self.listening.talk_ended(event)
            case _:
                pass

    def end(self) -> None:
        if self.listening is not None:
            self.listening.end()

    async def next_input(self) -> Input:
        """The key that a prompt answers is the one taken last, until the next input is asked for."""
        self._key_at = None
        received = await self._inputs.get()
        if isinstance(received, DigitPressed):
            self._key_at = received.at
        return received

    async def answer(self) -> None:
        """The call has been answered before its flow begins."""

    async def conceal(self, on: bool) -> None:
        self._fact(SecretEntry(contact=self._contact, on=on))

    async def play(self, order: StartPlayback) -> None:
        try:
            sounds = await self._prompts.sounds(order.segments, order.voice or self._voice)
        except (MediaError, SpeechError) as error:
            log.warning("prompt.failed", reason=type(error).__name__)
            self.tell(PlaybackFailed(order.playback, type(error).__name__))
            return
        if self._call.hangup is not None:
            return
        if not sounds:
            self.tell(PlaybackFinished(order.playback))
            return
        self._playing = self._call.leg.play(sounds, loop=order.loop), order.playback
        if self._key_at is not None:
            after_ms = round((time.monotonic() - self._key_at) * 1000, 2)
            self._fact(PromptStarted(contact=self._contact, after_key_ms=after_ms))
            self._key_at = None

    async def stop_playback(self, playback: PlaybackId) -> None:
        if self._playing is not None and self._playing[1] == playback:
            self._playing = None
            if self._call.hangup is None:
                self._call.leg.stop_playback()

    async def listen(self, order: Listen) -> None:
        if self.listening is not None and self._call.hangup is None:
            self.listening.begin(order)

    async def stop_listening(self) -> None:
        if self.listening is not None:
            self.listening.end()

    async def enqueue(self, order: Enqueue) -> None:
        await self._orders.enqueue(order)

    async def transfer(self, order: Transfer) -> None:
        await self._orders.transfer(order)

    async def hang_up(self, cause: HangupCause) -> None:
        await self._orders.hang_up(cause)

    def note(self, note: Note) -> None:
        self._orders.note(note)

    def _playback_finished(self, playback: media.PlaybackId) -> None:
        if self._playing is not None and self._playing[0] == playback:
            finished = self._playing[1]
            self._playing = None
            self.tell(PlaybackFinished(finished))
