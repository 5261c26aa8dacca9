"""Passwords of the agents' SIP accounts: those of the settings, and generated ones kept in a private file."""

from __future__ import annotations

import json
import os
import secrets
import tomllib
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from config.settings import AgentAccount

FILE_NAME = "passwords.toml"


class AccountsError(Exception):
    """The file of generated passwords cannot be read or written; the message names it and the mend."""


def passwords(agents: Sequence[AgentAccount], data_directory: Path) -> dict[str, SecretStr]:
    """One password per agent; a missing one is made once and kept in a file of mode 0600."""
    file = data_directory / FILE_NAME
    kept = _read(file)
    made = {
        agent.name: secrets.token_urlsafe(12)
        for agent in agents
        if agent.password is None and agent.name not in kept
    }
    if made:
        _write(file, kept | made)
    everything = kept | made
    return {agent.name: agent.password or SecretStr(everything[agent.name]) for agent in agents}


def _read(file: Path) -> dict[str, str]:
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AccountsError(f"{file}: {error}; repair it, or delete it to have new passwords made") from None
    if not all(isinstance(value, str) for value in data.values()):
        raise AccountsError(f'{file}: every line must be agent = "password"')
    return data


def _write(file: Path, entries: dict[str, str]) -> None:
    lines = ["# Passwords made at first start, one per agent without a password in the settings.\n"]
    lines += [f"{json.dumps(name)} = {json.dumps(value)}\n" for name, value in sorted(entries.items())]
    temporary = file.with_suffix(".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.writelines(lines)
        temporary.replace(file)
    except OSError as error:
        raise AccountsError(
            f"{file}: cannot be written ({error.strerror}); set server.data_directory to a folder you own"
        ) from None
