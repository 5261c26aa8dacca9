"""Session descriptions as data, parsed and written (RFC 4566 / 8866).

Tolerant of line ends, missing `s=` and `t=` and of order within a section; bounded in size. A description in
canonical order is written back byte for byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

MAX_SDP_BYTES = 65535
MAX_LINES = 1000
MAX_MEDIA = 32
MAX_FORMATS = 128

_ORIGIN = re.compile(r"(\S{1,256}) ([0-9]{1,32}) ([0-9]{1,32}) IN (IP4|IP6) (\S{1,256})")
_CONNECTION = re.compile(r"IN (IP4|IP6) (\S{1,256})")
_MEDIA = re.compile(
    r"([A-Za-z0-9\-_.+]{1,64}) ([0-9]{1,5})(?:/([0-9]{1,5}))? ([A-Za-z0-9\-_.+/]{1,64})((?: +[^ ]++)*+)"
)
_RTPMAP = re.compile(r"([0-9]{1,3}) +([^ /]{1,64})/([0-9]{1,9})(?:/([0-9]{1,3}))? *")

# A whole description, each line of it checked; then its lines.
_LINES = re.compile(r"(?:[a-z]=[^\r\n\0]*+(?:\n|\Z))*+")
_LINE = re.compile(r"^([a-z])=(.*)$", re.MULTILINE)

_BEFORE_CONNECTION = "iuep"
_BEFORE_MEDIA_CONNECTION = "i"
_DEFAULT_NAME = "-"


class SdpError(Exception):
    """The peer sent something that is no session description."""


class Direction(Enum):
    """Which way media flows, from the point of view of whoever wrote the description."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @classmethod
    def of(cls, *, sends: bool, receives: bool) -> Direction:
        if sends:
            return cls.SENDRECV if receives else cls.SENDONLY
        return cls.RECVONLY if receives else cls.INACTIVE

    @property
    def sends(self) -> bool:
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def reversed(self) -> Direction:
        """The same flow seen from the other side."""
        return Direction.of(sends=self.receives, receives=self.sends)


_DIRECTIONS = {direction.value: direction for direction in Direction}

Lines = tuple[tuple[str, str], ...]
Attributes = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who made the session and which version of it this is."""

    username: str
    session_id: int
    version: int
    address_type: str
    address: str

    def __str__(self) -> str:
        return f"{self.username} {self.session_id} {self.version} IN {self.address_type} {self.address}"


@dataclass(frozen=True, slots=True)
class Connection:
    """Where media goes; `address` as written, a multicast TTL included."""

    address_type: str
    address: str

    def __str__(self) -> str:
        return f"IN {self.address_type} {self.address}"


@dataclass(frozen=True, slots=True)
class RtpMap:
    """What a payload type number stands for."""

    encoding: str
    clock_rate: int
    channels: int = 1


@dataclass(frozen=True, slots=True)
class MediaDescription:
    """One m= section; `others` are its lines that nothing here reads."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    connection: Connection | None = None
    attributes: Attributes = ()
    others: Lines = ()
    port_count: int = 1

    def attribute(self, name: str) -> str | None:
        """The first value of that name; a flag reads as the empty string."""
        return _attribute(self.attributes, name)

    @property
    def direction(self) -> Direction | None:
        return _direction(self.attributes)

    def rtpmaps(self) -> dict[int, RtpMap]:
        """By payload type; the first mapping of a number holds. Reads them anew each time."""
        maps: dict[int, RtpMap] = {}
        for name, value in self.attributes:
            match = _RTPMAP.fullmatch(value) if name == "rtpmap" and value else None
            if match is not None:
                maps.setdefault(int(match[1]), RtpMap(match[2], int(match[3]), int(match[4] or 1)))
        return maps

    def lines(self) -> list[str]:
        count = "" if self.port_count == 1 else f"/{self.port_count}"
        first = f"m={self.kind} {self.port}{count} {self.protocol} {' '.join(self.formats)}"
        return [
            first,
            *_body_lines(self.others, _BEFORE_MEDIA_CONNECTION, self.connection, self.attributes),
        ]


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """A whole description; `others` are session lines that nothing here reads (t= among them)."""

    origin: Origin
    media: tuple[MediaDescription, ...]
    connection: Connection | None = None
    name: str = _DEFAULT_NAME
    attributes: Attributes = ()
    others: Lines = (("t", "0 0"),)

    @classmethod
    def parse(cls, body: bytes) -> SessionDescription:
        """Raises SdpError and nothing else."""
        sections = _sections(_read_lines(body))
        session = sections[0]
        if _only(session, "v") != "0":
            raise SdpError("not SDP version 0")
        return cls(
            origin=_parse_origin(_only(session, "o")),
            media=tuple([_parse_media(section) for section in sections[1:]]),
            connection=_parse_connection(session),
            name=_DEFAULT_NAME if (name := _first(session, "s")) is None else name,
            attributes=_parse_attributes(session),
            others=tuple([line for line in session if line[0] not in "vosca"]),
        )

    def to_bytes(self) -> bytes:
        lines = ["v=0", f"o={self.origin}", f"s={self.name}"]
        lines += _body_lines(self.others, _BEFORE_CONNECTION, self.connection, self.attributes)
        for media in self.media:
            lines += media.lines()
        return ("\r\n".join(lines) + "\r\n").encode("utf-8", "surrogateescape")

    def connection_of(self, media: MediaDescription) -> Connection | None:
        """A c= line of the media section goes before that of the session."""
        return media.connection or self.connection

    def direction_of(self, media: MediaDescription) -> Direction:
        return media.direction or _direction(self.attributes) or Direction.SENDRECV


