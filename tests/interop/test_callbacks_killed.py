"""Customers are called back exactly once, although the server is killed again and again.

Customers and agents are telephones of our own stack in this process; the server is a real one. `make test`
does ten callbacks and three kills; `make test-callbacks` as many as it is told.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from contacts.facts.callback import CallbackAnswered
from server.client.client import ApiClient
from server.journal.reading import entries_after
from server.store.store import open_existing
from telephony.call import Call
from telephony.call_events import CallEnded
from telephony.endpoint import SipEndpoint
from telephony.session.login import Login
from telephony.settings import SipSettings, TrunkSettings
from telephony.sip.hop import Hop, Transport
from telephony.sip.uri import Uri
from telephony.transport.sip_transport import BoundAddress
from telephony.trunks.registration import (
    Account,
    Registration,
    RegistrationRefused,
    RequestUnanswered,
)
from tests.fakes.media import FakeEngine
from tests.interop.trunkline import Trunkline

AGENTS = ("alice", "bob", *(f"agent{n}" for n in range(6)))
TALKS_S = 0.2
LONGEST_S = 3.0
BUSY_SHARE = 0.1
GIVES_UP_S = 600.0
AN_ANSWER_IS_REPEATED_S = 25.0  # 32, less what it takes until the first packet

pytestmark = [pytest.mark.interop, pytest.mark.timeout(900)]


@dataclass
class Customers:
    """One telephone that stands for all of them: rings, is busy sometimes, and counts."""

    chance: random.Random
    answered: Counter[str] = field(default_factory=Counter)
    attempts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    live: dict[str, Call] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    waited_too_long: bool = False
    """A server that was killed between the answer and its ACK came back later than a phone waits for that."""

    def take(self, call: Call) -> None:
        number = call.facts.called or ""
        self.attempts[number] += 1
        before = self.live.get(number)
        # With the same Call-ID it is the attempt that was killed, which a phone that gave it up takes anew.
        if before is not None and before.sip_call_id != call.sip_call_id:
            state = "off the hook" if before.answered_at else "ringing"
            self.wrong.append(f"{number} is dialled although their phone is {state}")
        if self.answered[number]:
            self.wrong.append(f"{number} is dialled although they were answered")
        self.live[number] = call
        task = asyncio.create_task(self._answer(number, call))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _answer(self, number: str, call: Call) -> None:
        try:
            await call.ring()
            await asyncio.sleep(self.chance.uniform(0.02, 0.4))
            if self.chance.random() < BUSY_SHARE:
                await call.reject(486)
                await call.ended
                return
            await call.answer()
            self.answered[number] += 1
            await asyncio.sleep(2 * TALKS_S)
            await call.hang_up()
        except CallEnded:
            pass
        finally:
            if self.live.get(number) is call:
                del self.live[number]


@dataclass
class AgentPhones:
    """Answers every call, and hangs up after a while."""

    tasks: set[asyncio.Task[None]]

    def take(self, call: Call) -> None:
        task = asyncio.create_task(self._talk(call))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _talk(self, call: Call) -> None:
        try:
            await call.answer()
            await asyncio.sleep(TALKS_S)
            await call.hang_up()
        except CallEnded:
            pass


@asynccontextmanager
async def phone(take: Any) -> AsyncIterator[tuple[SipEndpoint, BoundAddress]]:
    trunks = (TrunkSettings(name="here", networks=(IPv4Network("127.0.0.0/8"),)),)
    endpoint = SipEndpoint(SipSettings(port=0, trunks=trunks, probe_after_s=90), FakeEngine(), take)
    bound = await endpoint.start()
    try:
        yield endpoint, bound
    finally:
        await endpoint.stop(0.2)


def settings(gateway: int) -> str:
    agents = "\n".join(f'[[agents]]\nname = "{name}"\nskills = {{ support = 3 }}' for name in AGENTS[2:])
    return f"""
