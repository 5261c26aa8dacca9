"""Mistakes that no single value shows: names used twice, names that nothing has.

These rules look at what was written, not at what could be made of it: a mistake elsewhere hides none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from config.tables import Path
from config.words import not_an_address, not_reachable

# Every list of tables whose entries are told apart by their names.
LONGEST_NAME = 253
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
NAMED: tuple[tuple[Path, str], ...] = (
    (("agents",), "agent"),
    (("queues",), "queue"),
    (("sip", "trunks"), "trunk"),
    (("webhooks",), "webhook"),
)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at a place of the settings."""

    path: Path
    message: str


def mistakes_across(data: Mapping[str, Any]) -> Iterator[Mistake]:
    """Every one; whatever the data, it is only looked at."""
    for path, noun in NAMED:
        yield from _named_twice(data, path, noun)
    yield from _skills_of_nobody(data)
    yield from _queues_that_are_not_there(data)
    yield from _trunks_that_are_not_there(data)
    yield from _addresses(data)


def _named_twice(data: Mapping[str, Any], path: Path, noun: str) -> Iterator[Mistake]:
    seen: set[str] = set()
    for number, entry in _tables(data, path):
        name = entry.get("name")
        if not isinstance(name, str):
            continue
        if name in seen:
            yield Mistake((*path, number, "name"), f'a second {noun} is named "{name}"; rename or remove one')
        seen.add(name)


def rename_seconds(data: Mapping[str, Any]) -> None:
    """Gives every second bearer of a name one of its own, so that what else is wrong can be judged."""
    for path, noun in NAMED:
        entries = dict(_tables(data, path))
        for mistake in list(_named_twice(data, path, noun)):
            number = mistake.path[-2]
            entry = entries[int(number)]
            if isinstance(entry, dict):
                entry["name"] = f"second-{number}"


def _skills_of_nobody(data: Mapping[str, Any]) -> Iterator[Mistake]:
    known = {str(skill) for _, agent in _tables(data, ("agents",)) for skill in _table(agent, "skills")}
    for number, queue in _tables(data, ("queues",)):
        for table, skill in ((t, s) for t in ("skills", "preferred") for s in _table(queue, t)):
            if skill not in known:
                have = ", ".join(sorted(known)) or "none"
                yield Mistake(
                    ("queues", number, table, skill),
                    f'no agent has the skill "{skill}"; give it to an agent, or use one of: {have}',
                )


def _queues_that_are_not_there(data: Mapping[str, Any]) -> Iterator[Mistake]:
    known = _names(data, ("queues",))
    for number, agent in _tables(data, ("agents",)):
        for queue in _table(agent, "queues"):
            yield from _not_there("queue", queue, known, ("agents", number, "queues", queue))
    for number, rule in _tables(data, ("capture",)):
        yield from _not_there("queue", rule.get("queue"), known, ("capture", number, "queue"))


def _trunks_that_are_not_there(data: Mapping[str, Any]) -> Iterator[Mistake]:
    """A typing error here is found when somebody dials for help, unless it is found now."""
    known = _names(data, ("sip", "trunks"))
    emergency = _table(data, "calls").get("emergency_trunk")
    yield from _not_there("trunk", emergency, known, ("calls", "emergency_trunk"))
    for path in (("calls", "dial"), ("capture",)):
        for number, rule in _tables(data, path):
            yield from _not_there("trunk", rule.get("trunk"), known, (*path, number, "trunk"))


def _names(data: Mapping[str, Any], path: Path) -> frozenset[str]:
    return frozenset(str(entry.get("name")) for _, entry in _tables(data, path))


def _not_there(noun: str, name: object, known: frozenset[str], path: Path) -> Iterator[Mistake]:
    if isinstance(name, str) and name and name not in known:
        have = ", ".join(sorted(known)) or "none"
        yield Mistake(path, f'there is no {noun} "{name}"; add it, or use one of: {have}')


def _addresses(data: Mapping[str, Any]) -> Iterator[Mistake]:
    # A name is enough for media.address: the media engine asks for its address when it starts.
    for table in ("sip", "http"):
        value = _table(data, table).get("address")
        if isinstance(value, str) and not _is_address(value):
            yield Mistake((table, "address"), not_an_address(value))
    yield from _sound(data)
    yield from _advertised(data)
    for table in ("sip", "http", "media"):
        value = _table(data, table).get("address")
        if isinstance(value, str) and _is_address(value) and _of_many(value):
            yield Mistake((table, "address"), not_an_address(value))
    name = _table(data, "media").get("address")
    if isinstance(name, str) and not _is_address(name) and not _is_name(name):
        yield Mistake(("media", "address"), not_an_address(name))


def _advertised(data: Mapping[str, Any]) -> Iterator[Mistake]:
    """What we tell others to send to must be somewhere."""
    for table in ("sip", "media"):
        value = _table(data, table).get("advertised_address")
        if not isinstance(value, str):
            continue
        if _is_address(value):
            wrong = ip_address(value).is_unspecified or _of_many(value)
        else:
            wrong = not _is_name(value)
        if wrong:
            yield Mistake((table, "advertised_address"), not_reachable(value))


def _of_many(value: str) -> bool:
    """Whether it is no one machine's: multicast, broadcast."""
    return ip_address(value).is_multicast or value == "255.255.255.255"


def _is_name(value: str) -> bool:
    """Of a host, by its form (RFC 1123); digits alone would be an address that is none."""
    labels = value.removesuffix(".").split(".")
    return all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit() and len(value) <= LONGEST_NAME


def _sound(data: Mapping[str, Any]) -> Iterator[Mistake]:
    """Whether those who reach our signalling could reach our sound."""
    media, sip = _table(data, "media"), _table(data, "sip")
    sound, signalling = media.get("address", "127.0.0.1"), sip.get("address", "127.0.0.1")
    if not (_is_address(sound) and _is_address(signalling)):
        return
    if ip_address(sound).version == 6:
        yield Mistake(
            ("media", "address"), f'"{sound}" is IPv6; sound is sent over IPv4 only, name an address of it'
        )
    elif ip_address(sound).is_unspecified and media.get("advertised_address") is None:
        yield Mistake(
            ("media", "address"),
            f'"{sound}" is no address that sound could be sent to; '
            "write the address that phones reach, or add media.advertised_address",
        )
    elif ip_address(sound).is_loopback and not ip_address(signalling).is_loopback:
        yield Mistake(
            ("media", "address"),
            f'"{sound}" is reached from this machine only, unlike sip.address "{signalling}"; '
            "set media.address to the address that callers send their sound to",
        )


def _is_address(value: object) -> bool:
    try:
        ip_address(str(value))
    except ValueError:
        return False
    return isinstance(value, str)


def _table(data: object, key: str) -> Mapping[str, Any]:
    inner = data.get(key) if isinstance(data, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def _tables(data: Mapping[str, Any], path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    inner: Any = data
    for key in path:
        inner = inner.get(key) if isinstance(inner, Mapping) else None
    for number, entry in enumerate(inner if isinstance(inner, list) else ()):
        if isinstance(entry, Mapping):
            yield number, entry
