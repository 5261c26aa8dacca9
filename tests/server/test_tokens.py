"""Tokens as they are kept, wrong ones as they are counted, and the socket of the data folder."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.privacy import Privacy
from server.access import failed_logins as failed_module
from server.access import tokens as tokens_module
from server.access.failed_logins import (
    FORGOTTEN_AFTER_S,
    FREE_FAILURES,
    LONGEST_DELAY_S,
    MAX_SOURCES,
    TELL_EVERY_S,
    FailedLogins,
)
from server.access.local_socket import connect_locally, listen_locally, socket_file
from server.access.principal import PeerCredentials, Principal, local_administrator
from server.access.roles import SEES, Role
from server.access.tokens import FILE_NAME, TokenBook, TokensError

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def test_a_token_is_known_again_after_a_restart_and_only_as_a_hash_on_disk(tmp_path: Path) -> None:
    _, token = TokenBook(tmp_path).create("eve", Role.OFFICER, NOW)
    principal = TokenBook(tmp_path).principal(token, NOW)
    assert principal == Principal("eve", Role.OFFICER)
    content = (tmp_path / FILE_NAME).read_text()
    assert token.split("_", 2)[2] not in content
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


def test_a_token_ends_when_it_expires_and_not_before(tmp_path: Path) -> None:
    book = TokenBook(tmp_path)
    _, token = book.create("eve", Role.OFFICER, NOW, expires=NOW + timedelta(days=1))
    assert book.principal(token, NOW + timedelta(hours=23))
    assert book.principal(token, NOW + timedelta(days=1)) is None


def test_a_revoked_token_stays_revoked_after_a_restart(tmp_path: Path) -> None:
    book = TokenBook(tmp_path)
    entry, token = book.create("eve", Role.OFFICER, NOW)
    assert book.revoke(entry.id) == entry
    assert book.revoke(entry.id) is None
    assert TokenBook(tmp_path).principal(token, NOW) is None


def test_one_changed_character_opens_nothing(tmp_path: Path) -> None:
    book = TokenBook(tmp_path)
    _, token = book.create("eve", Role.OFFICER, NOW)
    for place in range(len(token)):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert book.principal(changed, NOW) is None


@given(st.text(max_size=100))
def test_whatever_is_sent_as_a_token_is_an_answer_and_no_error(text: str) -> None:
    assert TokenBook(Path("/nowhere/at/all")).principal(text, NOW) is None


def test_tokens_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "MAX_TOKENS", 2)
    book = TokenBook(tmp_path)
    for _ in range(2):
        book.create("eve", Role.OFFICER, NOW)
    with pytest.raises(TokensError, match="revoke some"):
        book.create("eve", Role.OFFICER, NOW)


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"id": "x"}]'])
def test_a_broken_file_of_tokens_is_named_and_lets_nobody_in(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE_NAME).write_text(content)
    with pytest.raises(TokensError, match=FILE_NAME):
        TokenBook(tmp_path)


def test_a_folder_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    book = TokenBook(tmp_path / "gone")
    with pytest.raises(TokensError, match="cannot be written"):
        book.create("eve", Role.OFFICER, NOW)
    assert book.all() == ()


def test_what_a_role_sees_is_said_for_every_role_and_secret_is_nobodys() -> None:
    assert set(SEES) == set(Role)
    assert Privacy.SECRET not in SEES.values()


def test_the_file_is_json_that_people_can_read(tmp_path: Path) -> None:
    TokenBook(tmp_path).create("eve", Role.OFFICER, NOW)
    [entry] = json.loads((tmp_path / FILE_NAME).read_text())
    assert (entry["name"], entry["role"]) == ("eve", "officer")


def test_finding_39_wrong_tokens_cost_more_and_more_up_to_a_bound() -> None:
    failed = FailedLogins()
    delays = [failed.failed("192.0.2.1", 10.0).delay_s for _ in range(FREE_FAILURES + 10)]
    assert delays[:FREE_FAILURES] == [0.0] * FREE_FAILURES
    beyond = delays[FREE_FAILURES:]
    assert beyond == sorted(beyond)
    assert beyond[-1] == LONGEST_DELAY_S


def test_one_source_does_not_slow_another_and_time_forgives() -> None:
    failed = FailedLogins()
    for _ in range(10):
        failed.failed("192.0.2.1", 10.0)
    assert failed.failed("192.0.2.2", 10.0).delay_s == 0.0
    assert failed.failed("192.0.2.1", 10.0 + FORGOTTEN_AFTER_S + 1).delay_s == 0.0


def test_failures_are_told_at_once_and_then_once_a_minute_with_their_number() -> None:
    failed = FailedLogins()
    told = [failed.failed("192.0.2.1", second).tell for second in range(int(2 * TELL_EVERY_S) + 1)]
    assert told[0] == 1
    assert [number for number in told if number] == [1, 60, 60]
    assert failed.total == sum(told)


@given(st.lists(st.tuples(st.integers(0, 3000), st.floats(0, 1e6)), max_size=300))
def test_sources_without_number_cost_bounded_memory(failures: list[tuple[int, float]]) -> None:
    failed = FailedLogins()
    for source, now in failures:
        penalty = failed.failed(str(source), now)
        assert 0 <= penalty.delay_s <= LONGEST_DELAY_S
        assert penalty.tell >= 0
    assert failed.total == len(failures)


def test_the_source_that_failed_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_SOURCES > 2
    monkeypatch.setattr(failed_module, "MAX_SOURCES", 2)
    failed = FailedLogins()
    for _ in range(FREE_FAILURES + 1):
        failed.failed("old", 1.0)
    failed.failed("middle", 2.0)
    failed.failed("new", 3.0)
    assert failed.failed("old", 4.0).delay_s == 0.0


def test_the_kernel_says_who_is_at_the_other_end(tmp_path: Path) -> None:
    with listen_locally(tmp_path) as listening, connect_locally(tmp_path, 1.0) as client:
        peer = PeerCredentials.of(listening.accept()[0])
        assert peer is not None
        assert peer.owns_the_server
        assert local_administrator(peer).role is Role.ADMINISTRATOR
        assert client.fileno() > 0


def test_another_user_is_not_the_server_and_a_nameless_one_has_a_number() -> None:
    other = PeerCredentials(pid=1, uid=54321)
    assert not other.owns_the_server
    assert local_administrator(other).name == "uid 54321"


def test_the_socket_is_private_from_its_first_moment_and_replaces_a_dead_ones(tmp_path: Path) -> None:
    listen_locally(tmp_path).close()
    with listen_locally(tmp_path):
        assert stat.S_IMODE(socket_file(tmp_path).stat().st_mode) == 0o600