[flows]
number_gateway = "127.0.0.1:{gateway}"
[callbacks]
opens = 00:00:00
closes = 23:59:59
retry_after_s = [10, 10, 10, 10, 10, 10, 10, 10, 10, 10]
ring_for_s = 20
{agents}
"""


@contextmanager
def always_at(port: int) -> Iterator[None]:
    """A server that is started again listens where the one before did."""
    os.environ["TRUNKLINE_SIP__PORT"] = str(port)
    try:
        yield
    finally:
        del os.environ["TRUNKLINE_SIP__PORT"]


async def sign_in(server: Trunkline, endpoint: SipEndpoint) -> None:
    """A server that is killed meanwhile registers nobody."""
    registrar = Hop(Transport.UDP, server.host, server.port)
    for name in AGENTS:
        address = Uri("sip", name, host=server.host, port=server.port)
        account = Account(address, Login(name, server.password(name)), registrar)
        try:
            await Registration(endpoint, account).register()
        except (RegistrationRefused, RequestUnanswered):
            return


async def order(server: Trunkline, numbers: list[str]) -> None:
    client = ApiClient(server.folder / "var")
    for number in numbers:
        wanted = {"number": number, "queue": "support"}
        await asyncio.to_thread(client.post, "/callbacks", wanted)


async def none_left(server: Trunkline, customers: Customers) -> None:
    client = ApiClient(server.folder / "var")
    async with asyncio.timeout(GIVES_UP_S):
        while await asyncio.to_thread(client.get, "/callbacks") or customers.live:
            await asyncio.sleep(0.2)


async def kill_while_calling(folder: Path, callbacks: int, kills: int, seed: int) -> Customers:
    """Returns when every customer was answered, or given up."""
    chance = random.Random(seed)
    customers, tasks = Customers(chance), set[asyncio.Task[None]]()
    numbers = [f"+493012{n:06}" for n in range(340_000, 340_000 + callbacks)]
    async with AsyncExitStack() as stack:
        _, at = await stack.enter_async_context(phone(customers.take))
        endpoint, _ = await stack.enter_async_context(phone(AgentPhones(tasks).take))
        server = await Trunkline.start(folder, settings(at.port))
        with always_at(server.port):
            await order(server, numbers)
            for _ in range(kills):
                signing_in = asyncio.create_task(sign_in(server, endpoint))
                await asyncio.sleep(chance.uniform(0.2, LONGEST_S))
                await server.kill()
                signing_in.cancel()
                await asyncio.gather(signing_in, return_exceptions=True)
                began = asyncio.get_running_loop().time()
                server = await Trunkline.start(folder, settings(at.port))
                took_s = asyncio.get_running_loop().time() - began
                customers.waited_too_long |= took_s > AN_ANSWER_IS_REPEATED_S
            async with server:
                await sign_in(server, endpoint)
                await none_left(server, customers)
        await asyncio.gather(*customers.tasks, *tasks, return_exceptions=True)
    return customers


def check(folder: Path, customers: Customers, callbacks: int) -> None:
    """Raises AssertionError for the first broken promise."""
    assert customers.wrong == [], customers.wrong
    assert set(customers.answered.values()) <= {1}, "answered more than once"
    lost = callbacks - sum(customers.answered.values())
    assert lost == 0 or customers.waited_too_long, f"{lost} customers were never answered"
    engine = open_existing(folder / "var" / "trunkline.db")
    told = Counter(e.fact.contact_id for e in entries_after(engine, 0, 10_000_000) if _answered(e.fact))
    engine.dispose()
    assert set(told.values()) == {1}
    assert len(told) == callbacks


def _answered(fact: object) -> bool:
    return isinstance(fact, CallbackAnswered)


async def test_s24_customers_are_answered_exactly_once_although_the_server_is_killed(tmp_path: Path) -> None:
    customers = await kill_while_calling(tmp_path, 10, 3, seed=24)
    check(tmp_path, customers, 10)


def main(callbacks: str = "500", kills: str = "50") -> None:
    with tempfile.TemporaryDirectory(prefix="trunkline-callbacks-") as folder:
        seed = random.randrange(1 << 30)
        customers = asyncio.run(kill_while_calling(Path(folder), int(callbacks), int(kills), seed))
        check(Path(folder), customers, int(callbacks))
    print(
        f"{kills} kills: {callbacks} customers answered exactly once, in "
        f"{customers.attempts.total()} attempts, nobody dialled twice at a time"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
