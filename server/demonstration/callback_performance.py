"""The demonstration of a callback: a caller keeps the place, hangs up, and is called in their turn."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from config.settings import Settings
from contacts.facts.callback import CallbackAnswered, CallbackAttempted, CallbackPromised
from contacts.facts.contact import ContactClosed, ConversationStarted
from contacts.facts.queue import QueuePositionTold, WrapUpFinished
from contacts.facts.recording import RecordingFinished, TranscriptReady
from server.demonstration.cast import NUMBER, PATIENCE_S, PAUSE_S, Cast, StepFailedError, step
from server.demonstration.performance import Heard
from server.softphone import commands, events
from server.softphone.client import Softphone

CALLER = "+493012345678"
KEY = "1"
FLOW = "callback"
READS_BACK_S = 10.0
AWAY_S = 1.5


def with_callbacks(settings: Settings) -> Settings:
    """The demonstration is shown at any hour: whom it calls is a phone of its own."""
    hours = {"opens": "00:00:00", "closes": "23:59:59", "home_country": "DE"}
    callbacks = settings.callbacks.model_validate(settings.callbacks.model_dump() | hours)
    flows = settings.flows.model_copy(update={"number_gateway": "127.0.0.1:9", "directory": None})
    numbers = {NUMBER: FLOW}
    return settings.model_copy(update={"callbacks": callbacks, "flows": flows, "numbers": numbers})


class CallbackPerformance:
    """`run` returns what was heard, or raises StepFailedError."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast

    async def run(self) -> Heard:
        cast = self._cast
        async with AsyncExitStack() as stack:
            caller = await self._keeps_the_place(stack)
            with step("an agent signs in: it is the caller's turn, and their phone rings", cast.say):
                await cast.sign_in(next(iter(cast.passwords)), stack)
                await cast.feed.wait_for(CallbackAttempted, PATIENCE_S)
                calling = await caller.wait_for(events.Incoming, PATIENCE_S)
                caller.send(commands.Record(cast.folder / "heard-by-caller.wav"))
                caller.send(commands.Answer())
                answered = await caller.wait_for(events.PhoneAnswered, PATIENCE_S)
                audio = await caller.wait_for(events.MediaActive, PATIENCE_S)
                await cast.feed.wait_for(CallbackAnswered, PATIENCE_S)
                await cast.feed.wait_for(QueuePositionTold, PATIENCE_S)
            with step("the agent is rung and answers", cast.say):
                agent = await cast.rung()
                agent.send(commands.Record(cast.folder / "heard-by-agent.wav"))
                await cast.announcement_heard()
                agent.send(commands.Answer())
                await agent.wait_for(events.PhoneAnswered, PATIENCE_S)
                await cast.feed.wait_for(ConversationStarted, PATIENCE_S)
            await cast.talk(caller, agent)
            with step("the agent hangs up, and the caller's call ends", cast.say):
                await asyncio.sleep(PAUSE_S)
                agent.send(commands.HangUp())
                disconnected = await caller.wait_for(events.Disconnected, PATIENCE_S)
                await agent.wait_for(events.Disconnected, PATIENCE_S)
                await caller.wait_for(events.Recorded, PATIENCE_S)
                await agent.wait_for(events.Recorded, PATIENCE_S)
            await self._kept()
            return Heard(
                stack=caller.ready.stack,
                invite_to_ok_ms=(answered.at_s - calling.at_s) * 1000,
                key_sent_at=None,
                audio_began_at=audio.at_s,
                dialog_s=disconnected.event.duration_s,
                by_caller=cast.folder / "heard-by-caller.wav",
                by_agent=cast.folder / "heard-by-agent.wav",
                agent=agent.name,
            )

    async def _keeps_the_place(self, stack: AsyncExitStack) -> Softphone:
        cast = self._cast
        with step("a caller dials in; no agent is free", cast.say):
            caller = await cast.start_phone(CALLER, "", stack)
            cast.server.callbacks.gateway = f"127.0.0.1:{caller.ready.port}"
            caller.send(commands.Call(f"sip:{NUMBER}@{cast.address}"))
            await caller.wait_for(events.PhoneAnswered, PATIENCE_S)
            await caller.wait_for(events.MediaActive, PATIENCE_S)
        with step(f"the caller keeps the place ({KEY}) and confirms the number ({KEY})", cast.say):
            caller.send(commands.SendDigits(KEY))
            await caller.wait_for(events.KeysSent, PATIENCE_S)
            await asyncio.sleep(AWAY_S)
            caller.send(commands.SendDigits(KEY))
            await caller.wait_for(events.KeysSent, PATIENCE_S)
            await cast.feed.wait_for(CallbackPromised, READS_BACK_S)
        with step("the caller hangs up; the place is kept", cast.say):
            await asyncio.sleep(AWAY_S)
            caller.send(commands.HangUp())
            await caller.wait_for(events.Disconnected, PATIENCE_S)
            await asyncio.sleep(AWAY_S)
            [queue] = [each for each in cast.server.dispatcher.snapshot().queues if each.waiting]
            if [each.contact for each in queue.waiting if each.callback] != [cast.feed.contact]:
                raise StepFailedError("step failed: the place is not kept")
        return caller

    async def _kept(self) -> None:
        """Of two calls there are two recordings; the second is the one with words."""
        cast = self._cast
        with step("the recording is kept and transcribed, and the contact closed", cast.say):
            await cast.feed.wait_for(ContactClosed, PATIENCE_S)
            recording = (await cast.feed.wait_for(RecordingFinished, PATIENCE_S)).recording
            await cast.feed.until(
                lambda: any(ready.recording == recording for ready in cast.feed.seen(TranscriptReady)),
                3 * PATIENCE_S,
            )
        with step("the agent wraps up", cast.say):
            await cast.feed.wait_for(WrapUpFinished, PATIENCE_S)
        calls = len(cast.feed.seen(CallbackAttempted)), len(cast.feed.seen(CallbackAnswered))
        if calls != (1, 1):
            raise StepFailedError(f"step failed: the caller was called {calls[0]} times")
