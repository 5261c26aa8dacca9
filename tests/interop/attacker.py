"""A hostile telephone: sends what it likes over UDP or TCP, and reads what comes back."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import socket
import urllib.error
from pathlib import Path
from typing import Self

from tests.interop.trunkline import Trunkline
from tests.patience import PATIENCE_S

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)
SDP = "Content-Type: application/sdp\r\n"
_numbers = itertools.count(1)


def header(message: bytes, name: str) -> str:
    found = re.search(rf"\r\n{name}:[ ]*(.*?)\r\n".encode(), message, re.IGNORECASE)
    return found[1].decode(errors="replace") if found else ""


def status(message: bytes) -> int:
    return int(message[8:11]) if message.startswith(b"SIP/2.0 ") else 0


def to_tag(message: bytes) -> str:
    return header(message, "To").partition("tag=")[2]


class Attacker:
    """One UDP socket at a running server; `message` writes any request, right or wrong."""

    def __init__(self, server: Trunkline, host: str = "127.0.0.1") -> None:
        self.server = server
        self.host = host
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((host, 0))
        self.port = self.socket.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def message(
        self,
        method: str,
        *,
        call_id: str = "",
        to_tag: str = "",
        cseq: str = "",
        branch: str = "",
        via: str = "",
        uri: str = "",
        user: str = "900",
        contact: str | None = None,
        extra: str = "",
        body: bytes | str = b"",
        length: str | None = None,
        transport: str = "UDP",
    ) -> bytes:
        number = next(_numbers)
        octets = body.encode() if isinstance(body, str) else body
        tag = f";tag={to_tag}" if to_tag else ""
        where = f"<sip:x@{self.host}:{self.port}>" if contact is None else contact
        text = (
            f"{method} {uri or f'sip:{user}@{self.server.address}'} SIP/2.0\r\n"
            + (via or f"Via: SIP/2.0/{transport} {self.host}:{self.port};rport;branch=")
            + (f"{branch or f'z9hG4bKh{number}'}\r\n" if not via else "\r\n")
            + f"From: <sip:x@127.0.0.1>;tag=f\r\nTo: <sip:{user}@127.0.0.1>{tag}\r\n"
            + f"Call-ID: {call_id or f'h{number}'}\r\nCSeq: {cseq or f'1 {method}'}\r\nMax-Forwards: 70\r\n"
            + (f"Contact: {where}\r\n" if where else "")
            + f"{extra}Content-Length: {len(octets) if length is None else length}\r\n\r\n"
        )
        return text.encode("utf-8", "surrogateescape") + octets

    def send(self, data: bytes) -> None:
        self.socket.sendto(data, (self.server.host, self.server.port))

    async def next(self, start: bytes, timeout_s: float = PATIENCE_S) -> bytes:
        """The next message that begins so; TimeoutError when none comes."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(timeout_s):
            while not (data := await loop.sock_recv(self.socket, 65535)).startswith(start):
                pass
        return data

    async def ask(self, request: bytes) -> bytes:
        """The final response to it."""
        self.send(request)
        marks = header(request, "Call-ID"), header(request, "CSeq")
        while True:
            answer = await self.next(b"SIP/2.0 ")
            if status(answer) >= 200 and (header(answer, "Call-ID"), header(answer, "CSeq")) == marks:
                return answer

    async def call(self, call_id: str, *, rtp_port: int = 9, user: str = "900") -> bytes:
        """A call up to its ACK; returns the 200."""
        offer = OFFER.format(port=rtp_port)
        answer = await self.ask(self.message("INVITE", call_id=call_id, user=user, extra=SDP, body=offer))
        assert status(answer) == 200, answer
        self.send(self.message("ACK", call_id=call_id, user=user, to_tag=to_tag(answer)))
        return answer

    async def hang_up(self, call_id: str, answer: bytes) -> None:
        """With a CSeq above everything that was sent."""
        bye = self.message("BYE", call_id=call_id, to_tag=to_tag(answer), cseq="9000 BYE")
        assert status(await self.ask(bye)) == 200


def ok_to(request: bytes, to_parameters: str = "", body: str = "", contact: str = "") -> bytes:
    """A 200; one that answers an INVITE has a tag, a description and a contact."""
    lines = "".join(f"{name}: {header(request, name)}\r\n" for name in ("Via", "From", "Call-ID", "CSeq"))
    lines += f"To: {header(request, 'To')}{to_parameters}\r\n"
    lines += f"Contact: {contact}\r\n{SDP}" if body else ""
    return f"SIP/2.0 200 OK\r\n{lines}Content-Length: {len(body)}\r\n\r\n{body}".encode()


async def unharmed(server: Trunkline, calls: int = 0, settle_s: float = PATIENCE_S) -> None:
    """It answers, has no call too many, and logged no error."""
    with Attacker(server) as probe:
        assert status(await probe.ask(probe.message("OPTIONS"))) == 200
    async with asyncio.timeout(settle_s):
        while await calls_up(server) > calls:
            await asyncio.sleep(0.1)
    assert not server.errors(), server.errors()[0]


async def calls_up(server: Trunkline) -> int:
    """Calls that are not over; whatever else /healthz has to say, of a slow disk for one, is not asked."""
    try:
        return int((await server.get("/healthz"))["calls"])
    except urllib.error.HTTPError as error:
        return int(json.loads(error.read())["calls"])


def descriptors(server: Trunkline) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def resident_mb(server: Trunkline) -> float:
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
