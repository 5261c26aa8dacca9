"""Dialogs: what two user agents agree on about who they are and where requests go (RFC 3261 section 12)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Self

from telephony.sip.errors import SipSyntaxError
from telephony.sip.fields import NameAddr, parse_name_addrs, split_list
from telephony.sip.hop import Hop, is_address, transport_for
from telephony.sip.message import Headers, Message, Request, Response
from telephony.sip.received import ReceivedRequest, ReceivedResponse
from telephony.sip.uri import Uri

MAX_FORWARDS = "70"


class DialogState(Enum):
    """Early until a 2xx."""

    EARLY = "early"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class DialogId:
    """The three values that name a dialog at one of its ends (an RFC 2543 peer has no tag)."""

    call_id: str
    local_tag: str
    remote_tag: str | None


@dataclass(slots=True)
class Dialog:
    """One dialog. `peer` is where the other side's messages come from; Contact and routes come before it,
    unless the peer is `behind_nat`: then only the way its messages come leads back to it.
    """

    ident: DialogId
    state: DialogState
    local: NameAddr
    remote: NameAddr
    remote_target: Uri
    route_set: tuple[NameAddr, ...]
    local_cseq: int
    remote_cseq: int | None
    peer: Hop
    behind_nat: bool = False

    @classmethod
    def as_server(cls, invite: ReceivedRequest, local_tag: str) -> Self:
        """Section 12.1.1: the route set in the order of the Record-Route."""
        return cls(
            DialogId(invite.call_id, local_tag, invite.from_.tag),
            DialogState.EARLY,
            invite.to.with_tag(local_tag),
            invite.from_,
            contact_of(invite.request) or invite.from_.uri,
            _record_route(invite.request),
            0,
            invite.cseq.number,
            invite.source,
            behind_nat=_is_behind_nat(invite),
        )

    @classmethod
    def as_client(cls, answer: ReceivedResponse, invite_target: Uri) -> Self:
        """Section 12.1.2: the route set reversed. The answer has a To tag and is no 100."""
        local_tag = answer.from_.tag or ""
        return cls(
            DialogId(answer.call_id, local_tag, answer.to.tag),
            DialogState.EARLY if answer.status < 200 else DialogState.CONFIRMED,
            answer.from_,
            answer.to,
            contact_of(answer.response) or invite_target,
            _record_route(answer.response)[::-1],
            answer.cseq.number,
            None,
            answer.source,
        )

    def confirm(self, answer: ReceivedResponse) -> None:
        """Section 13.2.2.4: the 2xx confirms the early dialog and its route set is the final one."""
        self.state = DialogState.CONFIRMED
        self.route_set = _record_route(answer.response)[::-1]
        self.refresh_target(answer.response)

    def refresh_target(self, message: Message) -> None:
        """Section 12.2: re-INVITEs and their 2xx may move the other side's Contact, never the route set."""
        self.remote_target = contact_of(message) or self.remote_target

    def hear(self, received: ReceivedRequest) -> None:
        """A NAT may give the peer another port in mid-call: what comes last counts."""
        self.peer = received.source

    def in_order(self, received: ReceivedRequest) -> bool:
        """Whether the request's CSeq may come now; a lower one gets a 500 (section 12.2.2)."""
        number = received.cseq.number
        if self.remote_cseq is not None and number < self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def request(
        self, method: str, extra: tuple[tuple[str, str], ...] = (), body: bytes = b"", cseq: int | None = None
    ) -> Request:
        """A request within the dialog, without the Via that its transport gives it (section 12.2.1.1).

        It takes the next number, unless that of the INVITE it acknowledges is given.
        """
        if cseq is None:
            self.local_cseq += 1
            cseq = self.local_cseq
        uri, routes = self._routing()
        items = [("Route", str(route)) for route in routes]
        items += [
            ("Max-Forwards", MAX_FORWARDS),
            ("From", str(self.local)),
            ("To", str(self.remote)),
            ("Call-ID", self.ident.call_id),
            ("CSeq", f"{cseq} {method}"),
            *extra,
        ]
        return Request(method, str(uri), Headers(tuple(items)), body)

    def sent(self, request: Request) -> bool:
        """Whether a request with our From is of this dialog: forks of one INVITE differ in their tag only."""
        return request.headers.get("To") == str(self.remote)

    def next_hop(self) -> Hop:
        """The first route, strict or loose, else the remote target."""
        if self.route_set:
            return hop_to(self.route_set[0].uri, self.peer)
        return self.peer if self.behind_nat else hop_to(self.remote_target, self.peer)

    def _routing(self) -> tuple[Uri, tuple[NameAddr, ...]]:
        if not self.route_set or "lr" in self.route_set[0].uri.params:
            return self.remote_target, self.route_set
        # A strict router takes the Request-URI; the target travels as the last Route.
        target = NameAddr(None, self.remote_target)
        return self.route_set[0].uri, (*self.route_set[1:], target)


def _is_behind_nat(invite: ReceivedRequest) -> bool:
    """Whether the sender, with no proxy between us, writes another address than its messages come from."""
    via, source = invite.via.host, invite.source.host
    if via == source or via == source.removeprefix("::ffff:") or not is_address(via):
        return False
    return sum(len(split_list(line)) for line in invite.request.headers.get_all("Via")) == 1


def hop_to(uri: Uri, peer: Hop) -> Hop:
    """Where to send for that URI; for a host name, which nobody looks up in mid-call, where the peer is."""
    if not is_address(uri.host) or (_is_global(peer.host) and not _is_global(uri.host)):
        # Neither can an address behind the peer's NAT be reached from here.
        return peer
    transport = transport_for(uri, peer.transport)
    # The connection a TCP peer opened is reused, for what it listens on may be behind a firewall (RFC 5923).
    connection = peer.connection if transport is peer.transport else None
    return Hop(transport, uri.host, uri.port or transport.default_port, connection)


@lru_cache(maxsize=1024)
def _is_global(address: str) -> bool:
    return is_address(address) and ipaddress.ip_address(address).is_global


def contact_of(message: Message) -> Uri | None:
    """The URI of its first Contact, if there is one that can be read."""
    value = message.headers.get("Contact")
    if value is None or value == "*":
        return None
    try:
        uri = parse_name_addrs(value)[0].uri
    except SipSyntaxError:
        return None
    return uri if uri.is_sip else None


def _record_route(message: Request | Response) -> tuple[NameAddr, ...]:
    lines = message.headers.get_all("Record-Route")
    if not lines:
        return ()
    return tuple(route for line in lines for route in parse_name_addrs(line))
