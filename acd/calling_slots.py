"""The times at which a customer may be called back, offered only where there will be agents for it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from acd.calling_windows import CallingRules

LOOKED_AHEAD_S = 7 * 86400.0
MOST_LOOKED_AT = 500


def slots(
    rules: CallingRules,
    number: str,
    now: datetime,
    *,
    minutes: int,
    wanted: int,
    room: Callable[[datetime, datetime], bool],
) -> tuple[datetime, ...]:
    """The next beginnings of a time inside the customer's hours for which `room` says that agents are there.

    They are whole times of the clock: with 30 minutes, 9:00, 9:30, 10:00.
    """
    length = timedelta(minutes=minutes)
    found: list[datetime] = []
    begin = _next_whole(now + length, minutes)
    for _ in range(MOST_LOOKED_AT):
        if len(found) >= wanted or (begin - now).total_seconds() > LOOKED_AHEAD_S:
            break
        opening = rules.next_opening(number, begin)
        if opening is None:
            break
        if opening > begin:
            begin = _next_whole(opening, minutes)
            continue
        if rules.may_call(number, begin + length - timedelta(seconds=1)) and room(begin, begin + length):
            found.append(begin)
        begin += length
    return tuple(found)


def _next_whole(moment: datetime, minutes: int) -> datetime:
    whole = moment.replace(minute=0, second=0, microsecond=0)
    step = timedelta(minutes=minutes)
    while whole < moment:
        whole += step
    return whole
