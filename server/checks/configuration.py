"""The one check of a configuration, for `flow check`, `doctor` and `serve` alike: settings and flows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.across import Mistake
from config.reader import DEFAULT_FILE, ConfigError, read
from config.settings import Settings
from server.checks.repertoire import LIBRARY, Repertoire, examine_repertoire
from server.errors import StartError

FILE_NAME = "trunkline.toml"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a settings file and the flows it names amount to; something is wrong while `problems` has lines.

    `settings` are there in spite of problems, unless nothing could be made of the file.
    """

    file: Path
    settings: Settings | None
    repertoire: Repertoire
    problems: tuple[str, ...]

    def usable(self) -> Settings:
        """Raises ConfigError when anything is wrong."""
        if self.problems or self.settings is None:
            raise ConfigError(self.file, self.problems)
        return self.settings


def examine(file: Path, environment: Mapping[str, str] = os.environ) -> Configuration:
    """Every mistake at once: in the file, the environment, and the flows that numbers reach."""
    reading = read(file, environment)
    if reading.settings is None:
        return Configuration(file, None, Repertoire({}), reading.problems)
    repertoire, problems = examine_repertoire(reading.settings, reading.told)
    problems += [reading.told(each) for each in _unreadable(reading.settings.flows.vocabulary)]
    return Configuration(file, reading.settings, repertoire, (*reading.problems, *problems))


def house_sentences(files: Iterable[Path]) -> tuple[str, ...]:
    """The lines of the vocabulary files; `#` begins a comment. Raises StartError naming an unreadable one."""
    sentences: list[str] = []
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise StartError(f"flows.vocabulary: {file}: {error}") from None
        sentences += [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return tuple(sentences)


def settings_beside(flow: Path) -> Path | None:
    """The settings file that a flow file is used with: in its folder or in one above; None: none there."""
    folder = flow.absolute().parent
    if folder == LIBRARY.absolute():
        return DEFAULT_FILE
    found = (each / FILE_NAME for each in (folder, *folder.parents))
    return next((each for each in found if each.is_file()), None)


def _unreadable(vocabulary: tuple[Path, ...]) -> Iterator[Mistake]:
    for number, file in enumerate(vocabulary):
        try:
            house_sentences((file,))
        except StartError as error:
            yield Mistake(("flows", "vocabulary", number), str(error).removeprefix("flows.vocabulary: "))
