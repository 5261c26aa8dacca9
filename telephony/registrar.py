"""Where agents' phones are (RFC 3261 section 10.3): a pure core of bindings with an expiry.

One domain is served, so an address-of-record is the user part alone: phones write any host after it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NewType
from urllib.parse import unquote as unescape

from telephony.settings import RegistrarSettings
from telephony.sip.digest import Algorithm, Challenge, Secret
from telephony.sip.digest_server import Authenticated, DigestServer
from telephony.sip.errors import SipSyntaxError
from telephony.sip.fields import (
    MAX_DELTA_SECONDS,
    CSeq,
    NameAddr,
    parse_cseq,
    parse_name_addr,
    parse_name_addrs,
    parse_number,
)
from telephony.sip.hop import Hop
from telephony.sip.message import Request
from telephony.sip.timers import TimerHeap
from telephony.sip.uri import Uri

AddressOfRecord = NewType("AddressOfRecord", str)

_ONE_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Binding:
    """One phone of one agent.

    Requests go to `hop`, where the REGISTER came from: back through its NAT or over its connection. `contact`
    is their Request-URI.
    """

    aor: AddressOfRecord
    contact: Uri
    hop: Hop
    call_id: str
    cseq: int
    expires_at: float


@dataclass(frozen=True, slots=True)
class BindingAdded:
    """A phone came."""

    binding: Binding


@dataclass(frozen=True, slots=True)
class BindingRefreshed:
    """A phone stays, perhaps at another hop."""

    binding: Binding


@dataclass(frozen=True, slots=True)
class BindingRemoved:
    """A phone said good-bye, or had to make room for a newer one of the same agent."""

    binding: Binding


@dataclass(frozen=True, slots=True)
class BindingExpired:
    """A phone was not heard of in time."""

    binding: Binding


RegistrarEffect = BindingAdded | BindingRefreshed | BindingRemoved | BindingExpired


@dataclass(frozen=True, slots=True)
class Outcome:
    """The response to make of it, and what changed."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    effects: tuple[RegistrarEffect, ...] = ()


@dataclass(frozen=True, slots=True)
class Authorized:
    """The sender may change the bindings of `aor`."""

    aor: AddressOfRecord


def authorize(
    request: Request,
    digest: DigestServer,
    secret_of: Callable[[str], Secret | None],
    now: float,
    md5_only: tuple[str, ...] = (),
) -> Authorized | Outcome:
    """Who registers, by digest: only the user named in To, for that user's own address.

    `md5_only` are beginnings of User-Agent: phones that give up at a challenge they do not know.
    """
    try:
        aor = _address_of_record(parse_name_addr(request.headers.get("To") or "").uri)
    except SipSyntaxError:
        return Outcome(400)
    values = request.headers.get_all("Authorization")
    verdict = digest.verify(values, request.method, request.uri, secret_of, now)
    if not isinstance(verdict, Authenticated):
        offered = _understood(verdict.challenges, request.headers.get("User-Agent") or "", md5_only)
        return Outcome(401, tuple(("WWW-Authenticate", str(challenge)) for challenge in offered))
    if aor is None:
        return Outcome(404)
    return Authorized(aor) if verdict.username == aor else Outcome(403)


def _understood(
    challenges: tuple[Challenge, ...], user_agent: str, md5_only: tuple[str, ...]
) -> tuple[Challenge, ...]:
    if not user_agent.startswith(md5_only):
        return challenges
    return tuple(challenge for challenge in challenges if challenge.algorithm is Algorithm.MD5)


def _whole_seconds(left_s: float) -> int:
    """Rounded up, but not for the last binary digit of a clock that has been added to and subtracted from."""
    return math.ceil(left_s - 1e-3)


class _RefusedError(Exception):
    def __init__(self, status: int, *headers: tuple[str, str]) -> None:
        super().__init__(status)
        self.outcome = Outcome(status, headers)


@dataclass(frozen=True, slots=True)
class _Wish:
    contact: Uri
    expires_s: int


