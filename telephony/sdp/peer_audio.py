"""One audio stream as the peer describes it: can we speak it, and how."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from telephony.sdp.description import Direction, MediaDescription, RtpMap, SessionDescription

PROTOCOL = "RTP/AVP"
EVENT = "telephone-event"
CLOCK_RATE = 8000
DEFAULT_PTIME_MS = 20

# The labels of RFC 1123; a dotted quad that is no address is no name either.
_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.)*+[A-Za-z][A-Za-z0-9\-]{0,62}\.?"
)


@dataclass(frozen=True, slots=True)
class _Destination:
    """A c= line understood."""

    text: str
    ip_version: int | None
    unspecified: bool


# The warning codes of RFC 3261 section 20.43 that we use.
_RULES = {301: "address", 302: "transport", 304: "no-audio", 305: "no-common-codec", 399: "not-acceptable"}


class Codec(Enum):
    """What we can speak; the value is the static payload type of RFC 3551.

    G.722 has 16,000 samples a second, and a clock of 8000 by an error that is kept (section 4.5.2).
    """

    PCMU = 0
    PCMA = 8
    G722 = 9


G711 = (Codec.PCMU, Codec.PCMA)
"""What is spoken where nothing else is said."""


@dataclass(frozen=True, slots=True)
class NotAcceptable:
    """No agreement: answer `status` with a Warning (RFC 3261 section 20.43). A running session goes on."""

    warning_code: int
    reason: str
    status: int = 488

    @property
    def rule(self) -> str:
        """The same as a word, for log and metrics."""
        return _RULES.get(self.warning_code, "not-acceptable") if self.status == 488 else "unreadable"

    def warning(self, host: str) -> str:
        """The value of the Warning header."""
        return f'{self.warning_code} {host} "{self.reason}"'


@dataclass(frozen=True, slots=True)
class PeerAudio:
    """The peer's side of one audio stream; `ip_version` is None where they wrote a name (RFC 8866 5.7)."""

    address: str
    ip_version: int | None
    port: int
    codec: Codec
    dtmf: int | None
    ptime_ms: int
    direction: Direction


def read_peer_audio(
    description: SessionDescription,
    section: MediaDescription,
    codecs: tuple[Codec, ...],
    assumed_dtmf: int | None,
) -> PeerAudio | NotAcceptable:
    """`assumed_dtmf` is the event number taken for granted where the mapping is left out."""
    address = _address_of(description, section)
    if isinstance(address, NotAcceptable):
        return address
    maps = section.rtpmaps()
    codec = _first_common(section.formats, codecs, maps)
    if codec is None:
        return NotAcceptable(305, f"no common codec, ours are {', '.join(each.name for each in codecs)}")
    direction = description.direction_of(section)
    if address.unspecified:
        # RFC 2543 hold: 0.0.0.0 means that the peer does not want to receive, whatever its attributes say.
        direction = Direction.of(sends=direction.sends, receives=False)
    return PeerAudio(
        address.text,
        address.ip_version,
        section.port,
        codec,
        _event_type(section.formats, maps, assumed_dtmf),
        _ptime_ms(section),
        direction,
    )


def _first_common(
    formats: tuple[str, ...], codecs: tuple[Codec, ...], maps: dict[int, RtpMap]
) -> Codec | None:
    for name in formats:
        for codec in codecs:
            if _means(maps.get(codec.value), name, codec):
                return codec
    return None


def _address_of(description: SessionDescription, section: MediaDescription) -> _Destination | NotAcceptable:
    connection = description.connection_of(section)
    if connection is None:
        return NotAcceptable(399, "no connection address")
    return _read_address(connection.address)


@lru_cache(maxsize=1024)
def _read_address(text: str) -> _Destination | NotAcceptable:
    try:
        address = ip_address(text.partition("/")[0])
    except ValueError:
        if _HOST_NAME.fullmatch(text):
            return _Destination(text, None, unspecified=False)
        return NotAcceptable(301, "connection address is neither an address nor a name")
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_multicast or address == IPv4Address("255.255.255.255"):
        return NotAcceptable(301, "connection address is not unicast")
    return _Destination(str(address), address.version, address.is_unspecified)


def _means(mapped: RtpMap | None, name: str, codec: Codec) -> bool:
    if name != str(codec.value):
        return False
    return mapped is None or (mapped.encoding.upper(), mapped.clock_rate) == (codec.name, CLOCK_RATE)


def event_type(section: MediaDescription, assumed: int | None = None) -> int | None:
    """The payload type of telephone-event in a media section."""
    return _event_type(section.formats, section.rtpmaps(), assumed)


def _event_type(formats: tuple[str, ...], maps: dict[int, RtpMap], assumed: int | None) -> int | None:
    for name in formats:
        if not name.isascii() or not name.isdigit() or len(name) > 3 or int(name) > 127:
            continue
        mapped = maps.get(int(name))
        if mapped is None:
            # Some answers repeat our number and leave the mapping out.
            if int(name) == assumed:
                return assumed
        elif mapped.encoding.lower() == EVENT and mapped.clock_rate == CLOCK_RATE:
            return int(name)
    return None


def _ptime_ms(section: MediaDescription) -> int:
    """What the peer wants, in whole frames of 10 ms and never above its `maxptime` (RFC 8866 section 6.4)."""
    wanted_ms = _milliseconds(section, "ptime") or DEFAULT_PTIME_MS
    most_ms = _milliseconds(section, "maxptime")
    return wanted_ms if most_ms is None else min(wanted_ms, most_ms // 10 * 10)


def _milliseconds(section: MediaDescription, name: str) -> int | None:
    text = (section.attribute(name) or "").strip(" ")
    if text.isascii() and text.isdigit() and len(text) <= 3 and 10 <= int(text) <= 200:
        return int(text)
    return None
