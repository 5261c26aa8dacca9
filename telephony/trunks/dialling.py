"""What an outgoing call says and where it goes, from whom it is to reach and through which trunk (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote as escape

from telephony.registrar.bindings import Binding
from telephony.session.login import Login
from telephony.sip.fields import NameAddr
from telephony.sip.hop import Hop
from telephony.sip.uri import Uri
from telephony.trunks.destination import Destination, destination
from telephony.trunks.outbound_trunks import OutboundTrunk

_USER_SAFE = "-_.!~*'()&=+$,;?/"


@dataclass(frozen=True, slots=True)
class CallingParty:
    """Who calls: a user name at our address, or a whole address; `display` is what a phone may show."""

    address: str | NameAddr | None = None
    display: str | None = None

    def at(self, host: str, port: int) -> NameAddr:
        if isinstance(self.address, NameAddr):
            return self.address
        user = escape(self.address, safe=_USER_SAFE) if self.address else None
        return NameAddr(self.display, Uri("sip", user, host=host, port=port))


@dataclass(frozen=True, slots=True)
class Way:
    """Where an INVITE goes; the `others` are tried in turn while nobody takes it there."""

    where: Destination
    others: tuple[Hop, ...] = ()
    trunk: OutboundTrunk | None = None

    def from_(self, caller: CallingParty, own: tuple[str, int], login: Login | None) -> NameAddr:
        """Through a trunk we speak with a number of the carrier's, unless a whole address was given."""
        said = caller.at(*own)
        if self.trunk is None or isinstance(caller.address, NameAddr):
            return said
        return NameAddr(caller.display, self.trunk.uri(said.uri.user or (login.user if login else None)))


def way_to(target: str | Uri | Binding, proxy: Hop | None, trunk: OutboundTrunk | None, now: float) -> Way:
    """Raises SipSyntaxError for text that is no URI, and ValueError for a URI that cannot be called."""
    where = destination(target, proxy)
    if trunk is None:
        return Way(where)
    hops = trunk.route.hops(now)
    return Way(Destination(trunk.uri(where.uri.user), hops[0]), hops[1:], trunk)
