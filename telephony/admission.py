"""Who may say what to us, and whether one more call fits: the one place that refuses (pure).

A source is judged by its address alone, before anything it sent is read; an INVITE by the load, before any
state is made for it. The messages of calls that are known come in whatever the load.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address

from telephony.sdp.offer_answer import Codec, MediaProfile
from telephony.settings import AdmissionSettings, RegistrarSettings, SipSettings, TrunkSettings

_MAX_JUDGED = 8192


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: what the peer is told, and the rule that says so, for log and metrics.

    With an empty `reason` the phrase is that of RFC 3261 for the status.
    """

    status: int
    reason: str
    rule_id: str
    retry_after_s: int | None = None
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What goes with the status."""
        if self.retry_after_s is None:
            return self.extra
        return (*self.extra, ("Retry-After", str(self.retry_after_s)))


@dataclass(frozen=True, slots=True)
class Load:
    """How busy everything is at one moment; `trunk_calls` are those of the trunk that the call comes from.

    `tick_share` is the part of a tick's time that the audio engine needs, `journal_share` the part of the
    journal's room that is taken: both from 0 to 1, and more than 1 when it is too late.
    """

    calls: int
    max_calls: int
    trunk: str = ""
    trunk_calls: int = 0
    tick_share: float = 0.0
    journal_share: float = 0.0
    recorder_ready: bool = True
    draining: bool = False


class Standing(Enum):
    """What an address may say to us beyond messages of calls that are known."""

    TRUNK = "trunk"
    PHONE = "phone"
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of an address: the trunk it belongs to, and whether phones may register from it."""

    trunk: str | None
    phone: bool

    @property
    def standing(self) -> Standing:
        if self.trunk is not None:
            return Standing.TRUNK
        return Standing.PHONE if self.phone else Standing.STRANGER


STRANGER = Source(None, phone=False)
_PLAIN = MediaProfile()

TOO_FAST = Refusal(503, "Too many calls a second of this trunk", "load.trunk-rate", retry_after_s=1)
NOT_ALLOWED = Refusal(403, "Not a trunk of ours", "trunk.not-allowed")
NO_PHONE = Refusal(403, "Phones do not register from there", "registrar.not-allowed")
TOO_MUCH = Refusal(503, "Too many requests from phones", "load.phones", retry_after_s=5)
UNKNOWN_SOURCE = Refusal(403, "Unknown source", "source.unknown")


class Admission:
    """Judges by settings that `reconfigure` exchanges whole; what it remembers of addresses is bounded."""

    def __init__(self, settings: SipSettings) -> None:
        self.reconfigure(settings)

    def reconfigure(self, settings: SipSettings) -> None:
        self._limits: AdmissionSettings = settings.admission
        self._trunks = {trunk.name: trunk for trunk in settings.trunks}
        self._phones = settings.registrar.networks
        self._profiles = {trunk.name: _profile(trunk) for trunk in settings.trunks}
        self._phone_profile = _profile(settings.registrar)
        self._judged: dict[str, Source] = {}

    def source(self, address: str) -> Source:
        """The first trunk with a matching network counts."""
        judged = self._judged.get(address)
        if judged is None:
            if len(self._judged) >= _MAX_JUDGED:
                # Spoofed addresses are without number; those that matter are judged anew at once.
                self._judged.clear()
            judged = self._judged[address] = self._judge(address)
        return judged

    def trusts(self, trunk: str) -> bool:
        """Whether that trunk's word counts for who calls."""
        return trunk in self._trunks and self._trunks[trunk].trust_identity

    def profile_of(self, source: Source) -> MediaProfile:
        """How sound travels to and from there; plainly where nothing is known of it."""
        if source.trunk is not None:
            return self._profiles.get(source.trunk, _PLAIN)
        return self._phone_profile if source.phone else _PLAIN

    def rate_of(self, trunk: str) -> int | None:
        """New calls a second that the trunk may bring; None without a limit."""
        return self._trunks[trunk].max_calls_per_s if trunk in self._trunks else None

    def request(self, method: str, source: Source) -> Refusal | None:
        """May that source begin something with this method? Messages of a known call are not asked for."""
        if source.standing is Standing.STRANGER:
            return UNKNOWN_SOURCE
        if method == "REGISTER":
            return None if source.phone else NO_PHONE
        # A phone that calls has to log in; see `telephony.registrar.desk.RegistrationDesk.caller`.
        known = source.trunk is not None or source.phone
        return NOT_ALLOWED if method == "INVITE" and not known else None

    def signalling(self, behind_s: float) -> Refusal | None:
        """May anything new begin while signalling is that far behind? Asked before anything is read."""
        if behind_s < self._limits.max_delay_s:
            return None
        return Refusal(503, "Signalling behind", "load.signalling", self._limits.retry_after_s)

    def call(self, load: Load) -> Refusal | None:
        """Does one more call fit? The first reason counts."""
        limits, later = self._limits, self._limits.retry_after_s
        trunk = self._trunks.get(load.trunk)
        most = None if trunk is None else trunk.max_calls
        reasons = (
            (load.draining, "Finishing calls", "load.finishing"),
            (not load.recorder_ready, "Recording not possible", "load.recorder"),
            (load.journal_share >= limits.max_journal_share, "Journal behind", "load.journal"),
            (load.tick_share >= limits.max_tick_share, "Audio engine busy", "load.tick"),
            (load.calls >= load.max_calls, "Too many calls", "load.calls"),
            (
                most is not None and load.trunk_calls >= most,
                "Too many calls of this trunk",
                "load.trunk-calls",
            ),
        )
        for applies, reason, rule_id in reasons:
            if applies:
                return Refusal(503, reason, rule_id, later)
        return None

    def _judge(self, text: str) -> Source:
        address = _address(text)
        if address is None:
            return STRANGER
        trunk = next((name for name, each in self._trunks.items() if _within(address, each)), None)
        phone = any(address in network for network in self._phones)
        return Source(trunk, phone) if trunk is not None or phone else STRANGER


def _profile(settings: TrunkSettings | RegistrarSettings) -> MediaProfile:
    return MediaProfile(settings.srtp, tuple([Codec[name] for name in settings.codecs]))


def _within(address: IPv4Address | IPv6Address, trunk: TrunkSettings) -> bool:
    return any(address in network for network in trunk.networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d.
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
