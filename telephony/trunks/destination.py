"""Whom to call, and the hop to call through."""

from __future__ import annotations

from dataclasses import dataclass

from telephony.registrar.bindings import Binding
from telephony.sip.hop import Hop, Transport, transport_for
from telephony.sip.uri import Uri


@dataclass(frozen=True, slots=True)
class Destination:
    """A Request-URI and where to send it."""

    uri: Uri
    hop: Hop


def destination(target: str | Uri | Binding, proxy: Hop | None = None) -> Destination:
    """A registered telephone is reached where it registered from; a URI where it says, or through the proxy.

    Raises SipSyntaxError for text that is no URI, and ValueError for a URI that cannot be called.
    """
    if isinstance(target, Binding):
        return Destination(target.contact, proxy or target.hop)
    uri = Uri.parse(target) if isinstance(target, str) else target
    if not uri.is_sip:
        raise ValueError(f"cannot call a {uri.scheme} URI")
    transport = transport_for(uri, Transport.UDP)
    return Destination(uri, proxy or Hop(transport, uri.host, uri.port or transport.default_port))