def _attribute(attributes: Attributes, name: str) -> str | None:
    for held, value in attributes:
        if held == name:
            return value or ""
    return None


def _direction(attributes: Attributes) -> Direction | None:
    for name, value in attributes:
        if value is None and (direction := _DIRECTIONS.get(name.strip(" \t"))) is not None:
            return direction
    return None


def _body_lines(
    others: Lines, before: str, connection: Connection | None, attributes: Attributes
) -> list[str]:
    lines = [f"{letter}={value}" for letter, value in others if letter in before]
    if connection is not None:
        lines.append(f"c={connection}")
    lines += [f"{letter}={value}" for letter, value in others if letter not in before]
    lines += [f"a={name}" if value is None else f"a={name}:{value}" for name, value in attributes]
    return lines


def _read_lines(body: bytes) -> list[tuple[str, str]]:
    if len(body) > MAX_SDP_BYTES:
        raise SdpError("too large")
    text = body.decode("utf-8", "surrogateescape")
    plain = text.replace("\r\n", "\n").rstrip("\r\n")
    if plain.count("\n") >= MAX_LINES:
        raise SdpError("too many lines")
    if not plain or not _LINES.fullmatch(plain):
        raise SdpError("malformed line")
    return _LINE.findall(plain)


def _sections(lines: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    sections: list[list[tuple[str, str]]] = [[]]
    for line in lines:
        if line[0] == "m":
            sections.append([])
        sections[-1].append(line)
    if len(sections) > MAX_MEDIA + 1:
        raise SdpError("too many media sections")
    return sections


def _first(section: list[tuple[str, str]], letter: str) -> str | None:
    for held, value in section:
        if held == letter:
            return value
    return None


def _only(section: list[tuple[str, str]], letter: str) -> str:
    values = [value for held, value in section if held == letter]
    if len(values) != 1:
        raise SdpError(f"not exactly one {letter}= line")
    return values[0]


def _parse_origin(text: str) -> Origin:
    match = _ORIGIN.fullmatch(text.strip(" "))
    if match is None:
        raise SdpError("malformed o= line")
    return Origin(match[1], int(match[2]), int(match[3]), match[4], match[5])


def _parse_connection(section: list[tuple[str, str]]) -> Connection | None:
    # A media section may hold several c= lines for layered multicast; the first is the base layer.
    value = _first(section, "c")
    if value is None:
        return None
    match = _CONNECTION.fullmatch(value.strip(" "))
    if match is None:
        raise SdpError("malformed c= line")
    return Connection(match[1], match[2])


def _parse_attributes(section: list[tuple[str, str]]) -> Attributes:
    items: list[tuple[str, str | None]] = []
    for letter, text in section:
        if letter == "a":
            name, colon, value = text.partition(":")
            items.append((name, value if colon else None))
    return tuple(items)


def _parse_media(section: list[tuple[str, str]]) -> MediaDescription:
    match = _MEDIA.fullmatch(section[0][1].rstrip(" "))
    if match is None:
        raise SdpError("malformed m= line")
    kind, port, count, protocol, formats = match.groups()
    names = tuple([name for name in formats.split(" ") if name])
    if int(port) > 65535 or not names or len(names) > MAX_FORMATS:
        raise SdpError("m= line out of bounds")
    return MediaDescription(
        kind=kind,
        port=int(port),
        protocol=protocol,
        formats=names,
        connection=_parse_connection(section),
        attributes=_parse_attributes(section),
        others=tuple([line for line in section[1:] if line[0] not in "ca"]),
        port_count=int(count or 1),
    )
