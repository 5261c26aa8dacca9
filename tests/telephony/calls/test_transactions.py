"""What the transaction layer owes to each transport and to old peers."""

from __future__ import annotations

import pytest

from telephony.session.events import Accept, Answered, Ended, HangUp, Refuse, Ring
from telephony.sip.errors import SipSyntaxError
from telephony.sip.hop import Hop, Transport
from telephony.sip.responses import response_to
from tests.telephony.calls.wire import Pair, Wire


def request(method: str, *, branch: str, number: int = 1, to_tag: str = "", call_id: str = "c") -> str:
    tag = f";tag={to_tag}" if to_tag else ""
    return (
        f"{method} sip:100@127.0.0.1:5060 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch={branch}\n"
        f"From: <sip:x@127.0.0.1>;tag=x\nTo: <sip:100@127.0.0.1>{tag}\nCall-ID: {call_id}\n"
        f"CSeq: {number} {method}\nContact: <sip:x@127.0.0.1:5070>\nContent-Length: 0\n\n"
    )


PEER = Hop(Transport.UDP, "127.0.0.1", 5070)


class TestReliableTransport:
    @pytest.fixture
    def pair(self, wire: Wire) -> Pair:
        caller = wire.side("caller", transport=Transport.TCP)
        return caller, wire.side("server", transport=Transport.TCP)

    def test_an_invite_is_not_repeated_but_times_out(self, wire: Wire, pair: Pair) -> None:
        caller, _ = pair
        caller.invite(Hop(Transport.TCP, "127.0.0.1", 9))
        wire.run(40)
        assert caller.sent() == ["INVITE"]
        assert caller.hangup.hangup.status == 408

    def test_a_refusal_is_not_repeated(self, wire: Wire, pair: Pair) -> None:
        caller, server = pair
        server.on_call = lambda side, session: side.do(Refuse(486), session)
        wire.lose_first("ACK")
        caller.invite(server)
        wire.run(40)
        assert server.sent() == ["486 INVITE"]

    def test_a_200_is_repeated_until_its_ack_all_the_same(
        self, wire: Wire, pair: Pair, answer: bytes
    ) -> None:
        caller, server = pair
        server.on_call = lambda side, session: side.do(Accept(answer), session)
        wire.lose_first("ACK")
        caller.invite(server)
        wire.run(40)
        assert server.sent() == ["200 INVITE"] * 2
        assert caller.sent() == ["INVITE", "ACK", "ACK"]

    def test_the_contact_asks_for_the_same_transport(self, wire: Wire, pair: Pair) -> None:
        caller, server = pair
        caller.invite(server)
        assert wire.log[0].header("Contact") == "<sip:alice@127.0.0.1:5060;transport=tcp>"

    def test_a_hop_that_cannot_be_reached_ends_the_call(self, wire: Wire, pair: Pair) -> None:
        caller, _ = pair
        hop = Hop(Transport.TCP, "127.0.0.1", 9)
        caller.invite(hop)
        wire.carry(caller, caller.agent.transport_failed(hop, wire.now))
        assert caller.hangup.hangup.status == 503
        wire.run(40)
        assert caller.agent.sessions == 0


