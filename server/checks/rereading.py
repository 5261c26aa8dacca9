"""Settings and flows read and checked once more, in a process of its own: calls do not feel it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from config.reader import ConfigError
from config.settings import Settings
from ivr_flows import texts
from server.checks.reload import Reloadable, reloadable
from server.checks.repertoire import Repertoire, load_repertoire, prompt_files
from server.errors import StartError


@dataclass(frozen=True, slots=True)
class ToBeSaid:
    """What can be rendered of a flow in one voice before anybody calls; None: the server's own voice."""

    voice: str | None
    sentences: tuple[str, ...]
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Reread:
    """What would apply after a reload."""

    found: Reloadable
    repertoire: Repertoire
    said: tuple[ToBeSaid, ...]


def to_be_said(repertoire: Repertoire) -> tuple[ToBeSaid, ...]:
    """Of all flows that callers reach, and of those that these lead to."""
    return tuple(
        ToBeSaid(voice, sentences, prompt_files(flow))
        for flow in repertoire.flows()
        for voice, sentences in texts.by_voice(flow).items()
    )


def reread(read: Callable[[], Settings], old: Settings) -> Reread:
    """Raises StartError and ConfigError with every mistake."""
    found = reloadable(old, read())
    repertoire = load_repertoire(found.settings)
    return Reread(found, repertoire, to_be_said(repertoire))


def reread_apart(read: Callable[[], Settings], old: Settings) -> Reread:
    """The same in a new process; `read` must be a function of a module. Blocks; raises StartError."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        try:
            found = process.submit(_told, read, old).result()
        except BrokenProcessPool:
            raise StartError("the settings could not be read: the process for it has ended") from None
    if isinstance(found, tuple):
        raise StartError(*found)
    return found


def _told(read: Callable[[], Settings], old: Settings) -> Reread | tuple[str, ...]:
    """Errors whose parts do not travel between processes come back as what they say."""
    try:
        return reread(read, old)
    except (StartError, ConfigError) as error:
        return tuple(error.problems)
