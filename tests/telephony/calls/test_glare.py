"""Both sides of a call change its sound at once: calls on the wire with the offers they really make."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict

import pytest

from telephony.call import Call
from telephony.call_facts import CallDirection, CallFacts, Line
from telephony.session.events import Fact, SessionId
from telephony.sip.message import Request
from telephony.sip.uri import Uri
from tests.fakes.media import FakeEngine
from tests.telephony.calls.wire import Side, Wire

NOWHERE = Uri.parse("sip:x@127.0.0.1")


class Talker:
    """A call on one side of the wire."""

    def __init__(self, side: Side, session: SessionId, direction: CallDirection, offer: bytes = b"") -> None:
        self.side = side
        self.engine = FakeEngine()
        line = Line(
            self.engine,
            lambda ident, command: side.do(command, ident),
            lambda: side.wire.now,
            lambda: 7,
            lambda refusal, source: None,
            lambda host, found: found(None),
            bytes,
        )
        facts = CallFacts(session, "call@test", direction, NOWHERE, NOWHERE, offer=offer)
        self.call = Call(facts, line)
        side.on_fact = self.hear

    def hear(self, _side: Side, _session: SessionId, fact: Fact) -> None:
        self.call.handle(fact)


Talkers = tuple[Talker, Talker]


@pytest.fixture
async def talkers(wire: Wire) -> Talkers:
    caller, server = wire.side("caller"), wire.side("server")
    ours = Talker(caller, SessionId("caller-call1"), CallDirection.OUTGOING)
    caller.invite(server, body=ours.call.offer())
    wire.run(0.05)
    theirs = Talker(server, server.calls[0], CallDirection.INCOMING, server.invites[0].body)
    answering = asyncio.ensure_future(theirs.call.answer())
    await asyncio.sleep(0)
    wire.run(1)
    await asyncio.gather(answering, ours.call.wait_answered())
    wire.log.clear()
    return ours, theirs


async def settled(wire: Wire, *work: asyncio.Future[None]) -> None:
    for _ in range(100):
        await asyncio.sleep(0)
        wire.run(0.2)
        if all(each.done() for each in work):
            return


def descriptions(wire: Wire) -> dict[str, list[tuple[int, str]]]:
    """What each side sent: version and content of its descriptions, in order."""
    sent: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for each in wire.log:
        body = each.message.body.decode()
        if body and not (isinstance(each.message, Request) and each.message.method == "ACK"):
            version = int(re.search(r"o=\S+ \d+ (\d+)", body)[1])  # type: ignore[index]
            sent[each.by].append((version, re.sub(r"o=.*", "", body)))
    return sent


async def test_finding_19_two_holds_at_once_both_come_true(wire: Wire, talkers: Talkers) -> None:
    ours, theirs = talkers
    holds = [asyncio.ensure_future(each.call.hold()) for each in talkers]
    await settled(wire, *holds)
    await asyncio.gather(*holds)
    assert {"491 INVITE"} <= {sent.what for sent in wire.log}
    assert ours.call.held_by_peer
    assert theirs.call.held_by_peer
    for versions in descriptions(wire).values():
        said: dict[int, str] = {}
        for version, content in versions[1:]:
            # The first is the offer that met the other's, which nobody took.
            assert said.setdefault(version, content) == content, "one version, two contents"
        assert [version for version, _ in versions] == sorted(version for version, _ in versions)


async def test_finding_19_a_hold_that_nobody_waits_for_is_followed_by_the_next(
    wire: Wire, talkers: Talkers
) -> None:
    ours, theirs = talkers
    hold = asyncio.ensure_future(ours.call.hold())
    await asyncio.sleep(0)
    hold.cancel()
    resume = asyncio.ensure_future(ours.call.resume())
    await settled(wire, hold, resume)
    await resume
    assert not ours.call.held_by_us
    assert not theirs.call.held_by_peer
    assert [sent.what for sent in wire.log if sent.by == "caller"] == ["INVITE", "ACK", "INVITE", "ACK"]
