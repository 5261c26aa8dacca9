"""Reads one TOML file into Settings and reports every mistake at once, with file and key."""

from __future__ import annotations

import difflib
import tomllib
import types
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from config.settings import Settings

DEFAULT_FILE = Path(__file__).with_name("default.toml")
MAX_FILE_BYTES = 1_000_000


class ConfigError(Exception):
    """The settings cannot be used; `problems` has one line per mistake."""

    def __init__(self, file: Path, problems: tuple[str, ...]) -> None:
        super().__init__(f"{file}: " + "; ".join(problems))
        self.file = file
        self.problems = problems


def read_settings(file: Path) -> Settings:
    """Raises ConfigError with every mistake in the file and the environment."""
    data = _read_toml(file)
    try:
        return Settings(**data)
    except ValidationError as error:
        raise ConfigError(file, tuple(_line(problem) for problem in error.errors())) from None


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise ConfigError(file, (f"larger than {MAX_FILE_BYTES} bytes; is this a configuration file?",))
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            file, ("no such file; `trunkline serve` without --config uses the default",)
        ) from None
    except OSError as error:
        raise ConfigError(file, (f"cannot be read: {error.strerror}",)) from None
    except UnicodeDecodeError as error:
        raise ConfigError(file, (f"not UTF-8 at byte {error.start}",)) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(file, (f"not TOML: {error}",)) from None


def _line(problem: Any) -> str:
    location = tuple(problem["loc"])
    key = ".".join(str(part) for part in location) or "(whole file)"
    if problem["type"] == "extra_forbidden":
        return f"{key}: unknown key{_suggestion(location)}"
    if problem["type"] == "missing":
        return f"{key}: required, but not given"
    message = problem["msg"].removeprefix("Value error, ")
    shown = problem.get("input")
    scalar = isinstance(shown, (str, int, float)) and "password" not in key
    return f"{key}: {message}" + (f" (given: {shown!r})" if scalar else "")


def _suggestion(location: tuple[str | int, ...]) -> str:
    """The nearest known key beside the unknown one."""
    model = _model_at(location[:-1])
    near = difflib.get_close_matches(str(location[-1]), model.model_fields if model else (), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _model_at(path: tuple[str | int, ...]) -> type[BaseModel] | None:
    model: type[BaseModel] | None = Settings
    for part in path:
        if model is None or isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        model = model_in(field.annotation) if field else None
    return model


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The settings model inside `X`, `X | None` or `tuple[X, ...]`."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, BaseModel) else None
    inner = (model_in(argument) for argument in typing.get_args(annotation))
    return next((model for model in inner if model), None)