class Registrar:
    """All bindings. Every REGISTER must have passed `authorize` first."""

    def __init__(self, settings: RegistrarSettings) -> None:
        self._settings = settings
        self._bindings: dict[AddressOfRecord, list[Binding]] = {}
        self._count = 0
        self._deadlines: TimerHeap[AddressOfRecord] = TimerHeap()

    def bindings(self, aor: AddressOfRecord, now: float) -> tuple[Binding, ...]:
        """Those that hold now, the one that was refreshed last at the end."""
        return tuple(binding for binding in self._bindings.get(aor, ()) if binding.expires_at > now)

    def next_expiry(self) -> float | None:
        """When to call `expire`; may be early, never late."""
        return self._deadlines.next()

    def expire(self, now: float) -> tuple[RegistrarEffect, ...]:
        effects: list[RegistrarEffect] = []
        for aor in self._deadlines.due(now):
            effects += self._expire(aor, now)
        return tuple(effects)

    def register(self, aor: AddressOfRecord, request: Request, source: Hop, now: float) -> Outcome:
        """Carries out the whole request or nothing of it."""
        effects: list[RegistrarEffect] = self._expire(aor, now)
        try:
            cseq = parse_cseq(request.headers.get("CSeq") or "")
            call_id = request.headers.get("Call-ID") or ""
            held = self.bindings(aor, now)
            wishes = self._wishes(request, held)
            self._check_order(wishes, held, call_id, cseq)
            self._check_room(wishes, held)
        except SipSyntaxError:
            return Outcome(400, effects=tuple(effects))
        except _RefusedError as refused:
            return replace(refused.outcome, effects=tuple(effects))
        for wish in wishes:
            binding = Binding(aor, wish.contact, source, call_id, cseq.number, now + wish.expires_s)
            effects += self._put(binding) if wish.expires_s else self._remove(aor, wish.contact)
        effects += self._make_room(aor)
        return Outcome(200, self._contacts(aor, now), tuple(effects))

    def _wishes(self, request: Request, held: tuple[Binding, ...]) -> list[_Wish]:
        lines = request.headers.get_all("Contact")
        header = request.headers.get("Expires")
        default = self._settings.default_expires_s
        if header is not None:
            default = parse_number(header, MAX_DELTA_SECONDS, "Expires")
        if "*" in (line.strip() for line in lines):
            if len(lines) > 1 or header is None or default != 0:
                raise _RefusedError(400)
            return [_Wish(binding.contact, 0) for binding in held]
        contacts = [contact for line in lines for contact in parse_name_addrs(line)]
        if len(contacts) > self._settings.max_contacts or not all(item.uri.is_sip for item in contacts):
            raise _RefusedError(400)
        return [_Wish(contact.uri, self._granted_s(contact, default)) for contact in contacts]

    def _granted_s(self, contact: NameAddr, default_s: int) -> int:
        wished_s = default_s
        text = contact.params.get("expires")
        if text is not None:
            try:
                wished_s = parse_number(text, MAX_DELTA_SECONDS, "expires")
            except SipSyntaxError:
                # Section 10.2.1.1: a malformed value counts as an hour.
                wished_s = _ONE_HOUR_S
        if 0 < wished_s < self._settings.min_expires_s:
            raise _RefusedError(423, ("Min-Expires", str(self._settings.min_expires_s)))
        return min(wished_s, self._settings.max_expires_s)

    def _check_order(self, wishes: list[_Wish], held: tuple[Binding, ...], call_id: str, cseq: CSeq) -> None:
        for binding in held:
            late = binding.call_id == call_id and cseq.number <= binding.cseq
            if late and any(wish.contact.matches(binding.contact) for wish in wishes):
                raise _RefusedError(500)

    def _check_room(self, wishes: list[_Wish], held: tuple[Binding, ...]) -> None:
        new = [wish for wish in wishes if not any(wish.contact.matches(binding.contact) for binding in held)]
        if new and self._count + len(new) > self._settings.max_bindings:
            raise _RefusedError(503)

    def _put(self, binding: Binding) -> list[RegistrarEffect]:
        held = self._bindings.setdefault(binding.aor, [])
        kept = [other for other in held if not other.contact.matches(binding.contact)]
        known = len(kept) < len(held)
        self._count += 1 - (len(held) - len(kept))
        self._bindings[binding.aor] = [*kept, binding]
        self._deadlines.add(binding.expires_at, binding.aor)
        return [BindingRefreshed(binding) if known else BindingAdded(binding)]

    def _remove(self, aor: AddressOfRecord, contact: Uri) -> list[RegistrarEffect]:
        gone = [other for other in self._bindings.get(aor, ()) if other.contact.matches(contact)]
        return self._drop(aor, gone, BindingRemoved)

    def _make_room(self, aor: AddressOfRecord) -> list[RegistrarEffect]:
        # A softphone that crashes comes back at another port each time: the oldest entry is the dead one, and
        # refusing the new one would lock its agent out.
        held = self._bindings.get(aor, [])
        return self._drop(aor, held[: max(0, len(held) - self._settings.max_contacts)], BindingRemoved)

    def _expire(self, aor: AddressOfRecord, now: float) -> list[RegistrarEffect]:
        gone = [binding for binding in self._bindings.get(aor, ()) if binding.expires_at <= now]
        return self._drop(aor, gone, BindingExpired)

    def _drop(
        self,
        aor: AddressOfRecord,
        gone: list[Binding],
        effect: type[BindingRemoved] | type[BindingExpired],
    ) -> list[RegistrarEffect]:
        if not gone:
            return []
        kept = [binding for binding in self._bindings[aor] if binding not in gone]
        self._count -= len(gone)
        if kept:
            self._bindings[aor] = kept
        else:
            del self._bindings[aor]
        return [effect(binding) for binding in gone]

    def _contacts(self, aor: AddressOfRecord, now: float) -> tuple[tuple[str, str], ...]:
        return tuple(
            ("Contact", f"<{binding.contact}>;expires={_whole_seconds(binding.expires_at - now)}")
            for binding in self.bindings(aor, now)
        )


def _address_of_record(uri: Uri) -> AddressOfRecord | None:
    return AddressOfRecord(unescape(uri.user)) if uri.is_sip and uri.user else None
