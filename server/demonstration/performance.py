"""The demonstration itself: two agents register, a caller dials in, and everything happens for real.

Caller and agents are processes of their own. Every step names itself, so that a failure says which it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from contacts.facts.contact import ContactClosed, ConversationStarted, HoldEnded, HoldStarted
from contacts.facts.flow import FlowStarted
from contacts.facts.queue import QueueJoined, QueuePositionTold, WrapUpFinished
from contacts.facts.recording import TranscriptReady
from server.assembly import Trunkline
from server.demonstration.feed import Feed
from server.demonstration.script import Actor, Turn
from server.softphone import commands, events
from server.softphone.client import Softphone, SoftphoneError
from server.softphone.settings import PhoneSettings

NUMBER = "100"
KEY = "1"
PATIENCE_S = 20.0
LISTENS_S = 2.5
RINGS_S = 1.0
HOLDS_S = 2.5
HOLD_BEFORE_TURN = 4
PAUSE_S = 0.35


class StepFailedError(Exception):
    """A step of the demonstration did not happen; the message names it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the parties' own phones noted, for the verdict. Times are the machine's monotonic clock."""

    stack: str
    invite_to_ok_ms: float
    key_sent_at: float
    audio_began_at: float
    dialog_s: float
    by_caller: Path
    by_agent: Path
    agent: str


@contextmanager
def step(name: str, say: Callable[[str], None]) -> Iterator[None]:
    """Says what is about to happen, and what did not."""
    say(name)
    try:
        yield
    except (SoftphoneError, TimeoutError, OSError) as error:
        why = (
            str(error) or "it did not happen in time; the demonstration needs the flow welcome at number 100"
        )
        raise StepFailedError(f"step failed: {name}: {why}") from error


class Performance:
    """One whole call. `run` returns what was heard, or raises StepFailedError."""

    def __init__(
        self,
        server: Trunkline,
        passwords: dict[str, SecretStr],
        turns: tuple[Turn, ...],
        feed: Feed,
        folder: Path,
        say: Callable[[str], None],
    ) -> None:
        self._server = server
        self._passwords = passwords
        self._turns = turns
        self._feed = feed
        self._folder = folder
        self._say = say
        self._agents: dict[str, Softphone] = {}

    @property
    def _address(self) -> str:
        host, port = self._server.sip
        return f"{host}:{port}"

    async def run(self) -> Heard:
        async with AsyncExitStack() as stack:
            with step("two agents register as SIP softphones", self._say):
                await asyncio.gather(*(self._sign_in(name, stack) for name in list(self._passwords)[:2]))
            with step("a caller dials in", self._say):
                caller = await self._start_phone("caller", "", stack)
                caller.send(commands.Record(self._folder / "heard-by-caller.wav"))
                caller.send(commands.Call(f"sip:{NUMBER}@{self._address}"))
                calling = await caller.wait_for(events.Calling, PATIENCE_S)
                answered = await caller.wait_for(events.PhoneAnswered, PATIENCE_S)
                audio = await caller.wait_for(events.MediaActive, PATIENCE_S)
            with step(f"the caller hears the welcome and presses {KEY}", self._say):
                await self._feed.wait_for(FlowStarted, PATIENCE_S)
                await asyncio.sleep(LISTENS_S)
                caller.send(commands.SendDigits(KEY))
                key = await caller.wait_for(events.KeysSent, PATIENCE_S)
            with step("the caller waits, with music and a spoken position", self._say):
                await self._feed.wait_for(QueueJoined, PATIENCE_S)
                await self._feed.wait_for(QueuePositionTold, PATIENCE_S)
            with step("an agent is rung and answers", self._say):
                agent = await self._rung()
                agent.send(commands.Record(self._folder / "heard-by-agent.wav"))
                await self._announcement_heard()
                agent.send(commands.Answer())
                await agent.wait_for(events.PhoneAnswered, PATIENCE_S)
                await self._feed.wait_for(ConversationStarted, PATIENCE_S)
            await self._talk(caller, agent)
            with step("they hang up", self._say):
                await asyncio.sleep(PAUSE_S)
                caller.send(commands.HangUp())
                disconnected = await caller.wait_for(events.Disconnected, PATIENCE_S)
                await agent.wait_for(events.Disconnected, PATIENCE_S)
                await caller.wait_for(events.Recorded, PATIENCE_S)
                await agent.wait_for(events.Recorded, PATIENCE_S)
            with step("the recording is kept and transcribed, and the contact closed", self._say):
                await self._feed.wait_for(ContactClosed, PATIENCE_S)
                await self._feed.wait_for(TranscriptReady, 3 * PATIENCE_S)
            with step("the agent wraps up", self._say):
                await self._feed.wait_for(WrapUpFinished, PATIENCE_S)
            return Heard(
                stack=caller.ready.stack,
                invite_to_ok_ms=(answered.at_s - calling.at_s) * 1000,
                key_sent_at=key.at_s,
                audio_began_at=audio.at_s,
                dialog_s=disconnected.event.duration_s,
                by_caller=self._folder / "heard-by-caller.wav",
                by_agent=self._folder / "heard-by-agent.wav",
                agent=agent.name,
            )

    async def _start_phone(self, name: str, password: str, stack: AsyncExitStack) -> Softphone:
        settings = PhoneSettings(
            identity=f"sip:{name}@{self._server.sip[0]}",
            registrar=f"sip:{self._address}",
            user=name,
            password=password,
        )
        return await stack.enter_async_context(await Softphone.start(settings, name))

    async def _sign_in(self, name: str, stack: AsyncExitStack) -> None:
        phone = await self._start_phone(name, self._passwords[name].get_secret_value(), stack)
        phone.send(commands.Register())
        await phone.wait_for(events.Registered, PATIENCE_S)
        self._agents[name] = phone

    async def _rung(self) -> Softphone:
        """Whichever agent dispatch chose."""
        rung = {asyncio.create_task(self._incoming(phone)) for phone in self._agents.values()}
        done, pending = await asyncio.wait(rung, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        return done.pop().result()

    async def _incoming(self, phone: Softphone) -> Softphone:
        await phone.wait_for(events.Incoming, PATIENCE_S)
        return phone

    async def _announcement_heard(self) -> None:
        """Long enough that the caller hears the whole position, and some music."""
        position = await self._server.prompts.position(1, self._voice())
        await asyncio.sleep(position.duration_s + RINGS_S)

    def _voice(self) -> str | None:
        flow = self._server.intake.repertoire.flow_for(NUMBER)
        return None if flow is None else flow.voice

    async def _talk(self, caller: Softphone, agent: Softphone) -> None:
        with step("caller and agent talk", self._say):
            for number, turn in enumerate(self._turns):
                if number == HOLD_BEFORE_TURN:
                    await self._hold(agent)
                speaker = caller if turn.role is Actor.CALLER else agent
                await asyncio.sleep(PAUSE_S)
                await speaker.say(turn.file, PATIENCE_S)

    async def _hold(self, agent: Softphone) -> None:
        with step("the agent puts the caller on hold, and resumes", self._say):
            agent.send(commands.Hold())
            await agent.wait_for(events.PhoneHeld, PATIENCE_S)
            await self._feed.wait_for(HoldStarted, PATIENCE_S)
            await asyncio.sleep(HOLDS_S)
            agent.send(commands.Resume())
            await agent.wait_for(events.PhoneResumed, PATIENCE_S)
            await self._feed.wait_for(HoldEnded, PATIENCE_S)
