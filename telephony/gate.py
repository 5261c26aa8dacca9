"""What is let in: every message of no known call is judged here, as early and as cheaply as can be.

In this order: a source that is banned, a source that is nobody of ours, a method that the source may not use,
too much from phones, signalling behind its work, and for a new call the load of everything else. Each refusal
is counted; most are answered, some leave a line in the log.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from telephony.admission import STRANGER, TOO_FAST, TOO_MUCH, UNKNOWN_SOURCE, Admission, Load, Refusal
from telephony.bans import Bans
from telephony.refusals import Budget, Refusals
from telephony.settings import SipSettings
from telephony.sip.parser import call_id_in, method_in
from telephony.sip.received import ReceivedRequest
from telephony.sip.responses import reason_phrase
from telephony.standing_delay import StandingDelay

log = structlog.get_logger(__name__)

Measure = Callable[[str], Load]
"""Tells how busy everything is, for a call of the trunk of that name."""

_REMEMBERED = 0.99
# A machine that others keep busy makes the loop late, and turning calls away does not help them.
_LATENESS_WEIGHS = 0.25

BANNED = Refusal(403, "Banned for a while", "source.banned")


def _phone_requests(settings: SipSettings) -> Budget:
    limits = settings.admission
    return Budget(limits.phone_requests_per_source, limits.phone_requests_in_all)


class Gate:
    """`on_ban` is told all sources that are banned whenever they change."""

    def __init__(
        self, settings: SipSettings, measure: Measure, on_ban: Callable[[frozenset[str]], None]
    ) -> None:
        self.admission = Admission(settings)
        self.refusals = Refusals(settings.admission)
        self.bans = Bans(settings.admission)
        self.delay = StandingDelay()
        """How long datagrams wait until they are read."""
        self.lateness = StandingDelay()
        """How late the event loop is with what is due."""
        self._measure = measure
        self._on_ban = on_ban
        self._phone_requests = _phone_requests(settings)
        self._rates: dict[str, Budget] = {}
        # The share of the last hundred messages that no trunk sent.
        self._strangers = 0.0

    def reconfigure(self, settings: SipSettings, now: float) -> None:
        """A carrier that knocked before it was written down is heard at once, however long it was banned."""
        banned = {source: self.admission.source(source) for source in self.bans.active(now)}
        self.admission.reconfigure(settings)
        self.refusals.reconfigure(settings.admission)
        self.bans.reconfigure(settings.admission)
        self._phone_requests = _phone_requests(settings)
        known = [source for source, was in banned.items() if self.admission.source(source) != was]
        for source in known:
            self.bans.forgive(source)
        if known:
            self._on_ban(frozenset(self.bans.active(now)))

    def unread(self, data: bytes, host: str, knows: Callable[[str], bool], now: float) -> Refusal | None:
        """Judges by source and first word, for that costs nothing. What is of a known call comes in."""
        judged = self.admission.source(host)
        if judged.trunk is not None:
            self._strangers *= _REMEMBERED
            return self._overload(data, knows, now)
        self._strangers = self._strangers * _REMEMBERED + (1 - _REMEMBERED)
        if knows(call_id_in(data)):
            self.trust(host, now)
            return None
        if self.bans.holds(host, now):
            return BANNED
        if judged is STRANGER:
            return UNKNOWN_SOURCE
        refusal = self.admission.request(method_in(data), judged)
        if refusal is None and not self._phone_requests.take(host, now):
            return TOO_MUCH
        return refusal

    def admits(self, received: ReceivedRequest, now: float) -> Refusal | None:
        """Judges a request that belongs to no call, before anything is remembered of it."""
        source = self.admission.source(received.source.host)
        refusal = self.admission.request(received.method, source)
        if refusal is not None or received.method != "INVITE":
            return refusal
        trunk = source.trunk or ""
        return self.admission.call(self._measure(trunk)) or self._too_fast(trunk, now)

    def trust(self, host: str, now: float) -> None:
        """Somebody of ours is there: no ban for an hour; one that holds is over, for datagrams too."""
        banned = self.bans.holds(host, now)
        self.bans.trust(host, now)
        if banned:
            self._on_ban(frozenset(self.bans.active(now)))

    def note(self, refusal: Refusal, host: str, now: float) -> None:
        """A refusal that is answered by whoever made it: counted, with a line about it if there is room."""
        self.refusals.counts[refusal.rule_id] += 1
        self._write_line(refusal, host, now)
        self._blame(refusal, host, now)

    def may_answer(self, refusal: Refusal, host: str, now: float) -> bool:
        """Counts a refusal of ours; whether its sender is told."""
        self._write_line(refusal, host, now)
        self._blame(refusal, host, now)
        trusted = self.admission.source(host).trunk is not None
        return self.refusals.may_answer(refusal.rule_id, host, now, trusted=trusted)

    def lift_bans(self, now: float) -> None:
        """Those that are over."""
        self._on_ban(frozenset(self.bans.active(now)))

    def _overload(self, data: bytes, knows: Callable[[str], bool], now: float) -> Refusal | None:
        # What strangers keep waiting is not helped by turning the trunk's calls away.
        if self._strangers > 0.5:
            return None
        behind_s = max(self.delay.delay_s(now), self.lateness.delay_s(now) * _LATENESS_WEIGHS)
        refusal = self.admission.signalling(behind_s)
        if refusal is None or method_in(data) != "INVITE" or knows(call_id_in(data)):
            return None
        return refusal

    def _too_fast(self, trunk: str, now: float) -> Refusal | None:
        most = self.admission.rate_of(trunk)
        if most is None:
            return None
        rate = self._rates.get(trunk)
        if rate is None or rate.in_all != most:
            rate = self._rates[trunk] = Budget(most, most)
        return None if rate.take(trunk, now) else TOO_FAST

    def _blame(self, refusal: Refusal, host: str, now: float) -> None:
        if self.admission.source(host).trunk is None and self.bans.offended(host, refusal.rule_id, now):
            self.refusals.counts[BANNED.rule_id] += 1
            self._write_line(BANNED, host, now)
            self._on_ban(frozenset(self.bans.active(now)))

    def _write_line(self, refusal: Refusal, host: str, now: float) -> None:
        line = self.refusals.line(refusal.rule_id, host, now)
        if line is not None:
            log.warning(
                "sip.refused",
                rule_id=line.rule_id,
                source=host,
                status=refusal.status,
                reason=refusal.reason or reason_phrase(refusal.status),
                unlogged=line.unlogged,
            )
