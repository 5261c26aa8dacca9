"""What can be set about the phone line."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from telephony.sdp.protection import SrtpUse
from telephony.sip.errors import SipSyntaxError
from telephony.sip.hop import Transport, transport_for
from telephony.sip.uri import Uri

Network = IPv4Network | IPv6Network
CodecName = Literal["PCMU", "PCMA", "G722"]


def _each_once(names: tuple[CodecName, ...]) -> tuple[CodecName, ...]:
    if len(names) != len(set(names)):
        raise ValueError("a codec is named twice")
    return names


Codecs = Annotated[tuple[CodecName, ...], AfterValidator(_each_once)]
_G711: tuple[CodecName, ...] = ("PCMU", "PCMA")


class TrunkSettings(BaseModel):
    """A carrier or PBX whose calls are let in, known by where they come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="Name in logs and reports; unique")
    networks: tuple[Network, ...] = Field(
        min_length=1, description="Addresses or CIDR networks that calls of this trunk come from"
    )
    max_calls: int | None = Field(
        default=None,
        ge=1,
        description="Calls of this trunk at a time, beyond which it gets 503; empty: no limit",
    )
    targets: tuple[str, ...] = Field(
        default=(),
        description="Where calls go to, best first: host, host:port or SIP URI; the next if one fails",
    )
    domain: str | None = Field(
        default=None, description="Domain of numbers there; empty: the first target's host"
    )
    user: str | None = Field(default=None, min_length=1, description="User name to log in with")
    password: SecretStr | None = Field(default=None, description="Its password")
    register_there: bool = Field(
        default=False, description="Register with that user name, and stay registered"
    )
    probe_every_s: float | None = Field(
        default=None,
        ge=5,
        description="Ask each target by OPTIONS this often whether it is there; empty: callers find out",
    )
    max_calls_per_s: int | None = Field(
        default=None,
        ge=1,
        description="New calls of this trunk a second, beyond which it gets 503; empty: no limit",
    )
    trust_identity: bool = Field(
        default=True,
        description="Take the caller's number from P-Asserted-Identity where the trunk sends one",
    )
    srtp: SrtpUse = Field(
        default=SrtpUse.NEVER,
        description="Encrypted sound: require (both ways), prefer (where the trunk offers it) or never",
    )
    codecs: Codecs = Field(
        default=_G711, min_length=1, description="Codecs offered and taken, best first: PCMU, PCMA, G722"
    )

    @property
    def plain_targets(self) -> tuple[str, ...]:
        """Those that are not reached over TLS."""
        return tuple(
            each
            for each in self.targets
            if transport_for(_target_uri(each), Transport.UDP) is not Transport.TLS
        )

    @field_validator("targets")
    @classmethod
    def _are_addresses(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            try:
                uri = _target_uri(value)
            except SipSyntaxError as error:
                raise ValueError(
                    f'"{value}" is no target ({error}); write host, host:port or sip:host'
                ) from error
            if uri.user is not None:
                raise ValueError(f'"{value}" names a user; write it as user, and the host here')
        return values

    @model_validator(mode="after")
    def _can_register(self) -> TrunkSettings:
        if self.register_there and not (self.targets and self.user):
            raise ValueError("register_there needs targets and user")
        return self


def _target_uri(target: str) -> Uri:
    return Uri.parse(target if target.startswith(("sip:", "sips:")) else f"sip:{target}")


def _private_networks() -> tuple[Network, ...]:
    """Loopback, private (RFC 1918, RFC 4193) and link-local addresses."""
    four = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")
    six = ("::1/128", "fc00::/7", "fe80::/10")
    return (*map(IPv4Network, four), *map(IPv6Network, six))


class RegistrarSettings(BaseModel):
    """Where phones may register from, how long they stay registered, and how many of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    networks: tuple[Network, ...] = Field(
        default_factory=_private_networks,
        description="Networks that phones may register from; 0.0.0.0/0 lets them come from the internet",
    )

    min_expires_s: int = Field(
        default=60, ge=1, le=3600, description="Shortest registration in seconds; less is refused"
    )
    default_expires_s: int = Field(
        default=3600, ge=1, description="Registration in seconds for phones that ask for none"
    )
    max_expires_s: int = Field(
        default=7200, ge=60, le=86400 * 7, description="Longest registration in seconds; more is cut"
    )
    max_contacts: int = Field(
        default=8, ge=1, le=64, description="Phones one agent may have registered at a time"
    )
    max_bindings: int = Field(default=10_000, ge=1, description="Registered phones in all")
    md5_only_user_agents: tuple[str, ...] = Field(
        default=("baresip v0.", "baresip v1."),
        description="Beginnings of User-Agent that are asked for MD5 only: these phones give up at SHA-256",
    )

    srtp: SrtpUse = Field(
        default=SrtpUse.NEVER,
        description="Encrypted sound: require (calling and called), prefer (where phones offer it) or never",
    )
    codecs: Codecs = Field(
        default=_G711, min_length=1, description="Codecs offered and taken, best first: PCMU, PCMA, G722"
    )

    @model_validator(mode="after")
    def _ordered(self) -> RegistrarSettings:
        if not self.min_expires_s <= self.default_expires_s <= self.max_expires_s:
            raise ValueError("min_expires_s <= default_expires_s <= max_expires_s does not hold")
        return self


class AdmissionSettings(BaseModel):
    """When new calls are turned away with 503, and how much breath is spent on strangers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_tick_share: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="Share of its time that the audio engine may need for new calls to fit",
    )
    max_journal_share: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="Share of the journal's room that may be taken for new calls to fit",
    )
    retry_after_s: int = Field(
        default=5, ge=1, le=3600, description="Seconds after which a refused peer may try again"
    )
    refusals_per_source: int = Field(
        default=50,
        ge=1,
        description="Refusals a second that one address is sent; more are counted and dropped",
    )
    refusals_in_all: int = Field(default=500, ge=1, description="Refusals a second that are sent in all")
    max_delay_s: float = Field(
        default=0.25,
        gt=0,
        le=5,
        description="Seconds that every SIP message may wait until it is read for new calls to fit",
    )
    ban_after: int = Field(
        default=200,
        ge=1,
        description="Refusals a minute after which a source is banned, a wrong password counting as five",
    )
    ban_s: float = Field(
        default=60.0, gt=0, description="Seconds that the first ban lasts; each further one twice as long"
    )
    longest_ban_s: float = Field(default=86400.0, gt=0, description="Seconds that a ban lasts at most")
    phone_requests_per_source: int = Field(
        default=50, ge=1, description="REGISTER and the like a second that are read of one address of phones"
    )
    phone_requests_in_all: int = Field(default=500, ge=1, description="The same of all such addresses")


