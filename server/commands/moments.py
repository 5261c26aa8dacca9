"""Times as people write them on a command line: `yesterday`, `2h`, `7d`, `2026-03-01`, `0:18`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from server.errors import StartError

_AGO = re.compile(r"(\d{1,5})\s*(m|h|d|w)")
_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(?:(\d{1,3}):)?(\d{1,5}(?:\.\d{1,3})?)")


def instant(text: str, now: datetime) -> datetime:
    """In the zone of `now` unless it says another; raises StartError."""
    wanted = text.strip().lower()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if wanted in {"today", "yesterday"}:
        return midnight - timedelta(days=wanted == "yesterday")
    if ago := _AGO.fullmatch(wanted):
        return now - int(ago[1]) * _UNITS[ago[2]]
    try:
        said = datetime.fromisoformat(text.strip())
    except ValueError:
        raise StartError(
            f"{text!r} is no time; write yesterday, 2h, 7d, 2026-03-01 or 2026-03-01T10:15"
        ) from None
    return said if said.tzinfo is not None else said.replace(tzinfo=now.tzinfo)


def span_minutes(text: str) -> int:
    """`30m`, `4h`, `2d`; raises StartError."""
    if (found := _AGO.fullmatch(text.strip().lower())) is None:
        raise StartError(f"{text!r} is no length of time; write 30m, 4h or 2d")
    return int(found[1]) * int(_UNITS[found[2]].total_seconds()) // 60


def seconds(text: str) -> float:
    """`18`, `0:18`, `1:02:03.5`; raises StartError."""
    if (found := _CLOCK.fullmatch(text.strip())) is None:
        raise StartError(f"{text!r} is no place in a recording; write 18, 0:18 or 1:02:03")
    first, second, last = found.groups()
    hours, minutes = (int(first), int(second)) if second is not None else (0, int(first or 0))
    return hours * 3600 + minutes * 60 + float(last)


def clock(at_s: float) -> str:
    """`0:18`, as `--from` takes it."""
    whole = int(at_s)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
