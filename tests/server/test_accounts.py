"""Agents' passwords."""

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.settings import AgentAccount
from server.access.passwords import FILE_NAME, AccountsError, passwords


def test_a_missing_password_is_made_once_and_kept_private(tmp_path: Path) -> None:
    agents = [AgentAccount(name="alice"), AgentAccount(name="bob")]
    first = passwords(agents, tmp_path)
    again = passwords(agents, tmp_path)
    assert first == again
    assert first["alice"] != first["bob"]
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


def test_a_password_of_the_settings_is_used_and_not_written(tmp_path: Path) -> None:
    given = SecretStr("from the settings")
    assert passwords([AgentAccount(name="alice", password=given)], tmp_path)["alice"] == given
    assert not (tmp_path / FILE_NAME).exists()


def test_an_agent_added_later_leaves_the_others_passwords_alone(tmp_path: Path) -> None:
    first = passwords([AgentAccount(name="alice")], tmp_path)
    later = passwords([AgentAccount(name="alice"), AgentAccount(name="carol")], tmp_path)
    assert later["alice"] == first["alice"]


def test_a_broken_password_file_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("alice = ", encoding="utf-8")
    with pytest.raises(AccountsError, match=FILE_NAME):
        passwords([AgentAccount(name="alice")], tmp_path)
