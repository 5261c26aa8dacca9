#!/usr/bin/env python3
"""Strangers flood a whole server with INVITEs while callers of its one trunk talk, hold, cancel and hang up.

    python tests/bench/invite_flood.py --seconds 20 --rate 20000 --calls 50

The trunk is 127.0.0.2; strangers are other addresses of the loopback. Exit status 0 only when every call of
the trunk went as it should, no BYE was refused, and the log grew by less than 1 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import socket
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.interop.attacker import OFFER, SDP, Attacker, header, status, to_tag
from tests.interop.trunkline import Trunkline

TRUNK = "127.0.0.2"
SETTINGS = f"""
[[sip.trunks]]
name = "good"
networks = ["{TRUNK}/32"]
[sip.registrar]
networks = ["127.0.0.4/32"]
"""
STRANGERS = [f"127.0.1.{number}" for number in range(1, 33)]
T1_S = 0.5
PATIENCE_S = 8.0
MOST_LOG_BYTES = 1_000_000
INVITE = (
    "INVITE sip:100@{target} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:5060;branch=z9hG4bK{number}\r\n"
    "From: <sip:x@{host}>;tag={number}\r\nTo: <sip:100@{target}>\r\nCall-ID: flood{number}@{host}\r\n"
    "CSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContact: <sip:x@{host}:5060>\r\n"
    "Content-Type: application/sdp\r\nContent-Length: 127\r\n\r\n"
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)


@dataclass
class Outcome:
    """What became of the good calls and of the log."""

    done: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    flooded: int = 0
    log_bytes: int = 0

    @property
    def good(self) -> bool:
        return not self.failed and bool(self.done) and self.log_bytes < MOST_LOG_BYTES


class GoodCaller(Attacker):
    """Repeats what gets no answer, as every telephone does over UDP."""

    async def ask(self, request: bytes) -> bytes:
        marks = header(request, "Call-ID"), header(request, "CSeq")
        wait_s, until = T1_S, time.monotonic() + PATIENCE_S
        self.send(request)
        while time.monotonic() < until:
            try:
                answer = await self.next(b"SIP/2.0 ", wait_s)
            except TimeoutError:
                wait_s *= 2
                self.send(request)
                continue
            same = (header(answer, "Call-ID"), header(answer, "CSeq")) == marks
            if same and status(answer) >= 200:
                return answer
        raise TimeoutError(request[:30])

    async def talk(self, call_id: str) -> None:
        """A call that is answered, held, resumed and hung up."""
        answer = await self.call(call_id)
        for number, direction in ((2, "sendonly"), (3, "sendrecv")):
            offer = OFFER.format(port=9) + f"a={direction}\r\n"
            again = self.message(
                "INVITE",
                call_id=call_id,
                to_tag=to_tag(answer),
                cseq=f"{number} INVITE",
                extra=SDP,
                body=offer,
            )
            if (got := status(await self.ask(again))) != 200:
                raise RuntimeError(f"hold: {got}")
            self.send(self.message("ACK", call_id=call_id, to_tag=to_tag(answer), cseq=f"{number} ACK"))
            await asyncio.sleep(random.uniform(0.2, 1.0))
        bye = self.message("BYE", call_id=call_id, to_tag=to_tag(answer), cseq="9 BYE")
        if (got := status(await self.ask(bye))) != 200:
            raise RuntimeError(f"BYE: {got}")

    async def cancel(self, call_id: str) -> str:
        """A call that is given up at once; where its answer was quicker, it is hung up."""
        branch = f"z9hG4bK{call_id}"
        invite = self.message("INVITE", call_id=call_id, branch=branch, extra=SDP, body=OFFER.format(port=9))
        # Both in one breath: a server that answers within a millisecond leaves no other way to be quicker.
        self.send(invite)
        cancel = self.message("CANCEL", call_id=call_id, branch=branch)
        got = status(await self.ask(cancel))
        first = await self.ask(invite)
        if got != 200 and status(first) != 200:
            # A CANCEL whose INVITE was lost on the way has nothing to cancel; it then comes a second time.
            raise RuntimeError(f"CANCEL: {got}")
        ack = self.message("ACK", call_id=call_id, to_tag=to_tag(first), branch=branch)
        if status(first) == 487:
            self.send(ack)
            return "cancelled"
        self.send(self.message("ACK", call_id=call_id, to_tag=to_tag(first)))
        await self.hang_up(call_id, first)
        return "answered before its cancel"


async def keep_calling(server: Trunkline, name: str, until: float, outcome: Outcome) -> None:
    with GoodCaller(server, TRUNK) as caller:
        number = 0
        while time.monotonic() < until:
            number += 1
            call_id = f"{name}-{number}"
            try:
                if number % 4:
                    await caller.talk(call_id)
                    outcome.done["talked, held and hung up"] += 1
                else:
                    outcome.done[await caller.cancel(call_id)] += 1
            except (TimeoutError, AssertionError, RuntimeError) as error:
                outcome.failed.append(f"{call_id}: {error!r}")


def flood(host: str, port: int, rate: int, seconds: float, sent: multiprocessing.Queue[int]) -> None:
    """Runs in a process of its own."""
    sockets = []
    for address in STRANGERS:
        each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        each.bind((address, 0))
        sockets.append((address, each))
    target, began, number = f"{host}:{port}", time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        while number < passed * rate:
            address, each = sockets[number % len(sockets)]
            each.sendto(INVITE.format(target=target, host=address, number=number).encode(), (host, port))
            number += 1
        time.sleep(0.001)
    sent.put(number)


async def measure(folder: Path, seconds: float, rate: int, calls: int) -> Outcome:
    outcome = Outcome()
    async with await Trunkline.start(folder, SETTINGS) as server:
        before = sum(map(len, server.lines))
        context = multiprocessing.get_context("spawn")
        sent: multiprocessing.Queue[int] = context.Queue()
        flooding = context.Process(target=flood, args=(server.host, server.port, rate, seconds, sent))
        flooding.start()
        until = time.monotonic() + seconds + 1
        await asyncio.gather(*(keep_calling(server, f"c{n}", until, outcome) for n in range(calls)))
        outcome.flooded = await asyncio.to_thread(sent.get, timeout=30)
        flooding.join()
        refused = [line for line in server.lines if "sip.refused" in line]
        outcome.log_bytes = sum(map(len, server.lines)) - before
        if server.errors():
            outcome.failed.append(server.errors()[0])
        if not refused:
            outcome.failed.append("no refusal was logged")
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=int, default=20_000, help="INVITEs a second from strangers")
    parser.add_argument("--calls", type=int, default=50, help="calls of the trunk at a time")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(measure(Path(folder), wanted.seconds, wanted.rate, wanted.calls))
    print(f"{outcome.flooded} INVITEs of strangers, {outcome.flooded / wanted.seconds:.0f} a second")
    for what, count in sorted(outcome.done.items()):
        print(f"{count:6} calls {what}")
    print(f"{len(outcome.failed):6} calls failed {outcome.failed[:5] or ''}")
    print(f"{outcome.log_bytes / 1000:6.0f} kB of log")
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main())
