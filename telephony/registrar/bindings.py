"""Where agents' phones are (RFC 3261 section 10.3): a pure core of bindings with an expiry.

One domain is served, so an address-of-record is the user part alone: phones write any host after it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NewType

from telephony.settings import RegistrarSettings
from telephony.sip.errors import SipSyntaxError
from telephony.sip.fields import (
    MAX_DELTA_SECONDS,
    CSeq,
    NameAddr,
    parse_cseq,
    parse_name_addrs,
    parse_number,
    unquote,
)
from telephony.sip.hop import ConnectionId, Hop
from telephony.sip.message import Request
from telephony.sip.timers import TimerHeap
from telephony.sip.uri import Uri

AddressOfRecord = NewType("AddressOfRecord", str)

_ONE_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Binding:
    """One phone of one agent.

    Requests go to `hop`, where the REGISTER came from: back through its NAT or over its connection. `contact`
    is their Request-URI. `device` names the phone from its first REGISTER to its last, however it writes its
    contact meanwhile: its instance (RFC 5626) or, without one, the contact that it came with.
    """

    aor: AddressOfRecord
    contact: Uri
    hop: Hop
    call_id: str
    cseq: int
    expires_at: float
    device: str
    instance: str | None = None

    def is_meant_by(self, contact: Uri, instance: str | None) -> bool:
        """By the rules of RFC 3261 section 19.1.4, or as the same instance at another address."""
        return (instance is not None and instance == self.instance) or self.contact.matches(contact)


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
    """A phone said good-bye, is known to be gone, or had to make room for a newer one of the same agent."""

    binding: Binding


@dataclass(frozen=True, slots=True)
class BindingExpired:
    """A phone was not heard of in time."""

    binding: Binding


RegistrarEffect = BindingAdded | BindingRefreshed | BindingRemoved | BindingExpired


@dataclass(frozen=True, slots=True)
class Outcome:
    """The response to make of it, and what changed; a refusal that somebody should see has its rule."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    effects: tuple[RegistrarEffect, ...] = ()
    rule_id: str = ""


def _whole_seconds(left_s: float) -> int:
    """Rounded up, but not for the last binary digit of a clock that has been added to and subtracted from."""
    return math.ceil(left_s - 1e-3)


def _instance_of(contact: NameAddr) -> str | None:
    """The phone's own name for itself (RFC 5626 section 4.1), with that of its flow where it has several."""
    instance = contact.params.get("+sip.instance")
    if not instance:
        return None
    flow = contact.params.get("reg-id")
    return unquote(instance) if flow is None else f"{unquote(instance)};reg-id={flow}"


class _RefusedError(Exception):
    def __init__(self, status: int, rule_id: str, *headers: tuple[str, str]) -> None:
        super().__init__(status)
        self.outcome = Outcome(status, headers, rule_id=f"registrar.{rule_id}")


@dataclass(frozen=True, slots=True)
class _Wish:
    contact: Uri
    instance: str | None
    expires_s: int

    def means(self, binding: Binding) -> bool:
        return binding.is_meant_by(self.contact, self.instance)


