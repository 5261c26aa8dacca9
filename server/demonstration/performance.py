"""The demonstration itself: two agents register, a caller dials in, and everything happens for real.

Caller and agents are processes of their own. Every step names itself, so that a failure says which it was.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from contacts.facts.contact import ContactClosed, ConversationStarted
from contacts.facts.flow import FlowStarted
from contacts.facts.queue import QueueJoined, QueuePositionTold, WrapUpFinished
from contacts.facts.recording import TranscriptReady
from server.demonstration.cast import NUMBER, PATIENCE_S, PAUSE_S, Cast, step
from server.softphone import commands, events

KEY = "1"
LISTENS_S = 2.5


@dataclass(frozen=True, slots=True)
class Heard:
    """What the parties' own phones noted, for the verdict. Times are the machine's monotonic clock."""

    stack: str
    invite_to_ok_ms: float
    key_sent_at: float | None
    """None where no key brought the first prompt: whom we called hears it at once."""
    audio_began_at: float
    dialog_s: float
    by_caller: Path
    by_agent: Path
    agent: str


class Performance:
    """One whole call. `run` returns what was heard, or raises StepFailedError."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast

    async def run(self) -> Heard:
        cast = self._cast
        async with AsyncExitStack() as stack:
            with step("two agents register as SIP softphones", cast.say):
                await asyncio.gather(*(cast.sign_in(name, stack) for name in list(cast.passwords)[:2]))
            with step("a caller dials in", cast.say):
                caller = await cast.start_phone("caller", "", stack)
                caller.send(commands.Record(cast.folder / "heard-by-caller.wav"))
                caller.send(commands.Call(f"sip:{NUMBER}@{cast.address}"))
                calling = await caller.wait_for(events.Calling, PATIENCE_S)
                answered = await caller.wait_for(events.PhoneAnswered, PATIENCE_S)
                audio = await caller.wait_for(events.MediaActive, PATIENCE_S)
            with step(f"the caller hears the welcome and presses {KEY}", cast.say):
                await cast.feed.wait_for(FlowStarted, PATIENCE_S)
                await asyncio.sleep(LISTENS_S)
                caller.send(commands.SendDigits(KEY))
                key = await caller.wait_for(events.KeysSent, PATIENCE_S)
            with step("the caller waits, with music and a spoken position", cast.say):
                await cast.feed.wait_for(QueueJoined, PATIENCE_S)
                await cast.feed.wait_for(QueuePositionTold, PATIENCE_S)
            with step("an agent is rung and answers", cast.say):
                agent = await cast.rung()
                agent.send(commands.Record(cast.folder / "heard-by-agent.wav"))
                await cast.announcement_heard()
                agent.send(commands.Answer())
                await agent.wait_for(events.PhoneAnswered, PATIENCE_S)
                await cast.feed.wait_for(ConversationStarted, PATIENCE_S)
            await cast.talk(caller, agent)
            with step("they hang up", cast.say):
                await asyncio.sleep(PAUSE_S)
                caller.send(commands.HangUp())
                disconnected = await caller.wait_for(events.Disconnected, PATIENCE_S)
                await agent.wait_for(events.Disconnected, PATIENCE_S)
                await caller.wait_for(events.Recorded, PATIENCE_S)
                await agent.wait_for(events.Recorded, PATIENCE_S)
            with step("the recording is kept and transcribed, and the contact closed", cast.say):
                await cast.feed.wait_for(ContactClosed, PATIENCE_S)
                await cast.feed.wait_for(TranscriptReady, 3 * PATIENCE_S)
            with step("the agent wraps up", cast.say):
                await cast.feed.wait_for(WrapUpFinished, PATIENCE_S)
            return Heard(
                stack=caller.ready.stack,
                invite_to_ok_ms=(answered.at_s - calling.at_s) * 1000,
                key_sent_at=key.at_s,
                audio_began_at=audio.at_s,
                dialog_s=disconnected.event.duration_s,
                by_caller=cast.folder / "heard-by-caller.wav",
                by_agent=cast.folder / "heard-by-agent.wav",
                agent=agent.name,
            )
