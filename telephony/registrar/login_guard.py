"""Slows down who guesses passwords, without shutting out the others behind the same address (pure)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TypeVar

_FREE_TRIES = 3
_LONGEST_WAIT_S = 60.0
_FORGOTTEN_AFTER_S = 900.0
_MANY_USERS = 20
_MAX_REMEMBERED = 10_000

Key = TypeVar("Key")
Value = TypeVar("Value")
Account = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    last_at: float


class LoginGuard:
    """Remembers failed logins by source and account, and how many accounts one source has failed at.

    After three failures each further one doubles the wait, from a second to a minute. A source that fails at
    many accounts waits a minute at every account that it never logged in to: a floor of agents goes on.
    """

    def __init__(self) -> None:
        self._accounts: OrderedDict[Account, _Failures] = OrderedDict()
        self._sources: OrderedDict[str, _Failures] = OrderedDict()
        self._known: OrderedDict[Account, None] = OrderedDict()

    def wait_s(self, source: str, user: str, now: float) -> float:
        """How long until that account may be tried again from there; 0 when it may be now."""
        tried = _lately(self._accounts.get((source, user)), now)
        wait_s = 0.0 if tried is None else tried.last_at + _pause_s(tried.count) - now
        scanned = _lately(self._sources.get(source), now)
        if scanned is not None and scanned.count >= _MANY_USERS and (source, user) not in self._known:
            wait_s = max(wait_s, scanned.last_at + _LONGEST_WAIT_S - now)
        return max(0.0, wait_s)

    def failed(self, source: str, user: str, now: float) -> None:
        account = (source, user)
        before = _lately(self._accounts.get(account), now)
        if before is None:
            _count(self._sources, source, now)
        _count(self._accounts, account, now)

    def succeeded(self, source: str, user: str) -> None:
        account = (source, user)
        self._accounts.pop(account, None)
        self._known[account] = None
        self._known.move_to_end(account)
        _bound(self._known)


def _pause_s(failures: int) -> float:
    if failures < _FREE_TRIES:
        return 0.0
    return min(_LONGEST_WAIT_S, 2.0 ** min(failures - _FREE_TRIES, 10))


def _lately(failures: _Failures | None, now: float) -> _Failures | None:
    return None if failures is None or now - failures.last_at > _FORGOTTEN_AFTER_S else failures


def _count(held: OrderedDict[Key, _Failures], key: Key, now: float) -> None:
    before = _lately(held.get(key), now) or _Failures(0, now)
    held[key] = replace(before, count=before.count + 1, last_at=now)
    held.move_to_end(key)
    _bound(held)


def _bound(held: OrderedDict[Key, Value]) -> None:
    if len(held) > _MAX_REMEMBERED:
        held.popitem(last=False)
