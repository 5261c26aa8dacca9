"""When a customer may be called: by the clock of where their number is, strictest where there are several."""

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone

from acd.agent_state import AcdError

EVERY_DAY = frozenset(range(7))
_LOOKED_AHEAD_DAYS = 60
_NUMBERS_KEPT = 10_000


class NotANumberError(AcdError):
    """What cannot be called, and why, in words for whoever typed it."""


@dataclass(frozen=True, slots=True)
class CallingRules:
    """Hours are those of the customer's place; `home` is where numbers without a country, or of no known
    place, are."""

    opens: time = time(9)
    closes: time = time(20)
    weekdays: frozenset[int] = EVERY_DAY
    """0 is Monday."""
    holidays: frozenset[date] = frozenset()
    do_not_call: Container[str] = frozenset()
    """Numbers as `full_number` writes them."""
    home_country: str | None = None
    """Two letters."""
    home: ZoneInfo = ZoneInfo("UTC")  # noqa: RUF009 - a zone never changes

    def may_call(self, number: str, now: datetime) -> bool:
        """`now` must carry a zone."""
        allowed = number not in self.do_not_call
        return allowed and all(self._is_open(now.astimezone(zone)) for zone in self.zones_of(number))

    def next_opening(self, number: str, now: datetime) -> datetime | None:
        """The first moment from `now` on when it may be called; None: never, or not for two months."""
        if number in self.do_not_call:
            return None
        moment = now
        for _ in range(2 * _LOOKED_AHEAD_DAYS):
            closed = [zone for zone in self.zones_of(number) if not self._is_open(moment.astimezone(zone))]
            if not closed:
                return moment
            openings = [self._opening_after(moment, zone) for zone in closed]
            if not openings or any(opening is None for opening in openings):
                return None
            moment = max(opening for opening in openings if opening is not None)
            if moment - now > timedelta(days=_LOOKED_AHEAD_DAYS):
                return None
        return None

    def closes_at(self, number: str, now: datetime) -> datetime:
        """When the first of the number's places closes; it is open now in all of them."""
        return min(self._closing(now, zone) for zone in self.zones_of(number))

    def zones_of(self, number: str) -> tuple[ZoneInfo, ...]:
        """All zones that the number may be in: free numbers and mobiles of some countries have many."""
        return _zones_of(number, self.home_country) or (self.home,)

    def same_hours(self, other: "CallingRules") -> bool:
        """Whether they differ at most in who wants no calls."""
        return replace(self, do_not_call=other.do_not_call) == other

    def _is_open(self, local: datetime) -> bool:
        within = self.opens <= local.time().replace(tzinfo=None) < self.closes
        return within and local.weekday() in self.weekdays and local.date() not in self.holidays

    def _opening_after(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        day = now.astimezone(zone).date()
        for ahead in range(_LOOKED_AHEAD_DAYS):
            local = datetime.combine(day + timedelta(days=ahead), self.opens, zone)
            # Where the clock jumps over the opening hour, the first moment after it is meant.
            opening = local.astimezone(UTC)
            if opening > now and self._is_open(opening.astimezone(zone)):
                return opening
        return None

    def _closing(self, now: datetime, zone: ZoneInfo) -> datetime:
        local = now.astimezone(zone)
        return datetime.combine(local.date(), self.closes, zone).astimezone(UTC)


def full_number(typed: str, home_country: str | None = None) -> str:
    """The number with its country (+49...), if there can be such a number; raises `NotANumberError`."""
    try:
        number = phonenumbers.parse(typed, home_country)
    except phonenumbers.NumberParseException as error:
        raise NotANumberError(f"this is no telephone number: {error}") from None
    if not phonenumbers.is_valid_number(number):
        raise NotANumberError("no telephone number has that form")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(_NUMBERS_KEPT)
def _zones_of(number: str, home_country: str | None) -> tuple[ZoneInfo, ...]:
    """Empty for a number of no known place; kept, since no other step costs as much."""
    try:
        names = timezone.time_zones_for_number(phonenumbers.parse(number, home_country))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(_zones(names))


def _zones(names: tuple[str, ...]) -> Iterator[ZoneInfo]:
    for name in names:
        try:
            yield ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            continue
