"""SIP messages as data (RFC 3261 section 7): what the parser makes and the wire gets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

CRLF = "\r\n"

# RFC 3261 section 7.3.3 and the IANA registry of compact forms.
COMPACT_FORMS = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}


@lru_cache(maxsize=1024)
def header_key(name: str) -> str:
    """The name in lower case, a compact form spelled out: what two spellings of one header share."""
    lowered = name.lower()
    return COMPACT_FORMS.get(lowered, lowered)


Index = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields in the order and spelling of the wire; look-ups ignore case and know compact forms."""

    items: tuple[tuple[str, str], ...] = ()
    # Values by `header_key`: what the parser knows already, or made at the first look-up.
    _index: Index | None = field(default=None, compare=False, repr=False)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.items)

    def __contains__(self, name: str) -> bool:
        return header_key(name) in self.by_key()

    def get(self, name: str) -> str | None:
        """The first value of that name."""
        index = self._index or self.by_key()
        values = index.get(header_key(name))
        return values[0] if values else None

    def get_all(self, name: str) -> tuple[str, ...]:
        """Every value of that name, one per header line (a line may hold a comma-separated list)."""
        index = self._index or self.by_key()
        values = index.get(header_key(name))
        return tuple(values) if values else ()

    def with_first(self, name: str, value: str) -> Headers:
        """The first value of that name exchanged for another; there must be one."""
        key = header_key(name)
        items = list(self.items)
        at = next(place for place, item in enumerate(items) if header_key(item[0]) == key)
        items[at] = (items[at][0], value)
        index = dict(self._index or self.by_key())
        index[key] = [value, *index[key][1:]]
        return Headers(tuple(items), index)

    def prepending(self, name: str, value: str) -> Headers:
        return Headers(((name, value), *self.items))

    def without(self, name: str) -> Headers:
        key = header_key(name)
        return Headers(tuple(item for item in self.items if header_key(item[0]) != key))

    def extending(self, items: Iterable[tuple[str, str]]) -> Headers:
        return Headers((*self.items, *items))

    def by_key(self) -> Index:
        """All values of each name, in order, by `header_key`."""
        if self._index is not None:
            return self._index
        index: dict[str, list[str]] = {}
        for name, value in self.items:
            index.setdefault(header_key(name), []).append(value)
        object.__setattr__(self, "_index", index)
        return index


def _wire(start_line: str, headers: Headers, body: bytes) -> bytes:
    lines = [start_line]
    lines += [f"{name}: {value}" for name, value in headers.items if header_key(name) != "content-length"]
    lines.append(f"Content-Length: {len(body)}\r\n\r\n")
    return CRLF.join(lines).encode("utf-8", "surrogateescape") + body


@dataclass(frozen=True, slots=True)
class Request:
    """A request; `uri` is the Request-URI as text."""

    method: str
    uri: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    def with_headers(self, headers: Headers) -> Request:
        return replace(self, headers=headers)

    def to_bytes(self) -> bytes:
        """Wire form; Content-Length is computed, bytes that were not UTF-8 survive."""
        return _wire(f"{self.method} {self.uri} SIP/2.0", self.headers, self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """A response; `status` is 100 to 699."""

    status: int
    reason: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    def with_headers(self, headers: Headers) -> Response:
        return replace(self, headers=headers)

    def to_bytes(self) -> bytes:
        return _wire(f"SIP/2.0 {self.status} {self.reason}", self.headers, self.body)


Message = Request | Response
