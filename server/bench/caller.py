"""Callers who hang up at once, many a second: `python -m server.bench.caller HOST:PORT RATE SECONDS`.

A process of its own, so that what the callers cost is not counted as the server's. One socket, one thread, no
SIP stack: an INVITE from a template, an ACK and a BYE on the answer. It prints one JSON object at the end.
"""

from __future__ import annotations

import json
import re
import secrets
import select
import socket
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

PATIENCE_S = 10.0
REPEAT_AFTER_S = 0.5
_STATUS = re.compile(rb"SIP/2\.0 (\d{3})")
_CALL = re.compile(rb"\r\n(?:Call-ID|i)\s*:\s*(\d+)-[0-9a-f]+-bench", re.IGNORECASE)
_METHOD = re.compile(rb"\r\nCSeq\s*:\s*\d+ (\w+)", re.IGNORECASE)
_TO = re.compile(rb"\r\n(?:To|t)\s*:\s*([^\r]+)", re.IGNORECASE)

_SDP = (
    "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
    "m=audio {media} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
)
_MESSAGE = (
    "{method} sip:100@{target} SIP/2.0\r\n"
    "Via: SIP/2.0/UDP {me};branch=z9hG4bK{number}-{run}-{method}{round}\r\n"
    "From: <sip:bench@{me}>;tag=t{number}\r\nTo: {to}\r\nCall-ID: {number}-{run}-bench\r\n"
    "CSeq: {cseq} {method}\r\nContact: <sip:bench@{me}>\r\nMax-Forwards: 70\r\n"
)


@dataclass(slots=True)
class _Attempt:
    began_s: float
    sent_s: float
    rounds: int = 0
    answered: bool = False


@dataclass(slots=True)
class CallTally:
    """What became of the calls. A call is lost when nothing final came for ten seconds."""

    placed: int = 0
    whole: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    repeated: int = 0
    answer_ms: list[float] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    """The Call-IDs of those that were answered."""


class Callers:
    """`run` blocks until every call has ended; each is hung up `hold_s` after its answer."""

    def __init__(self, target: str, *, hold_s: float = 0.0) -> None:
        self._hold_s = hold_s
        self._holding: deque[tuple[float, int, str]] = deque()
        host, _, port = target.rpartition(":")
        self._target = target
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.connect((host, int(port)))
        self._host, own_port = self._socket.getsockname()
        self._me = f"{self._host}:{own_port}"
        # Sound goes to a port that is ours and that nobody reads.
        self._media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._media.bind((self._host, 0))
        self._run = secrets.token_hex(4)
        self._open: dict[int, _Attempt] = {}
        self._tally = CallTally()

    def run(self, rate: float, seconds: float) -> CallTally:
        began_s = monotonic()
        total = round(rate * seconds)
        while self._tally.placed < total or self._open:
            due = min(total, int((monotonic() - began_s) * rate) + 1)
            while self._tally.placed < due:
                self._place()
            self._hang_up_those_due()
            self._repeat_or_give_up()
            wait_s = began_s + self._tally.placed / rate - monotonic() if self._tally.placed < total else 0.1
            if select.select([self._socket], [], [], min(0.1, max(0.0, wait_s)))[0]:
                self._receive()
        return self._tally

    def _place(self) -> None:
        number, now_s = self._tally.placed, monotonic()
        self._tally.placed += 1
        self._open[number] = _Attempt(now_s, now_s)
        self._send("INVITE", number, 1, self._uri)

    @property
    def _uri(self) -> str:
        return f"<sip:100@{self._target}>"

    def _send(self, method: str, number: int, cseq: int, to: str, rounds: int = 0) -> None:
        head = _MESSAGE.format(
            method=method,
            target=self._target,
            me=self._me,
            number=number,
            run=self._run,
            to=to,
            cseq=cseq,
            round=rounds if method == "ACK" else "",
        )
        body = _SDP.format(host=self._host, media=self._media.getsockname()[1]) if method == "INVITE" else ""
        kind = "Content-Type: application/sdp\r\n" if body else ""
        with suppress(ConnectionRefusedError):  # a server that is gone: the call will be lost
            self._socket.send(f"{head}{kind}Content-Length: {len(body)}\r\n\r\n{body}".encode())

    def _receive(self) -> None:
        """All that has come."""
        while True:
            try:
                message = self._socket.recv(65535, socket.MSG_DONTWAIT)
            except (BlockingIOError, ConnectionRefusedError):
                return
            status, call, method = _STATUS.match(message), _CALL.search(message), _METHOD.search(message)
            if call is None or method is None:
                continue
            number = int(call[1])
            if status is None:
                self._answer_request(message)
            elif number in self._open and int(status[1]) >= 200:
                self._final(number, int(status[1]), method[1], message)

    def _answer_request(self, request: bytes) -> None:
        """The server hangs up first where it must; it is told so."""
        head = [
            line
            for line in request.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
            if line.split(b":")[0].strip().lower() in (b"via", b"from", b"to", b"call-id", b"cseq")
        ]
        lines = [b"SIP/2.0 200 OK", *head, b"Content-Length: 0", b"", b""]
        self._socket.send(b"\r\n".join(lines))

    def _final(self, number: int, status: int, method: bytes, message: bytes) -> None:
        attempt = self._open[number]
        found = _TO.search(message)
        to = found[1].decode() if found else self._uri
        if method == b"BYE":
            self._tally.whole += 1
            del self._open[number]
        elif status >= 300:
            self._send("ACK", number, 1, to)
            self._tally.refused[str(status)] = self._tally.refused.get(str(status), 0) + 1
            del self._open[number]
        else:
            attempt.rounds += 1
            self._tally.repeated += attempt.rounds > 1
            self._send("ACK", number, 1, to, attempt.rounds)
            if not attempt.answered:
                attempt.answered = True
                attempt.sent_s = monotonic()
                self._tally.answer_ms.append((attempt.sent_s - attempt.began_s) * 1000)
                self._tally.answered.append(f"{number}-{self._run}-bench")
                self._holding.append((attempt.sent_s + self._hold_s, number, to))
                self._hang_up_those_due()

    def _hang_up_those_due(self) -> None:
        while self._holding and self._holding[0][0] <= monotonic():
            _, number, to = self._holding.popleft()
            self._send("BYE", number, 2, to)

    def _repeat_or_give_up(self) -> None:
        """In the order of their beginning: what has not been answered is asked again."""
        now_s = monotonic()
        for number, attempt in tuple(self._open.items()):
            if now_s - attempt.began_s < REPEAT_AFTER_S:
                return
            if now_s - attempt.began_s > PATIENCE_S:
                self._tally.lost += 1
                del self._open[number]
            elif not attempt.answered and now_s - attempt.sent_s > REPEAT_AFTER_S:
                attempt.sent_s = now_s
                self._tally.repeated += 1
                self._send("INVITE", number, 1, self._uri)


def main(target: str, rate: str, seconds: str) -> None:
    tally = Callers(target).run(float(rate), float(seconds))
    answers = sorted(tally.answer_ms)
    shown = {
        "placed": tally.placed,
        "whole": tally.whole,
        "refused": tally.refused,
        "lost": tally.lost,
        "repeated": tally.repeated,
        "answer_ms_p50": answers[len(answers) // 2] if answers else None,
        "answer_ms_p99": answers[len(answers) * 99 // 100] if answers else None,
    }
    sys.stdout.write(json.dumps(shown) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
