"""Drives a softphone process: the demonstration's and the tests' hands on a phone."""

import asyncio
import contextlib
import os
import sys
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, cast

from server.softphone.commands import Command, Play, Quit
from server.softphone.events import Event, PhoneReady, PhoneReport, PlaybackDone, PlaybackStarted
from server.softphone.protocol import ProtocolError, decode_report, encode_command
from server.softphone.settings import PASSWORD_VARIABLE, PhoneSettings

# Our own stack compiles its media engine at the first start on a machine.
START_TIMEOUT_S = 120
QUIT_TIMEOUT_S = 6

SomeEvent = TypeVar("SomeEvent", bound=Event)


class SoftphoneError(Exception):
    """The phone did not do what was waited for; the text tells what it did instead."""


class Softphone:
    """One phone in a process of its own. `events` keeps everything it reported, in order."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.events: list[PhoneReport[Event]] = []
        self._process = process
        self._changed = asyncio.Condition()
        self._ended = False
        self._consumed: dict[type, int] = {}
        self._complaints: deque[str] = deque(maxlen=20)
        self._readers = (
            asyncio.create_task(self._read_reports(), name=f"softphone {name} reports"),
            asyncio.create_task(self._read_complaints(), name=f"softphone {name} complaints"),
        )

    @classmethod
    async def start(cls, settings: PhoneSettings, name: str = "", *options: str) -> Self:
        """Start the process and wait until the phone listens."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "server.softphone",
            *settings.arguments(),
            *options,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, PASSWORD_VARIABLE: settings.password},
        )
        phone = cls(name or settings.identity, process)
        try:
            await phone.wait_for(PhoneReady, START_TIMEOUT_S)
        except BaseException:
            await phone.close()
            raise
        return phone

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def ready(self) -> PhoneReady:
        return cast(PhoneReport[PhoneReady], self.events[0]).event

    @property
    def address(self) -> str:
        """Where it listens: `127.0.0.1:5080`."""
        return f"{self.ready.address}:{self.ready.port}"

    def send(self, command: Command) -> None:
        """Give an order; what comes of it is seen in the events."""
        assert self._process.stdin is not None  # noqa: S101 (started with a pipe)
        if self._ended:
            raise SoftphoneError(f"{self.name} has ended: {self._account()}")
        self._process.stdin.write(encode_command(command))

    async def wait_for(self, kind: type[SomeEvent], timeout_s: float) -> PhoneReport[SomeEvent]:
        """The next event of this kind that has not been waited for yet; it may have happened already."""
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                while (found := self._next(kind)) is None:
                    if self._ended:
                        raise SoftphoneError(f"{self.name} ended before {kind.__name__}: {self._account()}")
                    await self._changed.wait()
                return found
        except TimeoutError:
            raise SoftphoneError(
                f"{self.name}: no {kind.__name__} within {timeout_s:g} s: {self._account()}"
            ) from None

    async def say(self, path: Path, timeout_s: float) -> float:
        """Play a file into the call to its end; returns the moment (monotonic) at which it began."""
        self.send(Play(path))
        started = await self.wait_for(PlaybackStarted, timeout_s)
        await self.wait_for(PlaybackDone, timeout_s)
        return started.at_s

    def seen(self, kind: type[SomeEvent]) -> list[PhoneReport[SomeEvent]]:
        """All events of this kind so far."""
        return [
            cast(PhoneReport[SomeEvent], report) for report in self.events if isinstance(report.event, kind)
        ]

    async def close(self) -> None:
        """Let the phone end its call and its registration, then end the process, by force if it must be."""
        if not self._ended:
            with contextlib.suppress(SoftphoneError, ConnectionError):
                self.send(Quit())
        try:
            await asyncio.wait_for(self._process.wait(), QUIT_TIMEOUT_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await asyncio.gather(*self._readers)

    async def kill(self) -> None:
        """As a power cut would: nobody is told anything."""
        self._process.kill()
        await self._process.wait()

    def _next(self, kind: type[SomeEvent]) -> PhoneReport[SomeEvent] | None:
        matching = self.seen(kind)
        position = self._consumed.get(kind, 0)
        if position >= len(matching):
            return None
        self._consumed[kind] = position + 1
        return matching[position]

    async def _read_reports(self) -> None:
        assert self._process.stdout is not None  # noqa: S101
        async for line in self._process.stdout:
            try:
                report = decode_report(line)
            except ProtocolError as error:
                self._complaints.append(f"not a report: {error}")
                continue
            async with self._changed:
                self.events.append(report)
                self._changed.notify_all()
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    async def _read_complaints(self) -> None:
        assert self._process.stderr is not None  # noqa: S101
        async for line in self._process.stderr:
            self._complaints.append(line.decode(errors="replace").rstrip())

    def _account(self) -> str:
        """What it did instead, for whoever reads the failure."""
        events = ", ".join(f"{report.event}" for report in self.events) or "nothing"
        complaints = " | ".join(self._complaints)
        return f"it reported {events}" + (f"; it wrote {complaints}" if complaints else "")