class Registrar:
    """All bindings. Every REGISTER must have passed `authorize` first."""

    def __init__(self, settings: RegistrarSettings) -> None:
        self.settings = settings
        self._bindings: dict[AddressOfRecord, list[Binding]] = {}
        self._count = 0
        self._flows: dict[ConnectionId, list[AddressOfRecord]] = {}
        self._deadlines: TimerHeap[AddressOfRecord] = TimerHeap()

    def users(self) -> tuple[AddressOfRecord, ...]:
        """Those with a telephone."""
        return tuple(self._bindings)

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

    def uses(self, connection: ConnectionId) -> bool:
        """Whether a phone is reached over that connection only."""
        return connection in self._flows

    def forget(self, binding: Binding) -> tuple[RegistrarEffect, ...]:
        """That phone does not answer any more; one that registered meanwhile stays."""
        return tuple(self._drop_where(binding.aor, lambda held: held == binding))

    def connection_lost(self, connection: ConnectionId) -> tuple[RegistrarEffect, ...]:
        """Phones behind it cannot be reached; they come back over a connection of their own."""
        effects: list[RegistrarEffect] = []
        for aor in set(self._flows.get(connection, ())):
            effects += self._drop_where(aor, lambda held: held.hop.connection == connection)
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
            return Outcome(400, effects=tuple(effects), rule_id="registrar.malformed")
        except _RefusedError as refused:
            return replace(refused.outcome, effects=tuple(effects))
        for wish in wishes:
            if wish.expires_s:
                until = now + wish.expires_s
                device = wish.instance or str(wish.contact)
                effects += self._put(
                    Binding(aor, wish.contact, source, call_id, cseq.number, until, device, wish.instance)
                )
            else:
                effects += self._drop_where(aor, wish.means)
        effects += self._make_room(aor)
        return Outcome(200, self._contacts(aor, now), tuple(effects))

    def _wishes(self, request: Request, held: tuple[Binding, ...]) -> list[_Wish]:
        lines = request.headers.get_all("Contact")
        header = request.headers.get("Expires")
        default = self.settings.default_expires_s
        if header is not None:
            default = parse_number(header, MAX_DELTA_SECONDS, "Expires")
        if "*" in (line.strip() for line in lines):
            if len(lines) > 1 or header is None or default != 0:
                raise _RefusedError(400, "contact")
            return [_Wish(binding.contact, binding.instance, 0) for binding in held]
        contacts = [contact for line in lines for contact in parse_name_addrs(line)]
        if len(contacts) > self.settings.max_contacts or not all(item.uri.is_sip for item in contacts):
            raise _RefusedError(400, "contact")
        return [_Wish(each.uri, _instance_of(each), self._granted_s(each, default)) for each in contacts]

    def _granted_s(self, contact: NameAddr, default_s: int) -> int:
        wished_s = default_s
        text = contact.params.get("expires")
        if text is not None:
            try:
                wished_s = parse_number(text, MAX_DELTA_SECONDS, "expires")
            except SipSyntaxError:
                # Section 10.2.1.1: a malformed value counts as an hour.
                wished_s = _ONE_HOUR_S
        if 0 < wished_s < self.settings.min_expires_s:
            raise _RefusedError(423, "too-brief", ("Min-Expires", str(self.settings.min_expires_s)))
        return min(wished_s, self.settings.max_expires_s)

    def _check_order(self, wishes: list[_Wish], held: tuple[Binding, ...], call_id: str, cseq: CSeq) -> None:
        for binding in held:
            late = binding.call_id == call_id and cseq.number <= binding.cseq
            if late and any(wish.means(binding) for wish in wishes):
                raise _RefusedError(500, "out-of-order")

    def _check_room(self, wishes: list[_Wish], held: tuple[Binding, ...]) -> None:
        new = [wish for wish in wishes if not any(wish.means(binding) for binding in held)]
        if new and self._count + len(new) > self.settings.max_bindings:
            raise _RefusedError(503, "full", ("Retry-After", "60"))

    def _put(self, binding: Binding) -> list[RegistrarEffect]:
        """Takes the place of whatever it matches, and the name of the one of them that was heard last."""
        held = self._bindings.get(binding.aor, [])
        replaced = [other for other in held if other.is_meant_by(binding.contact, binding.instance)]
        kept = [other for other in held if other not in replaced]
        if replaced:
            binding = replace(binding, device=replaced[-1].device)
        self._bindings[binding.aor] = [*kept, binding]
        self._note(binding, *replaced)
        self._deadlines.add(binding.expires_at, binding.aor)
        gone: list[RegistrarEffect] = [BindingRemoved(other) for other in replaced[:-1]]
        return [*gone, BindingRefreshed(binding) if replaced else BindingAdded(binding)]

    def _note(self, put: Binding | None, *gone: Binding) -> None:
        """Keeps the count, and who is behind which connection."""
        self._count += (put is not None) - len(gone)
        if put is not None and put.hop.connection is not None:
            self._flows.setdefault(put.hop.connection, []).append(put.aor)
        for binding in gone:
            connection = binding.hop.connection
            if connection is not None:
                self._flows[connection].remove(binding.aor)
                if not self._flows[connection]:
                    del self._flows[connection]

    def _drop_where(self, aor: AddressOfRecord, applies: Callable[[Binding], bool]) -> list[RegistrarEffect]:
        gone = [binding for binding in self._bindings.get(aor, ()) if applies(binding)]
        return self._drop(aor, gone, BindingRemoved)

    def _make_room(self, aor: AddressOfRecord) -> list[RegistrarEffect]:
        # A softphone that crashes comes back at another port each time: the oldest entry is the dead one, and
        # refusing the new one would lock its agent out.
        held = self._bindings.get(aor, [])
        return self._drop(aor, held[: max(0, len(held) - self.settings.max_contacts)], BindingRemoved)

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
        self._note(None, *gone)
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
