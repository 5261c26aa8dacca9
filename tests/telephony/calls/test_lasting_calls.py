"""Calls that outlive the program: taken once, and never rung twice, whichever run of it goes on with them."""

from __future__ import annotations

import itertools

from telephony.session.events import (
    Accept,
    Answered,
    AnswerHeld,
    Ended,
    HangUp,
    Ring,
    SessionId,
    TakeAnswer,
)
from telephony.session.identity import Identity, Means
from telephony.session.outgoing import Invitation
from telephony.session.user_agent import UserAgent
from telephony.sip.fields import NameAddr
from telephony.sip.hop import Transport
from telephony.sip.uri import Uri
from tests.telephony.calls.wire import OFFER, Pair, Side, Wire

SESSION = SessionId("lasting-session")


def lasting(wire: Wire, caller: Side, server: Side) -> None:
    own = Uri("sip", "callback", host=caller.hop.host, port=caller.hop.port)
    target = Uri("sip", "100", host=server.hop.host, port=server.hop.port)
    invitation = Invitation(target, server.hop, NameAddr(None, own), OFFER, "attempt-1", lasting=True)
    caller.calls.append(SESSION)
    wire.carry(caller, caller.agent.invite(invitation, SESSION, wire.now))


def started_again(wire: Wire, dead: Side) -> Side:
    """Another run of the program, at the address of the one that was killed."""
    tokens = (f"again{number}" for number in itertools.count(1))
    identity = Identity({Transport.UDP: (dead.hop.host, dead.hop.port)})
    side = Side("again", dead.hop, UserAgent(Means(identity, lambda: next(tokens))), wire)
    wire.sides[(dead.hop.host, dead.hop.port)] = side
    return side


def test_an_answer_is_acknowledged_only_when_it_is_taken(wire: Wire, pair: Pair, answer: bytes) -> None:
    caller, server = pair
    lasting(wire, caller, server)
    wire.run(0.1)
    server.do(Accept(answer))
    wire.run(0.4)
    assert not any(isinstance(fact, Answered) for fact in caller.facts)
    assert isinstance(caller.facts[-1], AnswerHeld)
    assert "ACK" not in caller.sent()
    caller.do(TakeAnswer())
    wire.run(0.1)
    assert caller.sent().count("ACK") == 1
    assert isinstance(caller.facts[-1], Answered)


def test_a_call_that_rings_goes_on_ringing_after_a_kill_and_rings_nobody_twice(
    wire: Wire, pair: Pair, answer: bytes
) -> None:
    caller, server = pair
    lasting(wire, caller, server)
    wire.run(0.1)
    server.do(Ring())
    again = started_again(wire, caller)
    lasting(wire, again, server)
    wire.run(1)
    assert len(server.invites) == 1
    server.do(Accept(answer))
    wire.run(0.1)
    again.do(TakeAnswer())
    wire.run(1)
    assert len(server.invites) == 1
    assert isinstance(again.facts[-1], Answered)
    assert again.sent().count("ACK") == 1


def test_an_answer_that_nobody_acknowledged_is_given_again_to_the_next_run(
    wire: Wire, pair: Pair, answer: bytes
) -> None:
    caller, server = pair
    lasting(wire, caller, server)
    wire.run(0.1)
    server.do(Accept(answer))
    wire.run(0.05)
    again = started_again(wire, caller)
    lasting(wire, again, server)
    wire.run(1)
    assert isinstance(again.facts[-1], AnswerHeld)
    again.do(TakeAnswer())
    wire.run(0.1)
    assert len(server.invites) == 1
    assert not any(isinstance(fact, Ended) for fact in server.facts)


def test_what_was_made_ready_to_acknowledge_does_so_when_sent_by_another_run(
    wire: Wire, pair: Pair, answer: bytes
) -> None:
    caller, server = pair
    lasting(wire, caller, server)
    wire.run(0.1)
    server.do(Accept(answer))
    wire.run(0.05)
    held = caller.facts[-1]
    assert isinstance(held, AnswerHeld)
    started_again(wire, caller)
    assert held.to == server.hop
    wire.inject(held.ack, server, caller.hop)
    sent = server.sent().count("200 INVITE")
    wire.run(5)
    assert server.sent().count("200 INVITE") == sent


def test_who_hangs_up_on_an_answer_not_taken_acknowledges_it_first(
    wire: Wire, pair: Pair, answer: bytes
) -> None:
    caller, server = pair
    lasting(wire, caller, server)
    wire.run(0.1)
    server.do(Accept(answer))
    wire.run(0.05)
    caller.do(HangUp())
    wire.run(0.1)
    assert caller.sent()[-2:] == ["ACK", "BYE"]