class TestServerTransaction:
    def test_a_ringing_reminder_goes_out_every_minute(self, wire: Wire) -> None:
        server = wire.side("server")
        server.on_call = lambda side, session: side.do(Ring(), session)
        wire.inject(request("INVITE", branch="z9hG4bKa"), server, PEER)
        wire.run(125)
        assert server.sent() == ["180 INVITE"] * 3

    def test_a_refusal_nobody_acknowledges_is_repeated_for_32_seconds(self, wire: Wire) -> None:
        server = wire.side("server")
        server.on_call = lambda side, session: side.do(Refuse(404), session)
        wire.inject(request("INVITE", branch="z9hG4bKa"), server, PEER)
        start = wire.now
        wire.run(100)
        at = [round(sent.at - start, 1) for sent in wire.log]
        assert at == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
        assert server.agent.sessions == 0

    def test_an_ack_of_an_rfc_2543_peer_finds_the_refusal(self, wire: Wire) -> None:
        server = wire.side("server")
        server.on_call = lambda side, session: side.do(Refuse(404), session)
        wire.inject(request("INVITE", branch="1"), server, PEER)
        tag = wire.log[-1].to_tag
        wire.inject(request("ACK", branch="1", to_tag=tag), server, PEER)
        wire.run(40)
        assert server.sent() == ["404 INVITE"]

    def test_an_rfc_2543_invite_that_comes_again_is_no_second_call(self, wire: Wire) -> None:
        server = wire.side("server")
        for _ in range(2):
            wire.inject(request("INVITE", branch="1"), server, PEER)
        assert len(server.calls) == 1
        wire.inject(request("INVITE", branch="1", number=2, call_id="d"), server, PEER)
        assert len(server.calls) == 2

    def test_equal_branches_of_two_senders_are_two_transactions(self, wire: Wire) -> None:
        server = wire.side("server")
        first = request("INVITE", branch="z9hG4bKsame", call_id="c1")
        wire.inject(first, server, PEER)
        other = first.replace("127.0.0.1:5070;", "127.0.0.1:5071;").replace("c1", "c2")
        wire.inject(other, server, Hop(Transport.UDP, "127.0.0.1", 5071))
        assert len(server.calls) == 2

    def test_a_cancel_over_two_hops_finds_its_invite_by_branch(self, wire: Wire) -> None:
        server = wire.side("server")
        wire.inject(request("INVITE", branch="z9hG4bKa"), server, PEER)
        wire.inject(request("CANCEL", branch="z9hG4bKa"), server, PEER)
        assert server.sent() == ["200 CANCEL", "487 INVITE"]
        tags = {sent.to_tag for sent in wire.log}
        assert len(tags) == 1

    def test_a_bye_of_the_caller_ends_a_call_that_only_rings(self, wire: Wire) -> None:
        server = wire.side("server")
        server.on_call = lambda side, session: side.do(Ring(), session)
        wire.inject(request("INVITE", branch="z9hG4bKa"), server, PEER)
        bye = request("BYE", branch="z9hG4bKb", number=2, to_tag=str(server.calls[0]))
        wire.inject(bye, server, PEER)
        assert server.sent() == ["180 INVITE", "200 BYE", "487 INVITE"]
        assert isinstance(server.facts[-1], Ended)