class TransportSettings(BaseModel):
    """Bounds on what the network may make us hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_message_bytes: int = Field(
        default=65535, ge=2048, le=1 << 20, description="Largest SIP message in bytes"
    )
    max_connections: int = Field(default=1000, ge=1, description="TCP connections open at a time, both ways")
    idle_timeout_s: float = Field(
        default=900.0, ge=1, description="Seconds without a byte after which a TCP connection is closed"
    )
    message_timeout_s: float = Field(
        default=32.0,
        gt=0,
        description="Seconds a TCP peer may take to send one message, or after connecting its first",
    )
    connect_timeout_s: float = Field(
        default=5.0, gt=0, description="Seconds to wait for an outgoing TCP connection"
    )
    max_unsent_bytes: int = Field(
        default=262_144, ge=65536, description="Bytes waiting for a slow TCP peer before it is cut off"
    )


class TlsSettings(BaseModel):
    """SIP over TLS, beside UDP and TCP."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: int | None = Field(
        default=None, ge=0, le=65535, description="TCP port for TLS, 5061 as a rule; empty: no TLS"
    )
    certificate: Path = Field(
        default=Path("var/tls/sip.crt"),
        description="Certificate chain (PEM); made when neither file is there",
    )
    key: Path = Field(default=Path("var/tls/sip.key"), description="Its private key (PEM)")
    client_authorities: Path | None = Field(
        default=None,
        description="Certificates that those of peers must be signed by; empty: none is asked for",
    )
    verify_peers: bool = Field(default=True, description="Check the certificates of peers that we connect to")


def _loopback_trunk() -> tuple[TrunkSettings, ...]:
    return (TrunkSettings(name="loopback", networks=(IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))),)


class SipSettings(BaseModel):
    """SIP signalling."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = Field(default="127.0.0.1", description="IP address to listen on, UDP and TCP")
    advertised_address: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9.:\-]{1,255}$",
        description="Address or name that the internet reaches us at, where a NAT is between; empty: address",
    )
    port: int = Field(default=5060, ge=0, le=65535, description="UDP and TCP port; 0 lets the system choose")
    try_next_ports: int = Field(
        default=10, ge=0, le=1000, description="How many following ports to try when the port is taken"
    )
    realm: str = Field(default="trunkline", min_length=1, description="Realm of digest authentication")
    nonce_life_s: float = Field(default=300.0, ge=10, description="Seconds a digest nonce stays usable")
    probe_after_s: float = Field(
        default=90.0,
        ge=1,
        description="Seconds without sound from a party until it is asked whether it is there",
    )
    probe_phones_after_s: float = Field(
        default=5.0, ge=1, description="The same for agents' phones, which have three seconds to answer"
    )
    trunks: tuple[TrunkSettings, ...] = Field(
        default_factory=_loopback_trunk, description="Who may call in; everything else is refused with 403"
    )
    registrar: RegistrarSettings = RegistrarSettings()
    admission: AdmissionSettings = AdmissionSettings()
    transport: TransportSettings = TransportSettings()
    tls: TlsSettings = TlsSettings()

    @field_validator("address")
    @classmethod
    def _is_ip_address(cls, value: str) -> str:
        return str(ip_address(value))

    @model_validator(mode="after")
    def _distinct_trunks(self) -> SipSettings:
        names = [trunk.name for trunk in self.trunks]
        if len(names) != len(set(names)):
            raise ValueError("two trunks have the same name")
        return self
