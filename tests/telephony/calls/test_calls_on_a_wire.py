"""Whole calls between two user agent cores: retransmissions, races, forks, loss."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from telephony.session.events import (
    Accept,
    AcceptReoffer,
    Acknowledged,
    Answered,
    DigitSignalled,
    Ended,
    Fact,
    HangUp,
    Hangup,
    Party,
    Probe,
    Progress,
    Refuse,
    RefuseReoffer,
    Reoffer,
    ReofferAnswered,
    ReofferDue,
    Reoffered,
    ReofferFailed,
    Ring,
    SessionId,
)
from telephony.session.login import Login
from telephony.sip.digest import parse_credentials
from telephony.sip.hop import ConnectionId, Hop, Transport
from telephony.sip.message import Response
from telephony.sip.responses import response_to
from tests.telephony.calls.wire import OFFER, Pair, Side, Wire


@pytest.fixture
def talking(wire: Wire, pair: Pair, answer: bytes) -> Pair:
    """A confirmed call."""
    caller, server = pair
    server.on_call = lambda side, session: side.do(Accept(answer), session)
    caller.invite(server)
    wire.run(0.1)
    assert any(isinstance(fact, Acknowledged) for fact in server.facts)
    wire.log.clear()
    return caller, server


def methods(sent: list[str], method: str) -> int:
    return sent.count(method)


def test_a_call_is_rung_answered_and_hung_up(wire: Wire, pair: Pair, answer: bytes) -> None:
    caller, server = pair
    caller.invite(server)
    wire.run(0.1)
    server.do(Accept(answer))
    wire.run(0.1)
    caller.do(HangUp())
    wire.run(40)
    assert caller.sent() == ["INVITE", "ACK", "BYE"]
    assert server.sent() == ["180 INVITE", "200 INVITE", "200 BYE"]
    assert caller.facts == [
        Progress(180, "Ringing", b""),
        Answered(answer),
        Ended(Hangup(Party.US, 200, "")),
    ]
    assert server.facts == [Acknowledged(None), Ended(Hangup(Party.PEER, 200, ""))]


def test_nothing_is_remembered_of_a_call_long_over(wire: Wire, talking: Pair) -> None:
    caller, server = talking
    caller.do(HangUp())
    wire.run(100)
    assert (caller.agent.sessions, server.agent.sessions) == (0, 0)
    assert (caller.agent.next_timer(), server.agent.next_timer()) == (None, None)


def test_an_invite_repeated_while_ringing_makes_no_second_call(wire: Wire, pair: Pair) -> None:
    caller, server = pair
    wire.lose_first("180 INVITE")
    caller.invite(server)
    wire.run(5)
    assert len(server.calls) == 1
    assert methods(caller.sent(), "INVITE") == 2
    # The repetition is answered with the ringing that was lost.
    assert methods(server.sent(), "180 INVITE") == 2


def test_an_invite_repeated_after_the_200_gets_the_200_again(wire: Wire, pair: Pair, answer: bytes) -> None:
    caller, server = pair
    server.on_call = lambda side, session: side.do(Accept(answer), session)
    caller.invite(server)
    invite = wire.log[0].message.to_bytes()
    wire.run(0.1)
    before = methods(server.sent(), "200 INVITE")
    wire.inject(invite, server, caller.hop)
    assert methods(server.sent(), "200 INVITE") == before + 1
    assert len(server.calls) == 1


def test_a_repeated_bye_gets_its_200_again(wire: Wire, talking: Pair) -> None:
    caller, server = talking
    wire.lose_first("200 BYE", 2)
    caller.do(HangUp())
    wire.run(10)
    assert methods(caller.sent(), "BYE") == 3
    assert server.sent() == ["200 BYE"] * 3
    assert server.hangup.hangup.by is Party.PEER


def test_a_late_accept_after_cancel_sends_no_200(wire: Wire, pair: Pair, answer: bytes) -> None:
    caller, server = pair
    caller.invite(server)
    wire.run(0.1)
    caller.do(HangUp())
    wire.run(0.1)
    server.do(Accept(answer))
    wire.run(40)
    assert server.sent() == ["180 INVITE", "200 CANCEL", "487 INVITE"]
    assert server.hangup.hangup == Hangup(Party.PEER, 487, "Request Terminated")
    assert caller.sent() == ["INVITE", "CANCEL", "ACK"]


def test_a_phone_that_rang_beside_the_one_that_answered_shows_no_missed_call(wire: Wire, pair: Pair) -> None:
    caller, _ = pair
    caller.invite(pair[1])
    wire.run(0.1)
    caller.do(HangUp(elsewhere=True))
    [cancel] = [sent for sent in wire.log if sent.what == "CANCEL"]
    assert cancel.header("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'


def test_a_cancel_that_crosses_the_200_is_followed_by_ack_and_bye(
    wire: Wire, pair: Pair, answer: bytes
) -> None:
    caller, server = pair
    caller.invite(server)
    wire.run(0.1)
    server.do(Accept(answer))
    caller.do(HangUp())
    wire.run(40)
    assert server.sent() == ["180 INVITE", "200 INVITE", "200 CANCEL", "200 BYE"]
    assert caller.sent() == ["INVITE", "CANCEL", "ACK", "BYE"]
    assert not any(isinstance(fact, Answered) for fact in caller.facts)
    assert (caller.agent.sessions, server.agent.sessions) == (0, 0)


def test_no_cancel_is_sent_before_the_first_provisional_response(wire: Wire, pair: Pair) -> None:
    caller, server = pair
    wire.lose = lambda sent: sent.by == "server" and sent.at < 1000.4
    caller.invite(server)
    wire.run(0.3)
    caller.do(HangUp())
    assert caller.sent() == ["INVITE"]
    wire.run(40)
    assert caller.sent() == ["INVITE", "INVITE", "CANCEL", "ACK"]
    assert caller.hangup.hangup.by is Party.US


def test_finding_12_a_cancel_nobody_answers_is_given_up_and_forgotten(wire: Wire, pair: Pair) -> None:
    caller, server = pair
    caller.invite(server)
    wire.run(0.1)
    wire.lose = lambda sent: True
    caller.do(HangUp())
    wire.run(70)
    assert caller.agent.sessions == 0
    assert methods(caller.sent(), "CANCEL") > 5


def test_an_invite_nobody_answers_is_repeated_and_times_out(wire: Wire) -> None:
    caller = wire.side("caller")
    caller.invite(Hop(Transport.UDP, "127.0.0.1", 9))
    wire.run(40)
    at = [sent.at - 1000 for sent in wire.log]
    assert at == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert caller.hangup.hangup == Hangup(Party.NETWORK, 408, "No answer")


def test_a_bye_nobody_answers_is_repeated_every_four_seconds_at_most(wire: Wire, talking: Pair) -> None:
    caller, _ = talking
    wire.lose = lambda sent: True
    caller.do(HangUp())
    start = wire.now
    wire.run(100)
    at = [round(sent.at - start, 1) for sent in wire.log if sent.what == "BYE"]
    assert at == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert caller.agent.sessions == 0


def test_a_refusal_is_acknowledged_and_repeated_until_it_is(wire: Wire, pair: Pair) -> None:
    caller, server = pair
    server.on_call = lambda side, session: side.do(Refuse(486), session)
    wire.lose_first("ACK", 2)
    caller.invite(server)
    wire.run(40)
    assert server.sent() == ["486 INVITE"] * 3
    assert caller.sent() == ["INVITE", "ACK", "ACK", "ACK"]
    assert caller.hangup.hangup == Hangup(Party.PEER, 486, "Busy Here")


def test_the_ack_of_a_refusal_repeats_branch_and_request_uri(wire: Wire, pair: Pair) -> None:
    caller, server = pair
    server.on_call = lambda side, session: side.do(Refuse(603), session)
    caller.invite(server)
    wire.run(1)
    invite, _, ack = wire.log
    assert (ack.request.uri, ack.header("Via")) == (invite.request.uri, invite.header("Via"))
    assert ack.to_tag.startswith("server")


def test_a_200_is_repeated_until_its_ack_comes(wire: Wire, pair: Pair, answer: bytes) -> None:
    caller, server = pair
    server.on_call = lambda side, session: side.do(Accept(answer), session)
    wire.lose_first("ACK", 3)
    caller.invite(server)
    wire.run(40)
    at = [round(sent.at - wire.log[1].at, 2) for sent in wire.log if sent.what == "200 INVITE"]
    assert at == [0, 0.5, 1.5, 3.5]
    assert methods(caller.sent(), "ACK") == 4
    assert server.facts == [Acknowledged(None)]


def test_a_200_that_is_never_acknowledged_ends_in_a_bye(wire: Wire, pair: Pair, answer: bytes) -> None:
    caller, server = pair
    server.on_call = lambda side, session: side.do(Accept(answer), session)
    wire.lose = lambda sent: sent.what == "ACK"
    caller.invite(server)
    wire.run(31.9)
    assert "BYE" not in server.sent()
    wire.run(10)
    assert methods(server.sent(), "BYE") == 1
    assert server.hangup.hangup == Hangup(Party.NETWORK, 408, "No ACK")
    assert caller.hangup.hangup.by is Party.PEER


def test_the_called_side_waits_for_the_ack_before_its_bye(wire: Wire, pair: Pair, answer: bytes) -> None:
    caller, server = pair
    server.on_call = lambda side, session: side.do(Accept(answer), session)
    wire.lose_first("ACK")
    caller.invite(server)
    wire.run(0.1)
    server.do(HangUp())
    assert "BYE" not in server.sent()
    wire.run(2)
    assert server.sent() == ["200 INVITE", "200 INVITE", "BYE"]
    assert (server.hangup.hangup.by, caller.hangup.hangup.by) == (Party.US, Party.PEER)


def test_byes_that_cross_both_get_their_200(wire: Wire, talking: Pair) -> None:
    caller, server = talking
    caller.do(HangUp())
    server.do(HangUp())
    wire.run(40)
    assert caller.sent() == ["BYE", "200 BYE"]
    assert server.sent() == ["BYE", "200 BYE"]
    assert caller.hangup.hangup.by is server.hangup.hangup.by is Party.US


def test_a_slow_called_side_is_covered_by_a_100(wire: Wire, pair: Pair) -> None:
    caller, server = pair
    server.on_call = lambda side, session: None
    caller.invite(server)
    wire.run(0.15)
    assert server.sent() == []
    wire.run(1)
    assert server.sent() == ["100 INVITE"]
    assert methods(caller.sent(), "INVITE") == 1


@pytest.mark.parametrize("seed", range(20))
def test_a_call_survives_thirty_percent_loss(wire: Wire, pair: Pair, answer: bytes, seed: int) -> None:
    caller, server = pair
    wire.lose_some(0.3, seed)
    caller.invite(server)
    wire.run(3)
    server.do(Accept(answer))
    wire.run(20)
    assert Answered(answer) in caller.facts
    assert Acknowledged(None) in server.facts
    caller.do(HangUp())
    wire.run(120)
    assert len(server.calls) == 1
    assert caller.hangup.hangup.by is Party.US
    assert server.hangup.hangup.by is Party.PEER
    assert (caller.agent.sessions, server.agent.sessions) == (0, 0)


def test_a_late_offer_goes_in_the_200_and_its_answer_in_the_ack(
    wire: Wire, pair: Pair, offer: bytes, answer: bytes
) -> None:
    caller, server = pair
    server.on_call = lambda side, session: side.do(Accept(offer), session)
    invite = (
        "INVITE sip:100@127.0.0.1:5061 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKlate\n"
        "From: <sip:x@127.0.0.1>;tag=x\nTo: <sip:100@127.0.0.1>\nCall-ID: late\nCSeq: 1 INVITE\n"
        "Contact: <sip:x@127.0.0.1:5060>\nContent-Length: 0\n\n"
    )
    wire.inject(invite, server, caller.hop)
    [ok] = [sent.message for sent in wire.log if sent.what == "200 INVITE"]
    assert ok.body == offer
    ack = (
        f"ACK sip:100@127.0.0.1:5061 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKlate2\n"
        f"From: <sip:x@127.0.0.1>;tag=x\nTo: {ok.headers.get('To')}\nCall-ID: late\nCSeq: 1 ACK\n"
        f"Content-Type: application/sdp\nContent-Length: {len(answer)}\n\n"
    )
    wire.inject(ack.replace("\n", "\r\n").encode() + answer, server, caller.hop)
    assert server.facts == [Acknowledged(answer)]


def agreeing(answer: bytes) -> Callable[[Side, SessionId, Fact], None]:
    """The owner of a call who says yes to every re-INVITE."""

    def agree(side: Side, session: SessionId, fact: Fact) -> None:
        if isinstance(fact, Reoffered):
            side.do(AcceptReoffer(fact.transaction, answer), session)
        if isinstance(fact, ReofferDue):
            side.do(Reoffer(OFFER), session)

    return agree


class TestReinvite:
    def test_the_peer_is_asked_and_its_answer_told(
        self, wire: Wire, talking: Pair, offer: bytes, answer: bytes
    ) -> None:
        caller, server = talking

        caller.on_fact = agreeing(answer)
        server.do(Reoffer(offer))
        wire.run(40)
        assert server.sent() == ["INVITE", "ACK"]
        assert caller.sent() == ["200 INVITE"]
        assert server.facts[-1] == ReofferAnswered(answer)

    def test_a_lost_ack_is_sent_again(self, wire: Wire, talking: Pair, offer: bytes, answer: bytes) -> None:
        caller, server = talking
        server.on_fact = agreeing(answer)
        wire.lose_first("ACK", 2)
        caller.do(Reoffer(offer))
        wire.run(40)
        assert caller.sent() == ["INVITE", "ACK", "ACK", "ACK"]
        assert server.sent() == ["200 INVITE"] * 3

    def test_both_at_once_is_settled_by_the_glare_rule(
        self, wire: Wire, talking: Pair, offer: bytes, answer: bytes
    ) -> None:
        for side in talking:
            side.on_fact = agreeing(answer)
        caller, server = talking
        caller.do(Reoffer(offer))
        server.do(Reoffer(offer))
        wire.run(0.1)
        assert methods(caller.sent(), "491 INVITE") == methods(server.sent(), "491 INVITE") == 1
        wire.run(10)
        assert ReofferAnswered(answer) in caller.facts
        assert ReofferAnswered(answer) in server.facts
        assert not any(isinstance(fact, Ended) for side in talking for fact in side.facts)

    def test_a_refusal_leaves_the_call_as_it_was(self, wire: Wire, talking: Pair, offer: bytes) -> None:
        caller, server = talking
        server.on_fact = lambda side, session, fact: (
            side.do(RefuseReoffer(fact.transaction, 488), session) if isinstance(fact, Reoffered) else None
        )
        caller.do(Reoffer(offer))
        wire.run(40)
        assert caller.facts[-1] == ReofferFailed(488)
        caller.do(HangUp())
        wire.run(1)
        assert server.hangup.hangup.by is Party.PEER

    def test_silence_in_answer_to_it_ends_the_call(self, wire: Wire, talking: Pair, offer: bytes) -> None:
        caller, _ = talking
        wire.lose = lambda sent: True
        caller.do(Reoffer(offer))
        wire.run(40)
        assert caller.hangup.hangup == Hangup(Party.NETWORK, 408, "Dialog lost")
        assert "BYE" in caller.sent()

    def test_a_bye_while_one_is_being_decided_answers_it_487(
        self, wire: Wire, talking: Pair, offer: bytes
    ) -> None:
        caller, server = talking
        caller.do(Reoffer(offer))
        wire.run(0.1)
        caller.do(HangUp())
        wire.run(1)
        assert server.sent() == ["200 BYE", "487 INVITE"]


class TestForks:
    """The server answers for two telephones behind a proxy: same Via, other To tags."""

    def respond(self, wire: Wire, caller: Side, status: int, tag: str, body: bytes = b"") -> None:
        invite = wire.log[0].message
        proxy = Hop(Transport.UDP, "127.0.0.1", 5080)
        items = [
            (name, f"{value};tag={tag}" if name == "To" else value)
            for name, value in invite.headers
            if name in {"Via", "From", "To", "Call-ID", "CSeq"}
        ]
        items.append(("Contact", f"<sip:{tag}@127.0.0.1:6000>"))
        items.append(("Record-Route", "<sip:127.0.0.1:5081;lr>, <sip:127.0.0.1:5080;lr>"))
        text = f"SIP/2.0 {status} X\n" + "".join(f"{name}: {value}\n" for name, value in items)
        wire.inject(text.replace("\n", "\r\n").encode() + b"\r\n" + body, caller, proxy)

    def test_the_second_200_is_acknowledged_and_hung_up(self, wire: Wire, answer: bytes) -> None:
        caller = wire.side("caller")
        caller.invite(Hop(Transport.UDP, "127.0.0.1", 5080))
        self.respond(wire, caller, 180, "one")
        self.respond(wire, caller, 180, "two")
        self.respond(wire, caller, 200, "two", answer)
        self.respond(wire, caller, 200, "one", answer)
        assert [(sent.what, sent.to_tag) for sent in wire.log[1:]] == [
            ("ACK", "two"),
            ("ACK", "one"),
            ("BYE", "one"),
        ]
        assert [fact for fact in caller.facts if isinstance(fact, Answered)] == [Answered(answer)]

    def test_finding_05_the_bye_to_a_lost_fork_may_time_out_and_the_call_that_won_goes_on(
        self, wire: Wire, answer: bytes
    ) -> None:
        caller = wire.side("caller")
        caller.invite(Hop(Transport.UDP, "127.0.0.1", 5080))
        self.respond(wire, caller, 200, "two", answer)
        self.respond(wire, caller, 200, "one", answer)
        wire.run(60)
        assert methods(caller.sent(), "BYE") > 5
        caller.do(HangUp())
        assert [sent.to_tag for sent in wire.log if sent.what == "BYE"][-1] == "two"
        assert caller.hangup.hangup.by is Party.US
        wire.run(60)
        assert caller.agent.sessions == 0

    def test_finding_13_thousands_of_answers_to_one_invite_are_bounded(
        self, wire: Wire, answer: bytes
    ) -> None:
        caller = wire.side("caller")
        caller.invite(Hop(Transport.UDP, "127.0.0.1", 5080))
        for number in range(1000):
            self.respond(wire, caller, 180, f"early{number}")
        for number in range(1000):
            self.respond(wire, caller, 200, f"fork{number}", answer)
        assert methods(caller.sent(), "ACK") == 32
        assert methods(caller.sent(), "BYE") == 31

    def test_requests_follow_the_recorded_route_in_reverse_to_the_contact(
        self, wire: Wire, answer: bytes
    ) -> None:
        caller = wire.side("caller")
        caller.invite(Hop(Transport.UDP, "127.0.0.1", 5080))
        self.respond(wire, caller, 200, "one", answer)
        ack = wire.log[-1].request
        assert ack.uri == "sip:one@127.0.0.1:6000"
        assert ack.headers.get_all("Route") == ("<sip:127.0.0.1:5080;lr>", "<sip:127.0.0.1:5081;lr>")

    def test_a_repeated_200_of_each_fork_gets_its_own_ack_again(self, wire: Wire, answer: bytes) -> None:
        caller = wire.side("caller")
        caller.invite(Hop(Transport.UDP, "127.0.0.1", 5080))
        for tag in ("one", "two", "one", "two"):
            self.respond(wire, caller, 200, tag, answer)
        assert caller.sent() == ["INVITE", "ACK", "ACK", "BYE", "ACK", "ACK"]


class TestChallenges:
    def challenge(self, server: Side, status: int, header: str) -> None:
        def on_call(side: Side, session: SessionId) -> None:
            request = side.invites[-1]
            if "Authorization" in request.headers or "Proxy-Authorization" in request.headers:
                side.do(Ring(), session)
            else:
                value = 'Digest realm="house", nonce="abc", algorithm=SHA-256, qop="auth"'
                side.do(Refuse(status, "", ((header, value),)), session)

        server.on_call = on_call

    @pytest.mark.parametrize(
        ("status", "asked", "answered"),
        [
            (401, "WWW-Authenticate", "Authorization"),
            (407, "Proxy-Authenticate", "Proxy-Authorization"),
        ],
    )
    def test_an_invite_is_sent_again_with_credentials(
        self, wire: Wire, pair: Pair, status: int, asked: str, answered: str
    ) -> None:
        caller, server = pair
        self.challenge(server, status, asked)
        caller.invite(server, login=Login("alice", "secret"))
        wire.run(1)
        assert caller.sent() == ["INVITE", "ACK", "INVITE"]
        again = wire.log[3].request
        credentials = parse_credentials(again.headers.get(answered) or "")
        assert (credentials.username, credentials.uri) == ("alice", again.uri)
        assert again.headers.get("CSeq") == "2 INVITE"
        assert caller.facts == [Progress(180, "Ringing", b"")]

    def test_without_credentials_the_call_ends(self, wire: Wire, pair: Pair) -> None:
        caller, server = pair
        self.challenge(server, 401, "WWW-Authenticate")
        caller.invite(server)
        wire.run(1)
        assert caller.hangup.hangup == Hangup(Party.PEER, 401, "Unauthorized")

    def test_a_wrong_password_is_tried_only_a_few_times(self, wire: Wire, pair: Pair) -> None:
        caller, server = pair
        value = 'Digest realm="house", nonce="abc", algorithm=MD5, qop="auth"'
        server.on_call = lambda side, session: side.do(
            Refuse(401, "", (("WWW-Authenticate", value),)), session
        )
        caller.invite(server, login=Login("alice", "wrong"))
        wire.run(10)
        assert methods(caller.sent(), "INVITE") <= 3
        assert caller.hangup.hangup.status == 401


def test_keys_come_as_info_in_both_formats(wire: Wire, talking: Pair) -> None:
    _, server = talking
    for kind, body in (
        ("application/dtmf-relay", "Signal=5\r\nDuration=160"),
        ("application/dtmf", "#"),
        ("application/dtmf-relay", "Signal= 10\r\n"),
    ):
        inject_in_dialog(wire, server, "INFO", kind, body)
    assert server.facts[-3:] == [DigitSignalled("5"), DigitSignalled("#"), DigitSignalled("*")]
    assert server.sent()[-3:] == ["200 INFO"] * 3


def test_a_request_with_an_older_number_gets_a_500(wire: Wire, talking: Pair) -> None:
    _, server = talking
    inject_in_dialog(wire, server, "OPTIONS", "", "", cseq=50)
    inject_in_dialog(wire, server, "OPTIONS", "", "", cseq=49)
    assert server.sent() == ["200 OPTIONS", "500 OPTIONS"]


def test_a_request_of_an_unknown_dialog_gets_a_481(wire: Wire, talking: Pair) -> None:
    _, server = talking
    inject_in_dialog(wire, server, "BYE", "", "", to_tag="nobody")
    inject_in_dialog(wire, server, "BYE", "", "", call_id="another")
    assert server.sent() == ["481 BYE", "481 BYE"]
    assert not any(isinstance(fact, Ended) for fact in server.facts)


_numbers = iter(range(100, 1000))


def inject_in_dialog(
    wire: Wire,
    server: Side,
    method: str,
    kind: str,
    body: str,
    *,
    cseq: int | None = None,
    to_tag: str | None = None,
    call_id: str = "call@test",
) -> None:
    """What the caller's telephone sends in the confirmed call of `talking`."""
    number = cseq or next(_numbers)
    tag = to_tag or str(server.calls[-1])
    lines = [
        f"{method} sip:100@127.0.0.1:5061 SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK{method}{number}{tag}{call_id}",
        "From: <sip:alice@127.0.0.1:5060>;tag=caller-call1",
        f"To: <sip:100@127.0.0.1:5061>;tag={tag}",
        f"Call-ID: {call_id}",
        f"CSeq: {number} {method}",
        *([f"Content-Type: {kind}"] if kind else []),
        "",
        body,
    ]
    caller = Hop(Transport.UDP, "127.0.0.1", 5060)
    wire.inject("\r\n".join(lines).encode(), server, caller)


