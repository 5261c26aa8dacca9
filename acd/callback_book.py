"""Whom we have promised to call: when, how often it is tried, and that nobody is promised two calls.

Places and agents are dispatch's business; the book says for each contact whether it may be called now, and is
told what came of it. Time is UTC, since hours are about clocks on walls.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from acd.agent_state import AcdError
from acd.calling_windows import CallingRules, full_number
from acd.deadlines import Deadlines
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
_LOOK_AGAIN = timedelta(minutes=1)
"""At a number with no opening in sight: it wants no calls, which may end."""
_AT_LEAST = timedelta(seconds=1)
_AT_ONCE_S = 0.0


def check_time(now: datetime, not_before: datetime | None) -> None:
    """Raises AcdError for a time that is no honest one; the calendar's last days have no hours to look up."""
    if not_before is not None and not_before - now > MOST_AHEAD:
        raise AcdError("nobody is promised a call more than a year ahead")


class CallbackBook:
    """Deterministic: the same calls at the same times give the same answers.

    A promise is looked at when it is made, tried or its hours begin or end, and else not at all.
    """

    def __init__(self, rules: CallingRules, policy: RetryPolicy = RetryPolicy()) -> None:
        self._rules = rules
        self._policy = policy
        self._promises: dict[ContactId, PromisedCall] = {}
        self._by_number: dict[str, ContactId] = {}
        self._looks: Deadlines[ContactId] = Deadlines()

    def apply(self, rules: CallingRules, policy: RetryPolicy) -> None:
        """Other rules from here on, for what is promised already too."""
        if not rules.same_hours(self._rules):
            for contact in self._promises:
                self._looks.set(contact, _AT_ONCE_S)
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
        self.take(PromisedCall(contact, number, max(now, not_before or now)))
        return self.time_passed(now)

    def owed_to(self, typed: str) -> ContactId | None:
        """Whose callback a customer who calls us again is waiting for: it becomes this call."""
        try:
            return self._by_number.get(full_number(typed, self._rules.home_country))
        except AcdError:
            return None

    def find(self, contact: ContactId) -> PromisedCall | None:
        return self._promises.get(contact)

    def times(self) -> tuple[datetime, ...]:
        """In order: when each customer is to be called, or from when they are waiting without a time."""
        return tuple(sorted(promise.not_before for promise in self._promises.values()))

    def take(self, promise: PromisedCall) -> None:
        """One that was made before the program was started again."""
        self._by_number[promise.number] = promise.contact
        self._wait(promise)

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
        self._wait(replace(promise, attempts=promise.attempts + 1, not_before=later, due=False))
        return True

    def put_off(self, contact: ContactId, until: datetime) -> bool:
        """They could not even be called, which is no attempt; says whether a call is owed to them."""
        promise = self._promises.get(contact)
        if promise is None:
            return False
        self._wait(replace(promise, not_before=until, due=False))
        return True

    def settled(self, contact: ContactId) -> None:
        """Reached, called us, or given up."""
        promise = self._promises.pop(contact, None)
        if promise is not None:
            del self._by_number[promise.number]
            self._looks.cancel(contact)

    def time_passed(self, now: datetime) -> tuple[MayCall, ...]:
        """Whose hours began or ended since the last time."""
        changed = []
        for contact in self._looks.due(now.timestamp()):
            promise = self._promises[contact]
            due = promise.not_before <= now and self._rules.may_call(promise.number, now)
            if due != promise.due:
                promise = self._promises[contact] = replace(promise, due=due)
                changed.append(MayCall(contact, due))
            self._looks.set(contact, max(self._next_change(promise, now), now + _AT_LEAST).timestamp())
        return tuple(changed)

    def next_deadline(self) -> datetime | None:
        """When `time_passed` may have something to say at the earliest."""
        at_s = self._looks.next()
        return None if at_s is None else datetime.fromtimestamp(at_s, UTC)

    def _wait(self, promise: PromisedCall) -> None:
        self._promises[promise.contact] = promise
        self._looks.set(promise.contact, promise.not_before.timestamp())

    def _next_change(self, promise: PromisedCall, now: datetime) -> datetime:
        if promise.due:
            return self._rules.closes_at(promise.number, now)
        opening = self._rules.next_opening(promise.number, max(now, promise.not_before).astimezone(UTC))
        return opening or now + _LOOK_AGAIN
