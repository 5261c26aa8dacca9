"""What a flow takes of an answer: parts by their path, as text (pure)."""

from __future__ import annotations

from typing import Any

MAX_VALUE = 1000
MAX_SLOTS = 50


def parts_of(body: Any, take: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """By name; a part that the answer does not have, or that is no single value, is left out."""
    found = ((name, as_text(_part(body, path.split(".")))) for name, path in take)
    return tuple((name, text) for name, text in found if text is not None)


def values_of_bot(body: Any) -> tuple[tuple[str, str], ...]:
    """`say`, `done` (yes or no) and the slots by name, of `{"say": ..., "done": ..., "slots": {...}}`."""
    if not isinstance(body, dict):
        return ()
    slots = body.get("slots")
    kept = list(slots.items())[:MAX_SLOTS] if isinstance(slots, dict) else []
    told = [("say", body.get("say")), ("done", bool(body.get("done"))), *kept]
    return tuple((str(name), text) for name, value in told if (text := as_text(value)) is not None)


def as_text(value: Any) -> str | None:
    """As a flow's variables hold it; None for what is no single value."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | str):
        return str(value)[:MAX_VALUE]
    return None


def _part(body: Any, path: list[str]) -> Any:
    for key in path:
        if isinstance(body, dict):
            body = body.get(key)
        elif isinstance(body, list) and key.isdecimal() and int(key) < len(body):
            body = body[int(key)]
        else:
            return None
    return body