class TestBadRequests:
    def send(
        self,
        wire: Wire,
        server: Side,
        method: str = "OPTIONS",
        uri: str = "sip:100@127.0.0.1:5061",
        *extra: str,
    ) -> Response:
        number = next(_numbers)
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK{number}",
            "From: <sip:x@127.0.0.1>;tag=x",
            "To: <sip:100@127.0.0.1>",
            f"Call-ID: {number}",
            f"CSeq: 1 {method}",
            *extra,
            *(() if any("Content-Type" in line for line in extra) else ("", "")),
        ]
        wire.inject("\r\n".join(lines).encode(), server, Hop(Transport.UDP, "127.0.0.1", 5070))
        message = wire.log[-1].message
        assert isinstance(message, Response)
        return message

    def test_options_is_answered_with_what_we_speak_whatever_max_forwards(self, wire: Wire) -> None:
        response = self.send(wire, wire.side("server"), "OPTIONS", "sip:100@127.0.0.1", "Max-Forwards: 0")
        assert response.status == 200
        assert "INVITE" in (response.headers.get("Allow") or "")
        assert response.headers.get("Accept") == "application/sdp"
        assert "Supported" in response.headers

    def test_methods_known_and_unknown_are_told_apart(self, wire: Wire) -> None:
        server = wire.side("server")
        known, unknown = self.send(wire, server, "SUBSCRIBE"), self.send(wire, server, "FROBNICATE")
        assert (known.status, unknown.status) == (405, 501)
        assert known.headers.get("Allow") == unknown.headers.get("Allow") != ""

    def test_a_required_extension_is_named_as_unsupported(self, wire: Wire) -> None:
        response = self.send(wire, wire.side("server"), "INVITE", "sip:1@127.0.0.1", "Require: 100rel, fancy")
        assert (response.status, response.headers.get("Unsupported")) == (420, "fancy")

    def test_a_body_nobody_can_read_gets_a_415_that_says_what_can(self, wire: Wire) -> None:
        body = ("Content-Type: text/plain", "", "hello")
        response = self.send(wire, wire.side("server"), "INVITE", "sip:1@127.0.0.1", *body)
        assert (response.status, response.headers.get("Accept")) == (415, "application/sdp")

    def test_an_optional_body_is_overlooked(self, wire: Wire) -> None:
        server = wire.side("server")
        body = ("Content-Type: text/plain", "Content-Disposition: session;handling=optional", "", "hello")
        server.on_call = lambda side, session: side.do(Ring(), session)
        assert self.send(wire, server, "INVITE", "sip:1@127.0.0.1", *body).status == 180

    def test_another_uri_scheme_gets_a_416(self, wire: Wire) -> None:
        assert self.send(wire, wire.side("server"), "OPTIONS", "nobody:what").status == 416

    def test_a_cancel_of_nothing_gets_a_481(self, wire: Wire) -> None:
        assert self.send(wire, wire.side("server"), "CANCEL").status == 481

    def test_the_same_invite_over_two_paths_gets_a_482(self, wire: Wire) -> None:
        server = wire.side("server")
        for branch in ("one", "two"):
            wire.inject(
                f"INVITE sip:1@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK{branch}\n"
                "From: <sip:x@127.0.0.1>;tag=x\nTo: <sip:1@127.0.0.1>\nCall-ID: m\nCSeq: 1 INVITE\n\n",
                server,
                Hop(Transport.UDP, "127.0.0.1", 5070),
            )
        assert server.sent() == ["482 INVITE"]
        assert len(server.calls) == 1

    def test_more_calls_than_transactions_allow_get_a_503(self, wire: Wire) -> None:
        server = wire.side("server", limit=3)
        server.on_call = lambda side, session: side.do(Ring(), session)
        statuses = [self.send(wire, server, "INVITE").status for _ in range(4)]
        assert statuses == [180, 180, 180, 503]
        assert wire.log[-1].header("Retry-After")
        for call in server.calls:
            server.do(HangUp(), call)
        wire.run(40)
        assert self.send(wire, server, "INVITE").status == 180

    def test_the_answer_goes_where_rport_says(self, wire: Wire) -> None:
        server = wire.side("server")
        wire.inject(
            "OPTIONS sip:1@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 10.9.9.9:5070;branch=z9hG4bKr;rport\n"
            "From: <sip:x@127.0.0.1>;tag=x\nTo: <sip:1@127.0.0.1>\nCall-ID: m\nCSeq: 1 OPTIONS\n\n",
            server,
            Hop(Transport.UDP, "127.0.0.1", 40000),
        )
        via = wire.log[-1].header("Via")
        assert "received=127.0.0.1" in via
        assert "rport=40000" in via


