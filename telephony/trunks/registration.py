"""Being a telephone: keeps one address registered at somebody's registrar (RFC 3261 section 10.2)."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import Protocol

from telephony.session.login import Authorizer, Login
from telephony.sip.errors import SipSyntaxError
from telephony.sip.fields import MAX_DELTA_SECONDS, NameAddr, parse_name_addr, parse_name_addrs, parse_number
from telephony.sip.hop import Hop
from telephony.sip.message import Headers, Request, Response
from telephony.sip.transaction_events import Failure
from telephony.sip.uri import Uri

# Refreshed well before the end, so that a lost round still leaves time for another.
_REFRESH_AT = 0.6
_LEAST_REFRESH_S = 1.0


class RequestUnanswered(Exception):  # noqa: N818 - a fact, told by an exception
    """No final response came, by silence or because the other side cannot be reached."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class Registrant(Protocol):
    """What registering needs of an endpoint."""

    async def request(self, request: Request, to: Hop) -> Response:
        """The final response; raises RequestUnanswered."""

    def contact(self, peer: Hop, user: str | None = None) -> str:
        """How that peer reaches us."""


class RegistrationRefused(Exception):  # noqa: N818 - a fact, told by an exception
    """The registrar said no."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"{response.status} {response.reason}")
        self.status = response.status


@dataclass(frozen=True, slots=True)
class Account:
    """An address-of-record such as sip:alice@example.com, how to log in, and where its registrar is."""

    address: Uri
    login: Login
    registrar: Hop
    expires_s: int = 300


class Registration:
    """`register` once, then `keep` in a task of the owner, and `unregister` at the end.

    Each may raise RegistrationRefused and RequestUnanswered.
    """

    def __init__(self, endpoint: Registrant, account: Account) -> None:
        self._endpoint = endpoint
        self._account = account
        self._authorizer = Authorizer(account.login, lambda: secrets.token_hex(8))
        self._call_id = secrets.token_hex(16)
        self._tag = secrets.token_hex(8)
        self._cseq = 0
        self._wanted_s = account.expires_s
        self._granted = 0.0

    async def register(self) -> float:
        """Returns the seconds that the registrar grants."""
        response = await self._send(self._wanted_s)
        if response.status == 423:
            # Section 10.2.8: as long as the registrar wants it at least.
            self._wanted_s = _seconds(response.headers.get("Min-Expires")) or self._wanted_s
            response = await self._send(self._wanted_s)
        if response.status >= 300:
            raise RegistrationRefused(response)
        self._granted = float(self._granted_s(response))
        return self._granted

    async def keep(self) -> None:
        """Registers again and again before each end; returns only by being cancelled or by an error."""
        await self.register()
        await self.keep_on()

    async def keep_on(self) -> None:
        """The same after `register`."""
        while True:
            await asyncio.sleep(max(_LEAST_REFRESH_S, self._granted * _REFRESH_AT))
            await self.register()

    async def unregister(self) -> None:
        response = await self._send(0)
        if response.status >= 300:
            raise RegistrationRefused(response)

    async def _send(self, expires_s: int) -> Response:
        while True:
            response = await self._endpoint.request(self._request(expires_s), self._account.registrar)
            if response.status not in {401, 407} or not self._authorizer.learn(response):
                break
        if response.status < 300:
            self._authorizer.succeeded()
        return response

    def _request(self, expires_s: int) -> Request:
        account = self._account
        self._cseq += 1
        # Section 10.2: the Request-URI names the domain only.
        uri = str(Uri(account.address.scheme, host=account.address.host, port=account.address.port))
        contact = self._endpoint.contact(account.registrar, account.address.user)
        items = (
            ("Max-Forwards", "70"),
            ("From", str(NameAddr(None, account.address).with_tag(self._tag))),
            ("To", str(NameAddr(None, account.address))),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._cseq} REGISTER"),
            ("Contact", contact),
            ("Expires", str(expires_s)),
            *self._authorizer.headers("REGISTER", uri),
        )
        return Request("REGISTER", uri, Headers(items))

    def _granted_s(self, response: Response) -> int:
        ours = parse_name_addr(
            self._endpoint.contact(self._account.registrar, self._account.address.user)
        ).uri
        try:
            held = [item for line in response.headers.get_all("Contact") for item in parse_name_addrs(line)]
        except SipSyntaxError:
            held = []
        for contact in held:
            if contact.uri.matches(ours):
                return _seconds(contact.params.get("expires")) or self._wanted_s
        return _seconds(response.headers.get("Expires")) or self._wanted_s


def _seconds(text: str | None) -> int | None:
    try:
        return None if text is None else parse_number(text, MAX_DELTA_SECONDS, "seconds")
    except SipSyntaxError:
        return None
