"""The transaction layer: finds the transaction a message belongs to, and owns all their timers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from telephony.sip.client import Client
from telephony.sip.hop import DEFAULT_PORT, Hop
from telephony.sip.invite_client import InviteClient
from telephony.sip.invite_server import InviteServer
from telephony.sip.message import Request, Response
from telephony.sip.received import ReceivedRequest, ReceivedResponse
from telephony.sip.server import Server
from telephony.sip.timers import Timer, TimerHeap, TimerValues
from telephony.sip.transaction_events import (
    Effect,
    RequestArrived,
    ResponseArrived,
    StartTimer,
    Terminated,
    TimerFired,
    TransactionId,
    TransportFailed,
    UserResponds,
)

MAGIC_COOKIE = "z9hG4bK"
STATELESS = TransactionId("")
"""Stands where a message belongs to no transaction: the ACK of a 2xx."""

MergeKey = tuple[str, str | None, int, str]


def server_transaction(request: ReceivedRequest, method: str) -> TransactionId:
    """The id of the server transaction of that method which the request matches (section 17.2.3)."""
    via = request.via
    branch = via.branch or ""
    if branch.startswith(MAGIC_COOKIE) and len(branch) > len(MAGIC_COOKIE):
        return TransactionId(f"s {method} {branch} {via.host.lower()}:{via.port or DEFAULT_PORT}")
    # RFC 2543 peers: Request-URI, From tag, Call-ID, CSeq number and top Via. The To tag is left out, as only
    # the ACK has it and a number is used once in a dialog.
    parts = (request.request.uri, request.from_.tag, request.call_id, request.cseq.number, via)
    return TransactionId(f"s {method} " + " ".join(map(str, parts)))


def _client_transaction(branch: str, method: str) -> TransactionId:
    return TransactionId(f"c {method} {branch}")


@dataclass(slots=True)
class TransactionLayer:
    """All transactions of one user agent; how many there may be is decided by whoever opens them."""

    values: TimerValues = field(default_factory=TimerValues)
    _servers: dict[TransactionId, InviteServer | Server] = field(default_factory=dict)
    _clients: dict[TransactionId, InviteClient | Client] = field(default_factory=dict)
    _merged: dict[MergeKey, TransactionId] = field(default_factory=dict)
    _merge_keys: dict[TransactionId, MergeKey] = field(default_factory=dict)
    _heap: TimerHeap[tuple[TransactionId, Timer]] = field(default_factory=TimerHeap)

    def __len__(self) -> int:
        return len(self._servers) + len(self._clients)

    def next_timer(self) -> float | None:
        return self._heap.next()

    def fire(self, now: float) -> Iterator[Effect]:
        for ident, timer in self._heap.due(now):
            yield from self._tell(ident, TimerFired(timer), now)

    def match(self, received: ReceivedRequest) -> tuple[TransactionId, bool]:
        """The server transaction of a request, and whether it exists; that of an ACK is its INVITE's."""
        method = "INVITE" if received.method == "ACK" else received.method
        ident = server_transaction(received, method)
        return ident, ident in self._servers

    def came_twice(self, received: ReceivedRequest) -> bool:
        """Section 8.2.2.2: the same request came over another path; asked only of what matches nothing."""
        return self._merge_key(received) in self._merged

    def repeat(self, ident: TransactionId, received: ReceivedRequest, now: float) -> list[Effect]:
        """A request that matched that transaction; PassToUser in the answer is about this very request."""
        return self._keep(ident, self._servers[ident].handle(RequestArrived(received.request), now))

    def open(self, ident: TransactionId, received: ReceivedRequest, now: float) -> list[Effect]:
        """Begins the server transaction of a request that matched none."""
        kind = InviteServer if received.method == "INVITE" else Server
        server = kind(ident, received.request, received.reply_to, self.values)
        self._servers[ident] = server
        merge_key = self._merge_key(received)
        if merge_key is not None:
            self._merged[merge_key] = ident
            self._merge_keys[ident] = merge_key
        return self._keep(ident, server.start(now))

    def forget(self, ident: TransactionId) -> None:
        """Ends a server transaction early: a repetition of its request is a new one."""
        self._forget(ident)

    def abandon(self, branch: str) -> list[Effect]:
        """Ends the INVITE with that branch, which got no final response after its CANCEL (section 9.1)."""
        ident = _client_transaction(branch, "INVITE")
        client = self._clients.get(ident)
        return [] if client is None else self._keep(ident, [Terminated(ident)])

    def receive_response(self, received: ReceivedResponse, now: float) -> list[Effect]:
        """Section 17.1.3: matched by the branch we chose and the method; what matches nothing is dropped."""
        ident = _client_transaction(received.via.branch or "", received.cseq.method)
        client = self._clients.get(ident)
        if client is None:
            return []
        return self._keep(ident, client.handle(ResponseArrived(received.response), now))

    def send(self, request: Request, branch: str, to: Hop, now: float) -> tuple[TransactionId, list[Effect]]:
        """Starts a client transaction; the request's top Via carries that branch."""
        ident = _client_transaction(branch, request.method)
        kind = InviteClient if request.method == "INVITE" else Client
        client = kind(ident, request, to, self.values)
        self._clients[ident] = client
        return ident, self._keep(ident, client.start(now))

    def respond(self, ident: TransactionId, response: Response, now: float) -> list[Effect]:
        server = self._servers.get(ident)
        return [] if server is None else self._keep(ident, server.handle(UserResponds(response), now))

    def cancelled_by(self, cancel: ReceivedRequest) -> TransactionId | None:
        """The INVITE transaction a CANCEL is about, with or without a final response (section 9.2)."""
        ident = server_transaction(cancel, "INVITE")
        return ident if ident in self._servers else None

    def transport_failed(self, to: Hop, now: float) -> list[Effect]:
        """Every transaction that sends there learns it (section 18.4)."""
        effects: list[Effect] = []
        for held in (self._clients, self._servers):
            stranded = [ident for ident, transaction in held.items() if transaction.to == to]
            for ident in stranded:
                effects += self._tell(ident, TransportFailed(), now)
        return effects

    def _tell(self, ident: TransactionId, event: TimerFired | TransportFailed, now: float) -> list[Effect]:
        transaction = self._servers.get(ident) or self._clients.get(ident)
        return [] if transaction is None else self._keep(ident, transaction.handle(event, now))

    def _merge_key(self, received: ReceivedRequest) -> MergeKey | None:
        # "The UAS core MUST check [...] if the request has no tag in the To header field." A CANCEL shares
        # everything with its INVITE but the method, which the CSeq names.
        if received.to.tag is not None:
            return None
        return (received.call_id, received.from_.tag, received.cseq.number, received.method)

    def _keep(self, ident: TransactionId, effects: list[Effect]) -> list[Effect]:
        """Carries out what concerns the layer itself and lets the rest through."""
        outward: list[Effect] = []
        for effect in effects:
            match effect:
                case StartTimer(timer, at):
                    self._heap.add(at, (ident, timer))
                case Terminated():
                    self._forget(ident)
                    outward.append(effect)
                case _:
                    outward.append(effect)
        return outward

    def _forget(self, ident: TransactionId) -> None:
        if self._clients.pop(ident, None) is None:
            self._servers.pop(ident, None)
            merge_key = self._merge_keys.pop(ident, None)
            if merge_key is not None:
                self._merged.pop(merge_key, None)
