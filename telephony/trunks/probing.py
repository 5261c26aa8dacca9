"""Asks the targets of a trunk by OPTIONS whether they are there, so that no caller has to find out."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

import structlog

from telephony.sip.fields import NameAddr
from telephony.sip.hop import Hop
from telephony.sip.message import Headers, Request
from telephony.sip.uri import Uri
from telephony.trunks.registration import Registrant, RequestUnanswered
from telephony.trunks.route import Route

log = structlog.get_logger(__name__)

# What a proxy says that cannot reach whom it stands for; anything else shows that somebody is there.
_NOBODY = frozenset({408, 502, 503, 504})


def options_for(domain: str, contact: str) -> Request:
    """An OPTIONS outside of any call (RFC 3261 section 11); whom it is for is the domain alone."""
    uri = Uri("sip", None, host=domain)
    us = NameAddr(None, Uri("sip", "ping", host=domain))
    items = (
        ("Max-Forwards", "70"),
        ("From", str(us.with_tag(secrets.token_hex(8)))),
        ("To", str(NameAddr(None, uri))),
        ("Call-ID", secrets.token_hex(16)),
        ("CSeq", "1 OPTIONS"),
        ("Contact", contact),
        ("Accept", "application/sdp"),
    )
    return Request("OPTIONS", str(uri), Headers(items))


class TargetProbe:
    """One trunk's targets, asked side by side. A change is told to the log, and at once to the route."""

    def __init__(
        self, trunk: str, domain: str, route: Route, registrant: Registrant, now: Callable[[], float]
    ) -> None:
        self._trunk = trunk
        self._domain = domain
        self._route = route
        self._registrant = registrant
        self._now = now

    async def keep_asking(self, every_s: float) -> None:
        """Returns only by being cancelled."""
        while True:
            await asyncio.gather(*(self.ask(hop) for hop in self._route.targets))
            await asyncio.sleep(every_s)

    async def ask(self, hop: Hop) -> bool:
        """Whether that target answers, which may take half a minute to tell."""
        try:
            request = options_for(self._domain, self._registrant.contact(hop))
            response = await self._registrant.request(request, hop)
            answers = response.status not in _NOBODY
        except RequestUnanswered:
            answers = False
        rested = self._route.rests(hop, self._now())
        if answers:
            self._route.worked(hop)
        else:
            self._route.failed(hop, self._now())
        if answers is rested:
            event = "trunk.target_answers" if answers else "trunk.target_silent"
            log.warning(event, trunk=self._trunk, hop=str(hop))
        return answers
