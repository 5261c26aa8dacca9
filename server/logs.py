"""Structured logs: a constant event name and fields, text for people or JSON for machines."""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

from contacts.facts.entry import FACT_TYPES
from contacts.facts.fact import Fact
from contacts.privacy import Privacy, privacy_of

# What a caller says or keys, and what opens doors, never reaches a log, whoever passes it.
SECRET_FIELDS = frozenset(
    {"digits", "transcript", "text", "password", "token", "authorization", "body", "sdp", "utterance"}
)
# Names that facts use for something private, and log lines for something of ours.
OF_OURS = frozenset({"address"})


@functools.cache
def private_names() -> frozenset[str]:
    """Fields that hold something personal or secret in a fact, and in no fact anything public."""
    private, public = set[str](), set[str]()
    for fact_type in FACT_TYPES:
        for name, privacy in privacy_of(fact_type).items():
            (public if privacy is Privacy.PUBLIC else private).add(name)
    return frozenset(private - public - OF_OURS)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A fact is shown by its public fields; a field whose name is private anywhere, not at all."""
    for name, value in event.items():
        if isinstance(value, Fact):
            event[name] = value.shown()
    for name in (SECRET_FIELDS | private_names()) & event.keys():
        event[name] = "[redacted]"
    return event


class StandardError:
    """Takes lines to where standard error leads at that moment.

    A line that cannot be written (a full disk behind it, a reader who has gone) is counted and shown in
    `/metrics`: no caller is hung up on for the sake of the log.
    """

    lost_lines = 0

    def msg(self, line: str) -> None:
        try:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
        except (OSError, ValueError):  # ValueError: the stream is closed
            StandardError.lost_lines += 1

    debug = info = warning = error = critical = exception = msg


def configure_logs(form: Literal["text", "json"], level: str) -> None:
    """Sends every log line of the process, libraries included, to standard error."""
    numeric = logging.getLevelNamesMapping()[level.upper()]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=lambda *_: StandardError(),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(numeric, logging.WARNING), stream=sys.stderr, force=True)
