"""Who is not listened to for a while: sources that do nothing but what is refused (pure).

A ban is for machines that try numbers and passwords. It never hits a trunk, a source that phones are
registered from, or one that a call of ours runs with: who sits behind one NAT with a scanner goes on.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from telephony.settings import AdmissionSettings

_WINDOW_S = 60.0
_MAX_SOURCES = 4096
_TRUSTED_FOR_S = 3600.0

# How heavy a refusal weighs, by its rule: what an honest peer may meet by mistake weighs nothing.
_WEIGHTS = {
    "source.unknown": 1,
    "trunk.not-allowed": 1,
    "registrar.not-allowed": 1,
    "sip.unreadable": 1,
    "login.nobody": 1,
    "login.wrong-password": 5,
    "login.forged-nonce": 5,
    "login.malformed": 5,
    "login.other-user": 5,
}


@dataclass(slots=True)
class _Record:
    """One source: its offences since `since`, how often it was banned, and until when it is."""

    since: float
    offences: int = 0
    bans: int = 0
    until: float = 0.0


class Bans:
    """Each ban of one source in a row lasts twice as long. What is remembered is bounded."""

    def __init__(self, settings: AdmissionSettings) -> None:
        self._settings = settings
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self._trusted: OrderedDict[str, float] = OrderedDict()

    def reconfigure(self, settings: AdmissionSettings) -> None:
        self._settings = settings

    def trust(self, source: str, now: float) -> None:
        """A phone logged in from there, or a call of ours runs with it: for an hour there is no ban."""
        self._trusted[source] = now + _TRUSTED_FOR_S
        self._trusted.move_to_end(source)
        if len(self._trusted) > _MAX_SOURCES:
            self._trusted.popitem(last=False)
        self._records.pop(source, None)

    def forgive(self, source: str) -> None:
        """The settings know it now: what it did before was no offence."""
        self._records.pop(source, None)

    def offended(self, source: str, rule_id: str, now: float) -> bool:
        """Counts one refusal; True when that source is banned from now on."""
        weight = _WEIGHTS.get(rule_id, 0)
        if not weight or self._trusted.get(source, 0.0) > now:
            return False
        record = self._records.get(source)
        if record is None:
            record = self._records[source] = _Record(now)
            self._make_room()
        if record.until > now:
            return False
        if now - record.since > _WINDOW_S:
            record.since, record.offences = now, 0
        record.offences += weight
        if record.offences < self._settings.ban_after:
            return False
        record.bans += 1
        record.until = now + min(
            self._settings.longest_ban_s, self._settings.ban_s * 2 ** min(record.bans - 1, 20)
        )
        record.since, record.offences = record.until, 0
        self._records.move_to_end(source)
        return True

    def holds(self, source: str, now: float) -> bool:
        record = self._records.get(source)
        return record is not None and record.until > now

    def active(self, now: float) -> tuple[str, ...]:
        """Those that are banned now, the latest first."""
        return tuple(source for source, each in reversed(self._records.items()) if each.until > now)

    def next_end(self, now: float) -> float | None:
        """When the first of the bans ends."""
        return min((each.until for each in self._records.values() if each.until > now), default=None)

    def _make_room(self) -> None:
        if len(self._records) > _MAX_SOURCES:
            # Whoever was neither banned nor seen for longest goes; spoofed sources are without number.
            self._records.popitem(last=False)
