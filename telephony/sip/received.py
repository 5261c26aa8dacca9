"""A message as it arrived: with its source, and with the fields that everything above needs, parsed once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from telephony.sip.errors import SipSyntaxError
from telephony.sip.fields import CSeq, NameAddr, Via, parse_cseq, parse_name_addr, parse_vias
from telephony.sip.hop import Hop, Transport
from telephony.sip.message import Index, Message, Request, Response


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request whose top Via already says where it really came from; `reply_to` follows from that."""

    request: Request
    source: Hop
    reply_to: Hop
    via: Via
    cseq: CSeq
    from_: NameAddr
    to: NameAddr
    call_id: str
    method: str

    def with_body(self, body: bytes) -> ReceivedRequest:
        """The same with only that part of its body."""
        same = body is self.request.body
        return self if same else replace(self, request=replace(self.request, body=body))


@dataclass(frozen=True, slots=True)
class ReceivedResponse:
    """A response to something we sent."""

    response: Response
    source: Hop
    via: Via
    cseq: CSeq
    from_: NameAddr
    to: NameAddr
    call_id: str

    @property
    def status(self) -> int:
        return self.response.status

    def with_body(self, body: bytes) -> ReceivedResponse:
        """The same with only that part of its body."""
        same = body is self.response.body
        return self if same else replace(self, response=replace(self.response, body=body))


def received(message: Message, source: Hop) -> ReceivedRequest | ReceivedResponse:
    """Reads the fields of a message; raises SipSyntaxError when one is missing or malformed."""
    headers = message.headers
    index = headers.by_key()
    try:
        vias = parse_vias(_needed(index, "via"))
        cseq = parse_cseq(_needed(index, "cseq"))
        from_ = parse_name_addr(_needed(index, "from"))
        to = parse_name_addr(_needed(index, "to"))
        call_id = _needed(index, "call-id")
        if isinstance(message, Response):
            return ReceivedResponse(message, source, vias[0], cseq, from_, to, call_id)
    except SipSyntaxError as error:
        salvage = message if isinstance(message, Request) else None
        raise SipSyntaxError(error.reason, status=error.status, request=salvage) from error
    if cseq.method != message.method:
        raise SipSyntaxError("CSeq names another method", request=message)
    # `received` of RFC 3261 section 18.2.1 and `rport` of RFC 3581 section 4.
    via = vias[0].received_from(source.host, source.port)
    if via is not vias[0]:
        stamped = str(via) if len(vias) == 1 else ", ".join(str(item) for item in (via, *vias[1:]))
        message = Request(message.method, message.uri, headers.with_first("Via", stamped), message.body)
    return ReceivedRequest(
        message, source, _reply_to(via, source), via, cseq, from_, to, call_id, message.method
    )


def _needed(index: Index, name: str) -> str:
    values = index.get(name)
    if not values:
        raise SipSyntaxError(f"Missing {name}")
    return values[0]


def _reply_to(via: Via, source: Hop) -> Hop:
    """Where the response goes (RFC 3261 section 18.2.2, RFC 3581 section 4).

    `maddr` is left aside: it would let anybody send our responses to somebody else.
    """
    if source.transport is Transport.UDP and "rport" in via.params:
        return source
    # Over TCP the connection that the request came over; "if that connection is no longer open, the server
    # SHOULD open a connection to [...] the port from the sent-by value".
    return Hop(source.transport, source.host, via.port or source.transport.default_port, source.connection)
