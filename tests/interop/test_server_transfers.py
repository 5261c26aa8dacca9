"""Agents who transfer from real phones, blind and attended: one contact and one recording through it all."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from server.softphone.commands import Answer, Call, HangUp, Record, Register, SendDigits
from server.softphone.events import Disconnected, Incoming, MediaActive, Recorded, Registered
from tests.interop.conftest import PhoneMaker
from tests.interop.sound import chirp, heard_share, read_wav, write_wav
from tests.interop.test_server_phones import MOST_OF_IT, agent, caller
from tests.interop.trunkline import Trunkline
from tests.patience import PATIENCE_S


class TwoLinePhone:
    """A process of `tests.interop.two_line_phone`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.told: list[str] = []

    def order(self, *words: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write((" ".join(words) + "\n").encode())

    async def until(self, beginning: str) -> str:
        """The next report that begins so; those before it are passed over, but kept."""
        assert self._process.stdout is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while line := (await self._process.stdout.readline()).decode().strip():
                    self.told.append(line)
                    if line.startswith(beginning):
                        return line
        raise AssertionError(f"nothing began with {beginning}; the phone told: {self.told}")


@asynccontextmanager
async def two_lines(server: Trunkline, name: str) -> AsyncIterator[TwoLinePhone]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.interop.two_line_phone",
        f"sip:{name}@{server.address}",
        f"sip:{server.address}",
        name,
        server.password(name),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        phone = TwoLinePhone(process)
        assert await phone.until("registered") == "registered 200"
        yield phone
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await process.wait()
        except TimeoutError:
            process.kill()


async def test_u2_a_blind_transfer_from_a_real_phone_joins_customer_and_colleague(
    server: Trunkline, tmp_path: Path, softphone: PhoneMaker
) -> None:
    await transferred(server, tmp_path, softphone, attended=False)


async def test_u2_u16_an_attended_transfer_from_a_real_phone_joins_customer_and_colleague(
    server: Trunkline, tmp_path: Path, softphone: PhoneMaker
) -> None:
    await transferred(server, tmp_path, softphone, attended=True)


async def transferred(server: Trunkline, folder: Path, softphone: PhoneMaker, *, attended: bool) -> None:
    said = chirp(2.0, 300, 3000)
    carol = await softphone(caller(server))
    async with two_lines(server, "alice") as alice:
        carol.send(Record(folder / "carol_hears.wav"))
        carol.send(Call(f"sip:100@{server.address}"))
        await carol.wait_for(MediaActive, PATIENCE_S)
        await asyncio.sleep(1)  # a caller who knows the menu
        carol.send(SendDigits("1"))
        await alice.until("incoming")
        alice.order("answer")
        await alice.until("confirmed 1")
        # Only now, so that the call was alice's.
        bob = await softphone(agent(server, "bob"))
        bob.send(Register())
        await bob.wait_for(Registered, PATIENCE_S)
        contact = next(each["contact"] for each in await server.contacts() if each["outcome"] is None)
        if attended:
            alice.order("hold")
            alice.order("call", f"sip:bob@{server.address}")
            await alice.until("ringing 2")
        else:
            alice.order("transfer", f"sip:bob@{server.address}")
        await bob.wait_for(Incoming, PATIENCE_S)
        bob.send(Answer())
        await bob.wait_for(MediaActive, PATIENCE_S)
        if attended:
            await alice.until("confirmed 2")
            alice.order("join")
        await alice.until("transfer 200")
        await server.event(contact, "transfer.started")
        await bob.say(write_wav(folder / "said.wav", said), PATIENCE_S)
        await asyncio.sleep(0.5)  # the end of the sound is still on its way
        bob.send(HangUp())
        await bob.wait_for(Disconnected, PATIENCE_S)
        finished = await server.event(contact, "transfer.ended")
        carol.send(HangUp())
        await carol.wait_for(Recorded, PATIENCE_S)
    assert finished["fields"]["result"] == "answered"
    assert heard_share(said, read_wav(folder / "carol_hears.wav")[:, 0]) > MOST_OF_IT
    closed = {each["contact"]: each for each in await server.closed_contacts(PATIENCE_S)}
    assert closed[contact]["outcome"] == "served"
    assert closed[contact]["agents"] == ["alice", "bob"]
    kinds = [event["kind"] for event in await server.events(contact)]
    assert kinds.count("recording.started") == kinds.count("recording.finished") == 1
    assert not server.errors()
