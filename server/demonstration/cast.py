"""Who takes part in a demonstration: phones that are processes of their own, and what they all can do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from pydantic import SecretStr

from contacts.facts.contact import HoldEnded, HoldStarted
from server.assembly import Trunkline
from server.demonstration.feed import Feed
from server.demonstration.script import Actor, Turn
from server.softphone import commands, events
from server.softphone.client import Softphone, SoftphoneError
from server.softphone.settings import PhoneSettings

NUMBER = "100"
PATIENCE_S = 20.0
RINGS_S = 1.0
HOLDS_S = 2.5
HOLD_BEFORE_TURN = 4
PAUSE_S = 0.35


class StepFailedError(Exception):
    """A step of the demonstration did not happen; the message names it."""


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


class Cast:
    """Starts phones and lets them play their parts; `say` is told each step."""

    def __init__(
        self,
        server: Trunkline,
        passwords: dict[str, SecretStr],
        turns: tuple[Turn, ...],
        feed: Feed,
        folder: Path,
        say: Callable[[str], None],
    ) -> None:
        self.server = server
        self.feed = feed
        self.folder = folder
        self.say = say
        self.passwords = passwords
        self._turns = turns
        self._agents: dict[str, Softphone] = {}

    @property
    def address(self) -> str:
        host, port = self.server.sip
        return f"{host}:{port}"

    async def start_phone(self, name: str, password: str, stack: AsyncExitStack) -> Softphone:
        settings = PhoneSettings(
            identity=f"sip:{name}@{self.server.sip[0]}",
            registrar=f"sip:{self.address}",
            user=name,
            password=password,
        )
        return await stack.enter_async_context(await Softphone.start(settings, name))

    async def sign_in(self, name: str, stack: AsyncExitStack) -> None:
        phone = await self.start_phone(name, self.passwords[name].get_secret_value(), stack)
        phone.send(commands.Register())
        await phone.wait_for(events.Registered, PATIENCE_S)
        self._agents[name] = phone

    async def rung(self) -> Softphone:
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

    async def announcement_heard(self) -> None:
        """Long enough that the caller hears the whole position, and some music."""
        position = await self.server.prompts.position(1, self.voice())
        await asyncio.sleep(position.duration_s + RINGS_S)

    def voice(self) -> str | None:
        flow = self.server.intake.repertoire.flow_for(NUMBER)
        return None if flow is None else flow.voice

    async def talk(self, caller: Softphone, agent: Softphone) -> None:
        with step("caller and agent talk", self.say):
            for number, turn in enumerate(self._turns):
                if number == HOLD_BEFORE_TURN:
                    await self._hold(agent)
                speaker = caller if turn.role is Actor.CALLER else agent
                await asyncio.sleep(PAUSE_S)
                await speaker.say(turn.file, PATIENCE_S)

    async def _hold(self, agent: Softphone) -> None:
        with step("the agent puts the caller on hold, and resumes", self.say):
            agent.send(commands.Hold())
            await agent.wait_for(events.PhoneHeld, PATIENCE_S)
            await self.feed.wait_for(HoldStarted, PATIENCE_S)
            await asyncio.sleep(HOLDS_S)
            agent.send(commands.Resume())
            await agent.wait_for(events.PhoneResumed, PATIENCE_S)
            await self.feed.wait_for(HoldEnded, PATIENCE_S)
