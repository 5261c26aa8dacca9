"""Reads one TOML file and the environment into Settings; every mistake is told at once, with its place."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.across import Mistake
from config.environment import Misnamed, from_environment
from config.errors import ConfigError
from config.folders import name_data_directory, place_folders
from config.judgement import judge
from config.lines import lines_of
from config.settings import Settings
from config.tables import Path as KeyPath

__all__ = ["DEFAULT_FILE", "ConfigError", "SettingsRead", "read", "read_settings"]

DEFAULT_FILE = Path(__file__).with_name("default.toml")
MAX_FILE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class SettingsRead:
    """What a file and the environment say.

    `settings` are there in spite of mistakes where those could be left out: what is judged next,
    the flows for instance, has its mistakes told in the same run. Nothing may be started with them.
    """

    file: Path
    settings: Settings | None
    problems: tuple[str, ...]
    _lines: Mapping[KeyPath, int] = field(default_factory=dict)
    _variables: Mapping[KeyPath, str] = field(default_factory=dict)

    def told(self, mistake: Mistake) -> str:
        """The mistake with its place: `trunkline.toml:13: networks: ...`, or the variable's name."""
        path = mistake.path
        for length in range(len(path), 0, -1):
            if variable := self._variables.get(path[:length]):
                rest = key_of(path[length:])
                return f"{variable}: {rest}: {mistake.message}" if rest else f"{variable}: {mistake.message}"
            if line := self._lines.get(path[:length]):
                return f"{self.file}:{line}: {key_of(path)}: {mistake.message}"
        return f"{self.file}: {key_of(path) or '(whole file)'}: {mistake.message}"

    def usable(self) -> Settings:
        """Raises ConfigError when anything is wrong."""
        if self.problems or self.settings is None:
            raise ConfigError(self.file, self.problems)
        return self.settings


def read_settings(file: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises ConfigError with every mistake in the file and the environment."""
    return read(file, environment).usable()


def read(file: Path, environment: Mapping[str, str] = os.environ) -> SettingsRead:
    """Never raises: what is wrong is in the reading."""
    try:
        text = _text_of(file)
        data, lines = tomllib.loads(text), lines_of(text)
    except ConfigError as error:
        return SettingsRead(file, None, error.problems)
    except tomllib.TOMLDecodeError as error:
        return SettingsRead(file, None, (_not_toml(file, error),))
    except (RecursionError, ValueError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        return SettingsRead(file, None, (f"{file}: not TOML: {reason}",))
    variables, misnamed = _overlay(data, environment)
    _settle_folders(data, file, variables)
    try:
        settings, mistakes = judge(data)
    except RecursionError:
        return SettingsRead(file, None, (f"{file}: nested too deeply, in the file or a TRUNKLINE_ variable",))
    reading = SettingsRead(file, settings, (), lines, variables)
    problems = tuple(reading.told(mistake) for mistake in _in_order(mistakes, lines))
    return SettingsRead(file, settings, (*problems, *misnamed), lines, variables)


def key_of(path: KeyPath) -> str:
    """As a reader finds it near the line: `sip.port`, and inside a list of tables `networks`."""
    path = path[: max((n for n, part in enumerate(path, 1) if isinstance(part, str)), default=0)]
    inside = max((n for n, part in enumerate(path, 1) if isinstance(part, int)), default=0)
    return ".".join(map(str, path[inside:]))


def _text_of(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            problem = f"larger than {MAX_FILE_BYTES} bytes; is this a settings file?"
            raise ConfigError(file, (f"{file}: {problem}",))
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        problem = "no such file; `trunkline serve` without --config uses the built-in settings"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        problem = f"not UTF-8 at byte {error.start}"
    raise ConfigError(file, (f"{file}: {problem}",))


def _not_toml(file: Path, error: tomllib.TOMLDecodeError) -> str:
    reason, _, place = str(error).partition(" (at line ")
    line = place.partition(",")[0]
    return f"{file}:{line}: not TOML: {reason}" if line else f"{file}: not TOML: {reason}"


def _overlay(
    data: dict[str, Any], environment: Mapping[str, str]
) -> tuple[dict[KeyPath, str], tuple[str, ...]]:
    """The environment beats the file, so that one file serves many hosts."""
    variables: dict[KeyPath, str] = {}
    misnamed: list[str] = []
    for given in from_environment(environment, Settings):
        if isinstance(given, Misnamed):
            misnamed.append(f"{given.variable}: {given.message}")
            continue
        table: Any = data
        for key in given.path[:-1]:
            inner = table.get(key)
            table[key] = table = inner if isinstance(inner, dict) else {}
        last = given.path[-1]
        before = table.get(last)
        both = isinstance(before, dict) and isinstance(given.value, dict)
        table[last] = before | given.value if both else given.value
        variables[given.path] = given.variable
        if both:
            variables.pop(given.path)
            variables |= {(*given.path, key): given.variable for key in given.value}
    return variables, tuple(misnamed)


def _settle_folders(data: dict[str, Any], file: Path, variables: Mapping[KeyPath, str]) -> None:
    """The built-in settings and the environment speak of the working directory."""
    beside = None if file == DEFAULT_FILE else file.absolute().parent

    def base_of(path: KeyPath) -> Path | None:
        from_variable = any(path[:length] in variables for length in range(1, len(path) + 1))
        return Path.cwd() if from_variable and beside else beside

    if beside is not None:
        name_data_directory(data, str(beside / "var"))
    place_folders(data, Settings, base_of)


def _in_order(mistakes: list[Mistake], lines: Mapping[KeyPath, int]) -> list[Mistake]:
    """As they stand in the file; what is not in it comes last."""

    def line(mistake: Mistake) -> int:
        path = mistake.path
        return next(
            (lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), len(lines) + 1_000_000
        )

    return sorted(mistakes, key=line)