class TestProbe:
    """A peer that is not heard is asked whether it is there."""

    def test_whoever_answers_stays(self, wire: Wire, talking: Pair) -> None:
        caller, server = talking
        for side in talking:
            side.do(Probe())
        wire.run(40)
        assert caller.sent() == server.sent() == ["OPTIONS", "200 OPTIONS"]
        assert not any(isinstance(fact, Ended) for fact in (*caller.facts, *server.facts))

    def test_whoever_vanished_has_ended_the_call(self, wire: Wire, talking: Pair) -> None:
        _, server = talking
        wire.lose = lambda sent: True
        server.do(Probe())
        wire.run(80)
        assert server.hangup == Ended(Hangup(Party.NETWORK, 408, "Peer gone"))
        assert methods(server.sent(), "BYE") > 1
        assert server.agent.sessions == 0

    def test_whoever_knows_nothing_of_the_call_has_ended_it(self, wire: Wire, talking: Pair) -> None:
        caller, server = talking
        caller.agent = wire.side("reborn").agent
        server.do(Probe())
        wire.run(40)
        assert server.hangup.hangup.by is Party.NETWORK
        assert server.hangup.hangup.status == 481
        assert server.agent.sessions == 0

    @pytest.mark.parametrize("status", [200, 405, 500, 603])
    def test_any_answer_to_an_impatient_probe_keeps_the_call(
        self, wire: Wire, talking: Pair, status: int
    ) -> None:
        _, server = talking
        wire.lose = lambda sent: True
        server.do(Probe(3.0))
        options = wire.log[-1].request
        answer = response_to(options, status, to_tag="x")
        wire.inject(answer.to_bytes(), server, Hop(Transport.UDP, "127.0.0.1", 5060))
        wire.run(60)
        assert not any(isinstance(fact, Ended) for fact in server.facts)

    def test_silence_ends_the_call_after_the_patience_of_the_probe(self, wire: Wire, talking: Pair) -> None:
        _, server = talking
        wire.lose = lambda sent: True
        server.do(Probe(3.0))
        wire.run(1)
        server.do(Probe(3.0))
        wire.run(1.9)
        assert methods(server.sent(), "OPTIONS") == 3
        assert "BYE" not in server.sent()
        wire.run(0.2)
        assert server.hangup.hangup == Hangup(Party.NETWORK, 408, "Peer gone")

    def test_a_peer_whose_connection_is_lost_is_asked_at_once(self, wire: Wire, answer: bytes) -> None:
        server = wire.side("server", transport=Transport.TCP)
        server.on_call = lambda side, session: side.do(Accept(answer), session)
        caller = wire.side("caller", transport=Transport.TCP)
        caller.hop = Hop(Transport.TCP, "127.0.0.1", caller.hop.port, ConnectionId(3))
        caller.invite(server)
        wire.run(0.1)
        assert server.agent.uses(ConnectionId(3))
        wire.lose = lambda sent: True
        wire.carry(server, server.agent.connection_lost(ConnectionId(3), wire.now))
        assert server.sent()[-1] == "OPTIONS"
        wire.run(6)
        assert server.hangup.hangup.by is Party.NETWORK

    def test_a_call_that_is_not_established_or_ending_is_not_asked(self, wire: Wire, pair: Pair) -> None:
        caller, server = pair
        caller.invite(server)
        wire.run(0.1)
        for side in pair:
            side.do(Probe())
        assert "OPTIONS" not in caller.sent() + server.sent()
