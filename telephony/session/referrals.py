"""Transfers that the peer asks for: REFER and its NOTIFYs (RFC 3515, RFC 4488, RFC 5589)."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote as unescape

from telephony.session.capabilities import Extra
from telephony.session.events import Referred, Respond, SessionEffect, Tell
from telephony.session.identity import Means
from telephony.session.outbound import within
from telephony.sip.dialog import Dialog
from telephony.sip.errors import SipSyntaxError
from telephony.sip.fields import parse_name_addr
from telephony.sip.message import Request
from telephony.sip.received import ReceivedRequest
from telephony.sip.responses import reason_phrase, response_to
from telephony.sip.transaction_events import TransactionId
from telephony.sip.uri import Uri

_SIPFRAG = "message/sipfrag;version=2.0"
_MOST_AT_A_TIME = 4
_LASTS_S = 180


@dataclass(frozen=True, slots=True)
class _Refer:
    transaction: TransactionId
    received: ReceivedRequest

    @property
    def silent(self) -> bool:
        """The peer wants no NOTIFY (RFC 4488)."""
        return (self.received.request.headers.get("Refer-Sub") or "").strip().lower() == "false"


@dataclass(slots=True)
class Referrals:
    """Known by the CSeq of their REFER; each is accepted or refused once, and reported on until done."""

    dialog: Dialog
    means: Means
    contact: tuple[str, str]
    _asked: dict[int, _Refer] = field(default_factory=dict)
    _accepted: dict[int, _Refer] = field(default_factory=dict)

    def ask(self, transaction: TransactionId, received: ReceivedRequest) -> list[SessionEffect]:
        """Somebody has to decide."""
        try:
            target = refer_to(received.request)
        except SipSyntaxError:
            return [self._answer(transaction, received, 400)]
        if len(self._asked) + len(self._accepted) >= _MOST_AT_A_TIME:
            return [self._answer(transaction, received, 500, (("Retry-After", "5"),))]
        ident = received.cseq.number
        self._asked[ident] = _Refer(transaction, received)
        return [Tell(Referred(ident, *target))]

    def accept(self, ident: int) -> list[SessionEffect]:
        refer = self._asked.pop(ident, None)
        if refer is None:
            return []
        if refer.silent:
            extra = (self.contact, ("Refer-Sub", "false"))
            return [self._answer(refer.transaction, refer.received, 202, extra)]
        self._accepted[ident] = refer
        accepted = self._answer(refer.transaction, refer.received, 202, (self.contact,))
        return [accepted, self._notify(ident, 100, "active")]

    def refuse(self, ident: int, status: int) -> list[SessionEffect]:
        refer = self._asked.pop(ident, None)
        return [] if refer is None else [self._answer(refer.transaction, refer.received, status)]

    def report(self, ident: int, status: int) -> list[SessionEffect]:
        """How the call that was asked for gets on, as a SIP status; a final one ends the matter."""
        if ident not in self._accepted:
            return []
        if status < 200:
            return [self._notify(ident, status, "active")]
        notify = self._notify(ident, status, "terminated")
        del self._accepted[ident]
        return [notify]

    def drop(self) -> list[SessionEffect]:
        """The dialog ends: what was not decided is refused, and nothing more is reported."""
        refused = [self._answer(each.transaction, each.received, 487) for each in self._asked.values()]
        self._asked.clear()
        self._accepted.clear()
        return list(refused)

    def _notify(self, ident: int, status: int, state: str) -> SessionEffect:
        ends = "reason=noresource" if state == "terminated" else f"expires={_LASTS_S}"
        extra = (
            self.contact,
            ("Event", f"refer;id={ident}"),
            ("Subscription-State", f"{state};{ends}"),
            ("Content-Type", _SIPFRAG),
        )
        body = f"SIP/2.0 {status} {reason_phrase(status)}\r\n".encode()
        return within(self.dialog, self.means, self.dialog.request("NOTIFY", extra, body))

    def _answer(
        self, transaction: TransactionId, received: ReceivedRequest, status: int, extra: Extra = ()
    ) -> Respond:
        tag = self.dialog.ident.local_tag
        return Respond(transaction, response_to(received.request, status, to_tag=tag, extra=extra))


def refer_to(request: Request) -> tuple[str, str]:
    """Whom to call, and the value of a Replaces header that has to go with it; empty without one.

    Raises SipSyntaxError unless there is exactly one address that can be read.
    """
    values = request.headers.get_all("Refer-To")
    if len(values) != 1:
        raise SipSyntaxError("not exactly one Refer-To")
    uri = parse_name_addr(values[0]).uri
    replaces = ""
    for part in uri.headers.split("&"):
        name, _, value = part.partition("=")
        if name.lower() == "replaces":
            replaces = unescape(value)
    if any(mark in replaces for mark in "\r\n\0"):
        raise SipSyntaxError("line break in Replaces")
    plain = Uri(uri.scheme, uri.user, None, uri.host, uri.port, uri.params, "", uri.opaque)
    return str(plain), replaces
