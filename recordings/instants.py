"""Instants as the database keeps them: UTC, ISO 8601, always with microseconds: text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime

_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def to_utc_text(instant: datetime) -> str:
    """A naive datetime is refused: nobody knows which instant it means."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    # A fifth of what strftime takes; the journal does it for every fact.
    return f"{instant.isoformat(timespec='microseconds')[:-6]}Z"


def from_utc_text(text: str) -> datetime:
    return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
