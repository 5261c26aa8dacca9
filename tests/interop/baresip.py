"""A baresip process: a third SIP stack, driven through its TCP control module."""

import asyncio
import contextlib
import json
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.interop.sipp import free_port

PROGRAM = shutil.which("baresip")
MODULE_FOLDERS = ("/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules")

# No sound card: what it says comes from a file, what it hears goes to a device that is nobody's and, through
# the sndfile filter, into a file.
CONFIGURATION = """\
poll_method epoll
sip_listen 127.0.0.1:{port}
net_interface 127.0.0.1
audio_player aubridge,nobody
audio_source aufile,{says}
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
call_local_timeout 60
call_max_calls 4
rtp_ports {rtp}-{rtp_end}
module_path {modules}
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
snd_path {folder}
"""


class BaresipError(Exception):
    """baresip did not do what was waited for; the text tells what it did instead."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whom it registers as; without a password it does not register."""

    uri: str = "sip:baresip@127.0.0.1"
    user: str = "baresip"
    password: str = ""

    def line(self) -> str:
        credentials = (
            f";auth_user={self.user};auth_pass={self.password};regint=60" if self.password else ";regint=0"
        )
        return f"<{self.uri}>{credentials};answermode=manual;audio_codecs=pcmu/8000/1,pcma/8000/1\n"


class Baresip:
    """One baresip; its events are its control module's: CALL_INCOMING, CALL_ESTABLISHED, REGISTER_OK."""

    def __init__(self, folder: Path, port: int, process: asyncio.subprocess.Process) -> None:
        self.folder = folder
        self.port = port
        self.events: list[dict[str, Any]] = []
        self._process = process
        self._changed = asyncio.Condition()
        self._consumed: dict[str, int] = {}
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    @classmethod
    async def start(cls, folder: Path, account: Account, says: Path) -> Self:
        """`says`: a WAV file, 8 kHz mono; at its end baresip hangs up, so it ought to be long."""
        assert PROGRAM is not None
        folder.mkdir(parents=True, exist_ok=True)
        port, control, rtp = free_port(), free_port(socket.SOCK_STREAM), free_port() // 2 * 2
        modules = next((each for each in MODULE_FOLDERS if Path(each).is_dir()), MODULE_FOLDERS[0])
        text = CONFIGURATION.format(
            port=port, says=says, rtp=rtp, rtp_end=rtp + 50, modules=modules, control=control, folder=folder
        )
        (folder / "config").write_text(text)
        (folder / "accounts").write_text(account.line())
        (folder / "contacts").write_text("")
        with (folder / "output.txt").open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(PROGRAM, "-4", "-f", str(folder)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
            )
        baresip = cls(folder, port, process)
        try:
            await baresip._connect(control)
        except BaseException:
            await baresip.close()
            raise
        return baresip

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def command(self, name: str, argument: str = "") -> None:
        """`dial URI`, `accept`, `hangup`, `hold`, `resume`, `sndcode DIGIT`, `quit`."""
        assert self._writer is not None
        text = json.dumps({"command": name, "params": argument}).encode()
        self._writer.write(b"%d:%s," % (len(text), text))

    async def wait_for(self, kind: str, timeout_s: float) -> dict[str, Any]:
        """The next event of this kind that has not been waited for yet."""
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                while (found := self._next(kind)) is None:
                    await self._changed.wait()
                return found
        except TimeoutError:
            seen = [event.get("type") for event in self.events]
            raise BaresipError(f"no {kind} within {timeout_s:g} s but {seen}; {self._output()}") from None

    async def wait_registered(self, timeout_s: float) -> None:
        """It registers as it starts, perhaps before its events can be followed: then its output tells."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while "REGISTER_OK" not in str(self.events) and "200 OK () [1 binding]" not in self._output():
            if asyncio.get_running_loop().time() > deadline:
                raise BaresipError(f"not registered within {timeout_s:g} s: {self._output()}")
            await asyncio.sleep(0.1)

    def heard(self) -> Path:
        """The file with what it has heard in its last call; complete once the call is over."""
        return max(self.folder.glob("dump-*-dec.wav"), key=lambda path: path.stat().st_mtime_ns)

    async def close(self) -> None:
        if self._writer is not None:
            with contextlib.suppress(ConnectionError):
                self.command("quit")
        try:
            await asyncio.wait_for(self._process.wait(), 3 if self._writer else 0.1)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        if self._writer is not None:
            self._writer.close()
        if self._reader is not None:
            await self._reader

    def _next(self, kind: str) -> dict[str, Any] | None:
        matching = [event for event in self.events if event.get("type") == kind]
        position = self._consumed.get(kind, 0)
        if position >= len(matching):
            return None
        self._consumed[kind] = position + 1
        return matching[position]

    async def _connect(self, control: int) -> None:
        for _ in range(100):
            if self._process.returncode is not None:
                break
            with contextlib.suppress(OSError):
                reader, self._writer = await asyncio.open_connection("127.0.0.1", control)
                self._reader = asyncio.create_task(self._read_events(reader), name="baresip events")
                return
            await asyncio.sleep(0.05)
        raise BaresipError(f"did not start: {self._output()}")

    async def _read_events(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = int((await reader.readuntil(b":"))[:-1])
                event = json.loads((await reader.readexactly(length + 1))[:-1])
                async with self._changed:
                    self.events.append(event)
                    self._changed.notify_all()

    def _output(self) -> str:
        return (self.folder / "output.txt").read_text(errors="replace")[-1500:]
