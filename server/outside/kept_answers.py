"""Answers that may be told again for a while, so that a slow service is asked less often (pure)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from ivr_flows.engine.requests import HttpRequest, Values

CAPACITY = 1000


class KeptAnswers:
    """The oldest goes when there is no room; `now` is monotonic."""

    def __init__(self, now: Callable[[], float], capacity: int = CAPACITY) -> None:
        self._now = now
        self._capacity = capacity
        self._kept: OrderedDict[HttpRequest, tuple[float, Values]] = OrderedDict()

    def get(self, request: HttpRequest) -> Values | None:
        """None when there is none, or it has grown too old."""
        found = self._kept.get(request)
        if found is None:
            return None
        until, values = found
        if self._now() < until:
            return values
        del self._kept[request]
        return None

    def keep(self, request: HttpRequest, values: Values) -> None:
        self._kept.pop(request, None)
        self._kept[request] = self._now() + request.cache_s, values
        if len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
