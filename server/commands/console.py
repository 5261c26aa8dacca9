"""What every command shares: the two consoles, the settings option, and how errors are told."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from config.errors import ConfigError
from server.errors import StartError

if TYPE_CHECKING:
    from config.settings import Settings

PIPED_COLUMNS = 200  # a table that a program reads must not be folded into 80 columns

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPED_COLUMNS)
err = Console(stderr=True, highlight=False, soft_wrap=True)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Settings file (TOML). Without it the built-in settings."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text for people.")]

EXIT_MISTAKE = 2
EXIT_DAMAGED = 3
"""What was kept is not what it was."""


def settings_of(config: Path | None) -> Settings:
    """The settings of a command; a mistake in them ends it."""
    from config.reader import DEFAULT_FILE, read_settings

    return read_settings(config or DEFAULT_FILE)


def startable(config: Path | None) -> Settings:
    """The settings of a server to start; what is wrong with them, their flows or this machine ends it."""
    from config.reader import DEFAULT_FILE
    from server.checks.configuration import examine
    from server.checks.preflight import ground_problems

    configuration = examine(config or DEFAULT_FILE)
    problems = list(configuration.problems)
    if configuration.settings is not None:
        problems += ground_problems(configuration.settings)
    if problems:
        raise StartError(*problems)
    return configuration.usable()


def program() -> str:
    """How whoever sits at this terminal starts trunkline: what is printed can be pasted."""
    started_as = Path(sys.argv[0])
    found = shutil.which("trunkline")
    if found is not None and started_as.exists() and Path(found).samefile(started_as):
        return "trunkline"
    if started_as.name != "trunkline":
        return f"{sys.executable} -m server.cli"
    beside = started_as.absolute()
    return str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)


@contextmanager
def mistakes_explained() -> Iterator[None]:
    """Turns the errors that a user can mend into their message and exit code 2."""
    try:
        yield
    except ConfigError as error:
        _tell(_counted(error.problems, "the settings"), error.problems)
        raise typer.Exit(EXIT_MISTAKE) from None
    except StartError as error:
        _tell(_counted(error.problems, "what was given") if len(error.problems) > 1 else "", error.problems)
        raise typer.Exit(EXIT_MISTAKE) from None


def _tell(head: str, problems: tuple[str, ...]) -> None:
    if head:
        err.print(f"trunkline: {head}", style="bold red", markup=False)
    for problem in problems:
        err.print(f"  {problem}" if head else f"trunkline: {problem}", markup=False)


def _counted(problems: tuple[str, ...], where: str) -> str:
    return f"{len(problems)} mistakes in {where}" if len(problems) > 1 else f"a mistake in {where}"


def print_json(data: Any) -> None:
    json.dump(data, sys.stdout, indent=2, default=str)
    sys.stdout.write("\n")
