"""Whom we have promised to call: when, how often it is tried, and that nobody is promised two calls.

Places and agents are dispatch's business; the book says for each contact whether it may be called now, and is
told what came of it. Time is UTC, since hours are about clocks on walls.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from acd.agent_state import AcdError
from acd.calling_windows import CallingRules, full_number
from contacts.ids import ContactId


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """After the first attempt, so many seconds until the second, and so on; then the place is given up."""

    delays_s: tuple[float, ...] = (900.0, 3600.0)


@dataclass(frozen=True, slots=True)
class PromisedCall:
    """A callback that is owed."""

    contact: ContactId
    number: str
    not_before: datetime
    attempts: int = 0
    due: bool = False


@dataclass(frozen=True, slots=True)
class MayCall:
    """For dispatch's `CallbackDue`: the customer may be called from now on, or may not any more."""

    contact: ContactId
    due: bool


class PromisedAlreadyError(AcdError):
    """The contact, or another one of the same number, is promised a call already."""


MOST_AHEAD = timedelta(days=366)


def check_time(now: datetime, not_before: datetime | None) -> None:
    """Raises AcdError for a time that is no honest one; the calendar's last days have no hours to look up."""
    if not_before is not None and not_before - now > MOST_AHEAD:
        raise AcdError("nobody is promised a call more than a year ahead")


class CallbackBook:
    """Deterministic: the same calls at the same times give the same answers."""

    def __init__(self, rules: CallingRules, policy: RetryPolicy = RetryPolicy()) -> None:
        self._rules = rules
        self._policy = policy
        self._promises: dict[ContactId, PromisedCall] = {}
        self._by_number: dict[str, ContactId] = {}

    def apply(self, rules: CallingRules, policy: RetryPolicy) -> None:
        """Other rules from here on, for what is promised already too."""
        self._rules, self._policy = rules, policy

    def full_number(self, typed: str) -> str:
        """Raises `NotANumberError` for what cannot be called, and `AcdError` for who wants no calls."""
        number = full_number(typed, self._rules.home_country)
        if number in self._rules.do_not_call:
            raise AcdError("this number wants no calls")
        return number

    def promise(
        self, contact: ContactId, typed: str, now: datetime, not_before: datetime | None = None
    ) -> tuple[MayCall, ...]:
        """Raises `NotANumberError`, or `PromisedAlreadyError`: one number is owed one call; or AcdError for a
        time too far ahead.
        """
        check_time(now, not_before)
        number = self.full_number(typed)
        if contact in self._promises or number in self._by_number:
            raise PromisedAlreadyError("a call to this number is promised already")
        self._promises[contact] = PromisedCall(contact, number, max(now, not_before or now))
        self._by_number[number] = contact
        return self.time_passed(now)

    def owed_to(self, typed: str) -> ContactId | None:
        """Whose callback a customer who calls us again is waiting for: it becomes this call."""
        try:
            return self._by_number.get(full_number(typed, self._rules.home_country))
        except AcdError:
            return None

    def find(self, contact: ContactId) -> PromisedCall | None:
        return self._promises.get(contact)

    def all(self) -> tuple[PromisedCall, ...]:
        return tuple(self._promises.values())

    def promised_between(self, first: datetime, last: datetime) -> int:
        """How many customers are to be called in that time, or are waiting by then without a time."""
        return sum(first <= promise.not_before < last for promise in self._promises.values())

    def take(self, promise: PromisedCall) -> None:
        """One that was made before the program was started again."""
        self._promises[promise.contact] = promise
        self._by_number[promise.number] = promise.contact

    def number_of(self, contact: ContactId) -> str | None:
        found = self._promises.get(contact)
        return found.number if found else None

    def not_reached(self, contact: ContactId, now: datetime) -> bool:
        """Whether there is another attempt; if not, nothing is owed any more."""
        promise = self._promises.get(contact)
        if promise is None:
            return False
        if promise.attempts >= len(self._policy.delays_s):
            self.settled(contact)
            return False
        later = now + timedelta(seconds=self._policy.delays_s[promise.attempts])
        self._promises[contact] = replace(promise, attempts=promise.attempts + 1, not_before=later, due=False)
        return True

    def settled(self, contact: ContactId) -> None:
        """Reached, called us, or given up."""
        promise = self._promises.pop(contact, None)
        if promise is not None:
            del self._by_number[promise.number]

    def time_passed(self, now: datetime) -> tuple[MayCall, ...]:
        """Whose hours began or ended since the last time."""
        changed = []
        for promise in list(self._promises.values()):
            due = promise.not_before <= now and self._rules.may_call(promise.number, now)
            if due != promise.due:
                self._promises[promise.contact] = replace(promise, due=due)
                changed.append(MayCall(promise.contact, due))
        return tuple(changed)

    def next_deadline(self, now: datetime) -> datetime | None:
        """When `time_passed` will have something to say at the earliest."""
        moments = (self._next_change(promise, now) for promise in self._promises.values())
        return min((moment for moment in moments if moment is not None), default=None)

    def dump(self) -> list[dict[str, Any]]:
        plain: list[dict[str, Any]] = msgspec.to_builtins(tuple(self._promises.values()))
        return plain

    def restore(self, kept: list[dict[str, Any]]) -> None:
        """Into an empty book: after a restart nobody is forgotten, and nobody is owed a second call."""
        for promise in msgspec.convert(kept, tuple[PromisedCall, ...]):
            self._promises[promise.contact] = promise
            self._by_number[promise.number] = promise.contact

    def _next_change(self, promise: PromisedCall, now: datetime) -> datetime | None:
        if promise.due:
            return self._rules.closes_at(promise.number, now)
        return self._rules.next_opening(promise.number, max(now, promise.not_before).astimezone(UTC))
