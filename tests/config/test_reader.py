"""Settings: every mistake at once, with file and key."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.reader import DEFAULT_FILE, ConfigError, read_settings
from config.reference import page

DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"


def write(folder: Path, text: str) -> Path:
    file = folder / "trunkline.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_default_file_is_valid_and_has_agents_and_queues() -> None:
    settings = read_settings(DEFAULT_FILE)
    assert {agent.name for agent in settings.agents} == {"alice", "bob"}
    assert {queue.name for queue in settings.queues} == {"support", "operator"}
    assert settings.numbers["100"] == "welcome"


def test_every_mistake_is_reported_at_once_with_its_key(tmp_path: Path) -> None:
    file = write(tmp_path, '[sip]\nport = 99999\n[http]\nport = "many"\n[server]\nmax_calls = 0\n')
    with pytest.raises(ConfigError) as caught:
        read_settings(file)
    keys = {problem.split(":")[0] for problem in caught.value.problems}
    assert keys == {"sip.port", "http.port", "server.max_calls"}
    assert caught.value.file == file


def test_an_unknown_key_is_an_error_that_names_the_nearest_known_one(tmp_path: Path) -> None:
    file = write(tmp_path, "[sip]\nprot = 5060\n")
    with pytest.raises(ConfigError) as caught:
        read_settings(file)
    assert caught.value.problems == ("sip.prot: unknown key; did you mean 'port'?",)


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 2"):
        read_settings(write(tmp_path, "[sip]\nport = = 1\n"))


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_settings(tmp_path / "absent.toml")


def test_the_environment_beats_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_SIP__PORT", "5070")
    settings = read_settings(write(tmp_path, "[sip]\nport = 5080\naddress = '127.0.0.1'\n"))
    assert settings.sip.port == 5070
    assert settings.sip.address == "127.0.0.1"


def test_a_password_is_never_shown_in_a_mistake(tmp_path: Path) -> None:
    file = write(tmp_path, '[[agents]]\nname = "a b"\npassword = ["hunter2"]\n')
    with pytest.raises(ConfigError) as caught:
        read_settings(file)
    assert "hunter2" not in str(caught.value)


@given(content=st.binary(max_size=300))
def test_no_content_causes_anything_but_a_config_error(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("config") / "x.toml"
    file.write_bytes(content)
    try:
        read_settings(file)
    except ConfigError as error:
        assert error.problems


def test_the_configuration_page_is_that_of_the_settings() -> None:
    assert DOCS.read_text(encoding="utf-8") == page(), (
        "run: python -m config.reference > docs/configuration.md"
    )
