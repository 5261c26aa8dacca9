"""Callers who were cut off while they waited: who calls again soon enough gets the place back."""

from collections import OrderedDict

from contacts.ids import QueueId

REMEMBERED = 10_000
# What a hidden number is written as (RFC 3323, and what carriers make of it): nobody in particular.
WITHHELD = frozenset({"anonymous", "private", "restricted", "unavailable", "unknown", "withheld"})


class ReturningCallers:
    """By number and queue: since when they had waited, and when they were cut off. One clock for both."""

    def __init__(self, within_s: float) -> None:
        self.within_s = within_s
        self._left: OrderedDict[tuple[str, QueueId], tuple[float, float]] = OrderedDict()

    def left(self, number: str, queue: QueueId, waited_s: float, now: float) -> None:
        """They are no longer on the line; nobody had answered them."""
        if not number or number.lower() in WITHHELD or self.within_s <= 0:
            return
        self._left[number, queue] = (now - waited_s, now)
        self._left.move_to_end((number, queue))
        while len(self._left) > REMEMBERED:
            self._left.popitem(last=False)

    def age_s(self, number: str, queue: QueueId, now: float) -> float:
        """How long they have waited already, given once; 0 for who is new or comes too late."""
        found = self._left.pop((number, queue), None)
        if found is None or now - found[1] > self.within_s:
            return 0.0
        return now - found[0]
