"""Who calls whom, as the headers of an INVITE say it: numbers of any URI, asserted identity, diversions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote as unescape

from telephony.sip.errors import SipSyntaxError
from telephony.sip.fields import NameAddr, parse_name_addrs
from telephony.sip.message import Headers
from telephony.sip.uri import Uri

_VISUAL_SEPARATORS = re.compile(r"[-.() ]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_NUMBER = re.compile(r"\+?[0-9*#A-Fa-f]+")
_MAX_NAMED = 16


@dataclass(frozen=True, slots=True)
class Identities:
    """What an INVITE says besides From and To, oldest diversion last; empty where it says nothing readable.

    `private` is the caller's wish not to be shown (RFC 3323, RFC 3325 section 9.3).
    """

    asserted: tuple[NameAddr, ...] = ()
    diversions: tuple[NameAddr, ...] = ()
    history: tuple[NameAddr, ...] = ()
    private: bool = False


def number_of(uri: Uri) -> str:
    """The number or user name that a URI stands for: of tel: the number (RFC 3966), of sip: the user part."""
    text = uri.opaque if uri.scheme == "tel" else unescape(uri.user or "")
    plain = _CONTROLS.sub("", text.partition(";")[0])
    digits = _VISUAL_SEPARATORS.sub("", plain)
    return digits if _NUMBER.fullmatch(digits) else plain


def identities_in(headers: Headers) -> Identities:
    """Reads P-Asserted-Identity (RFC 3325), Diversion (RFC 5806) and History-Info (RFC 7044)."""
    wishes = headers.get_all("Privacy")
    privacy = ";".join(wishes).lower().replace(" ", "").split(";") if wishes else ()
    return Identities(
        _named(headers, "P-Asserted-Identity"),
        _named(headers, "Diversion"),
        _named(headers, "History-Info"),
        private=bool({"id", "user", "header"} & set(privacy)),
    )


def caller_of(from_: Uri, identities: Identities, *, trusted: bool) -> str:
    """The number to show and to record: the one a trusted network vouches for, unless it shall be hidden."""
    if trusted and identities.asserted and not identities.private:
        numbers = [number_of(each.uri) for each in identities.asserted]
        return next((number for number in numbers if _NUMBER.fullmatch(number)), numbers[0])
    return number_of(from_)


def _named(headers: Headers, name: str) -> tuple[NameAddr, ...]:
    lines = headers.get_all(name)
    if not lines:
        return ()
    found: list[NameAddr] = []
    for line in lines:
        try:
            found += parse_name_addrs(line)
        except SipSyntaxError:
            continue
    return tuple(found[:_MAX_NAMED])
