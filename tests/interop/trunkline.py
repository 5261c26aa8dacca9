"""A whole server as a process, on free ports and in a folder of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import tomllib
import urllib.request
from pathlib import Path
from typing import Any, Self

from server.client.client import ApiClient, Query
from tests.patience import PATIENCE_S

READY = re.compile(r"ready: SIP on (\S+):(\d+) UDP and TCP.* administration on (\S+)")
START_TIMEOUT_S = 280  # the first start on a machine compiles the media engine
STOP_TIMEOUT_S = 60

CONFIGURATION = """\
[server]
data_directory = "{folder}/var"
log_format = "json"
drain_s = 0.5
[http]
port = 0
[sip]
port = 0
try_next_ports = 0
[media]
[recordings]
directory = "{folder}/var/recordings"
[speech]
cache_dir = "{folder}/var/speech"
{extra}
[numbers]
{numbers}
"100" = "welcome"
"900" = "endless"
"*" = "welcome"
[[queues]]
name = "support"
wrap_up_s = 0.5
ring_timeout_s = 5
announce_every_s = 5
[[queues]]
name = "operator"
[[agents]]
name = "alice"
skills = {{ support = 5, operator = 3 }}
[[agents]]
name = "bob"
skills = {{ support = 3 }}
"""


class ServerError(Exception):
    """The server did not start, or said something it should not have."""


class Trunkline:
    """A running `trunkline serve`."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        self.folder = folder
        self.config = folder / "trunkline.toml"
        self.process = process
        self.lines: list[str] = []
        self.host, self.port, self.web = "", 0, ""

    @classmethod
    async def start(cls, folder: Path, extra: str = "", numbers: str = "") -> Self:
        """A second start in the same folder finds what the first one kept."""
        folder.mkdir(parents=True, exist_ok=True)
        settings = CONFIGURATION.format(folder=folder, extra=extra, numbers=numbers)
        (folder / "trunkline.toml").write_text(settings)
        process = await asyncio.create_subprocess_exec(
            *command("serve", "--config", str(folder / "trunkline.toml")),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "COLUMNS": "400"},
        )
        server = cls(folder, process)
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await server._until_ready()
        except BaseException:
            await server.close()
            raise
        server._reader = asyncio.create_task(server._read())
        return server

    _reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def password(self, agent: str) -> str:
        return str(tomllib.loads((self.folder / "var" / "passwords.toml").read_text())[agent])

    def errors(self) -> list[str]:
        """Log lines of level error: a healthy server writes none, whatever is sent to it."""
        return [line for line in self.lines if '"level": "error"' in line or "Traceback" in line]

    async def ask(self, *arguments: str) -> Any:
        """What a command with --json prints, on this server's settings."""
        process = await asyncio.create_subprocess_exec(
            *command(*arguments, "--config", str(self.config), "--json"), stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        return json.loads(output)

    async def get(self, path: str) -> Any:
        """What the administration port answers."""
        return json.loads(await asyncio.to_thread(_fetch, f"{self.web}{path}"))

    async def contacts(self) -> list[dict[str, Any]]:
        """All of them, over the local socket."""
        found: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            page = await self._local("/contacts", {"limit": 500, "after": after})
            found += page["contacts"]
            after = page["next"]
            if after is None:
                return found

    async def _local(self, path: str, query: Query | None = None) -> Any:
        return await asyncio.to_thread(ApiClient(self.folder / "var").get, path, query)

    async def closed_contacts(self, timeout_s: float = PATIENCE_S) -> list[dict[str, Any]]:
        """All contacts, once the last is closed, which takes until its recording is safe."""
        async with asyncio.timeout(timeout_s):
            contacts = await self.contacts()
            while any(contact["outcome"] is None for contact in contacts):
                await asyncio.sleep(0.2)
                contacts = await self.contacts()
        return contacts

    async def events(self, contact_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self._local(f"/contacts/{contact_id}")
        return found

    async def event(self, contact_id: str, kind: str, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """The first fact of that kind, once it is there."""
        async with asyncio.timeout(timeout_s):
            while True:
                found = [event for event in await self.events(contact_id) if event["kind"] == kind]
                if found:
                    return found[0]
                await asyncio.sleep(0.1)

    async def kill(self) -> None:
        """As a power cut would: no handler runs."""
        self.process.kill()
        await self.close()

    async def close(self) -> None:
        """Asks it to stop; what does not is killed."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        if self._reader is not None:
            await self._reader

    async def _until_ready(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self.lines.append(line.decode(errors="replace"))
            if found := READY.search(self.lines[-1]):
                self.host, self.port, self.web = found[1], int(found[2]), found[3]
                return
        raise ServerError("".join(self.lines))

    async def _read(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self.lines.append(line.decode(errors="replace"))


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        content: bytes = answer.read()
        return content


def command(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "server.cli", *arguments)