class TestRoutes:
    def test_the_called_side_follows_the_recorded_route_in_order(self, wire: Wire, answer: bytes) -> None:
        server = wire.side("server")
        server.on_call = lambda side, session: side.do(Accept(answer), session)
        route = "Record-Route: <sip:127.0.0.1:5081;lr>, <sip:127.0.0.1:5082;lr>\nContent-Length"
        invite = request("INVITE", branch="z9hG4bKa").replace("Content-Length", route)
        wire.inject(invite, server, PEER)
        assert wire.log[-1].header("Record-Route") == "<sip:127.0.0.1:5081;lr>, <sip:127.0.0.1:5082;lr>"
        wire.inject(request("ACK", branch="z9hG4bKb", to_tag=str(server.calls[0])), server, PEER)
        server.do(HangUp())
        bye = wire.log[-1].request
        assert (bye.method, bye.uri) == ("BYE", "sip:x@127.0.0.1:5070")
        assert bye.headers.get_all("Route") == ("<sip:127.0.0.1:5081;lr>", "<sip:127.0.0.1:5082;lr>")

    def test_a_strict_router_gets_the_request_uri_and_the_target_travels_last(
        self, wire: Wire, answer: bytes
    ) -> None:
        server = wire.side("server")
        server.on_call = lambda side, session: side.do(Accept(answer), session)
        route = "Record-Route: <sip:127.0.0.1:5081>\nRecord-Route: <sip:127.0.0.1:5082;lr>\nContent-Length"
        wire.inject(request("INVITE", branch="z9hG4bKa").replace("Content-Length", route), server, PEER)
        wire.inject(request("ACK", branch="z9hG4bKb", to_tag=str(server.calls[0])), server, PEER)
        server.do(HangUp())
        bye = wire.log[-1].request
        assert bye.uri == "sip:127.0.0.1:5081"
        assert bye.headers.get_all("Route") == ("<sip:127.0.0.1:5082;lr>", "<sip:x@127.0.0.1:5070>")

    def test_a_contact_with_a_host_name_is_reached_where_the_peer_is(self, wire: Wire, answer: bytes) -> None:
        server = wire.side("server")
        caller = wire.side("phone")
        server.on_call = lambda side, session: side.do(Accept(answer), session)
        invite = request("INVITE", branch="z9hG4bKa").replace("<sip:x@127.0.0.1:5070>", "<sip:x@pc.invalid>")
        wire.inject(invite, server, caller.hop)
        wire.inject(request("ACK", branch="z9hG4bKb", to_tag=str(server.calls[0])), server, caller.hop)
        server.do(HangUp())
        wire.run(1)
        assert server.sent()[-1] == "BYE"
        assert caller.sent() == ["481 BYE"]

    def test_a_private_contact_of_a_public_peer_is_reached_through_its_nat(
        self, wire: Wire, answer: bytes
    ) -> None:
        server, phone = wire.side("server"), wire.side("phone", host="8.8.8.8")
        server.on_call = lambda side, session: side.do(Accept(answer), session)
        invite = request("INVITE", branch="z9hG4bKa").replace("x@127.0.0.1:5070>", "x@192.168.1.7:5070>")
        wire.inject(invite, server, phone.hop)
        wire.inject(request("ACK", branch="z9hG4bKb", to_tag=str(server.calls[0])), server, phone.hop)
        server.do(HangUp())
        wire.run(1)
        assert phone.sent() == ["481 BYE"]
        assert wire.log[-2].request.uri == "sip:x@192.168.1.7:5070"

    def test_finding_36_a_nat_that_gives_another_port_in_mid_call_still_gets_our_bye(
        self, wire: Wire, answer: bytes
    ) -> None:
        server, phone = wire.side("server"), wire.side("phone", host="192.0.2.8")
        server.on_call = lambda side, session: side.do(Accept(answer), session)
        invite = request("INVITE", branch="z9hG4bKa").replace("127.0.0.1:5070", "192.168.1.7:5070")
        elsewhere = Hop(Transport.UDP, phone.hop.host, phone.hop.port + 1000)
        wire.inject(invite, server, elsewhere)
        tag = str(server.calls[0])
        wire.inject(request("ACK", branch="z9hG4bKb", to_tag=tag), server, elsewhere)
        wire.inject(request("INFO", branch="z9hG4bKc", to_tag=tag, number=2), server, phone.hop)
        server.do(HangUp())
        wire.run(1)
        assert phone.sent() == ["481 BYE"]

    @pytest.mark.parametrize("routes", ["<<<", ", ".join(["<sip:a@127.0.0.1;lr>"] * 71)])
    def test_a_route_that_no_dialog_can_have_is_refused_before_a_call_begins(
        self, wire: Wire, routes: str
    ) -> None:
        server = wire.side("server")
        invite = request("INVITE", branch="z9hG4bKa").replace(
            "Content-Length", f"Record-Route: {routes}\nContent-Length"
        )
        with pytest.raises(SipSyntaxError) as refused:
            wire.inject(invite, server, PEER)
        assert refused.value.status == 400
        assert refused.value.request is not None
        assert server.calls == []

    def test_an_answer_with_a_broken_route_is_dropped_and_a_good_one_still_counts(
        self, wire: Wire, answer: bytes
    ) -> None:
        caller = wire.side("caller")
        caller.invite(PEER)
        sent = wire.log[-1].request
        good = response_to(sent, 200, to_tag="t", extra=(("Contact", "<sip:a@127.0.0.1>"),), body=answer)
        bad = good.with_headers(good.headers.extending((("Record-Route", "<<<"),)))
        with pytest.raises(SipSyntaxError):
            wire.inject(bad.to_bytes(), caller, PEER)
        wire.inject(good.to_bytes(), caller, PEER)
        assert caller.facts == [Answered(answer)]

    @pytest.mark.parametrize("contact", ["<sips:x@127.0.0.1:5070>", "<sip:x@127.0.0.1;transport=tls>"])
    def test_a_contact_over_a_transport_that_is_not_spoken_breaks_nothing(
        self, wire: Wire, answer: bytes, contact: str
    ) -> None:
        server = wire.side("server")
        server.on_call = lambda side, session: side.do(Accept(answer), session)
        invite = request("INVITE", branch="z9hG4bKa").replace("<sip:x@127.0.0.1:5070>", contact)
        wire.inject(invite, server, PEER)
        wire.inject(request("ACK", branch="z9hG4bKb", to_tag=str(server.calls[0])), server, PEER)
        server.do(HangUp())
        assert server.sent()[-1] == "BYE"

    def test_a_reinvite_moves_the_target_of_later_requests(
        self, wire: Wire, offer: bytes, answer: bytes
    ) -> None:
        server = wire.side("server")
        server.on_call = lambda side, session: side.do(Accept(answer), session)
        wire.inject(request("INVITE", branch="z9hG4bKa"), server, PEER)
        tag = str(server.calls[0])
        wire.inject(request("ACK", branch="z9hG4bKb", to_tag=tag), server, PEER)
        again = request("INVITE", branch="z9hG4bKc", number=2, to_tag=tag)
        wire.inject(again.replace("<sip:x@127.0.0.1:5070>", "<sip:x@127.0.0.1:5099>"), server, PEER)
        server.do(HangUp())
        assert wire.log[-1].request.uri == "sip:x@127.0.0.1:5099"
