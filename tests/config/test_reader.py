"""Settings: every mistake at once, with its place and how to fix it."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from config.reader import DEFAULT_FILE, ConfigError, read, read_settings
from config.reference import page

DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"


def write(folder: Path, text: str) -> Path:
    file = folder / "trunkline.toml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(folder: Path, text: str, **environment: str) -> list[str]:
    """What is wrong, without the folder of the file."""
    found = read(write(folder, text), environment).problems
    return [problem.replace(f"{folder}/", "") for problem in found]


def test_the_default_file_is_valid_and_has_agents_and_queues() -> None:
    settings = read_settings(DEFAULT_FILE)
    assert {agent.name for agent in settings.agents} == {"alice", "bob"}
    assert {queue.name for queue in settings.queues} == {"support", "operator"}
    assert settings.numbers["100"] == "welcome"


def test_every_mistake_is_reported_at_once_with_its_line(tmp_path: Path) -> None:
    assert problems(tmp_path, '[sip]\nport = 99999\n[http]\nport = "many"\n[server]\nmax_calls = 0\n') == [
        "trunkline.toml:2: sip.port: 99999 is out of range; the most is 65535",
        'trunkline.toml:4: http.port: "many" is no number',
        "trunkline.toml:6: server.max_calls: 0 is out of range; the least is 1",
    ]


def test_an_unknown_key_is_an_error_that_names_the_nearest_known_one(tmp_path: Path) -> None:
    assert problems(tmp_path, "[sip]\nprot = 5060\n") == [
        "trunkline.toml:2: sip.prot: unknown setting; did you mean port?"
    ]


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "[sip]\nport = = 1\n")
    assert problem.startswith("trunkline.toml:2: not TOML: ")


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_settings(tmp_path / "absent.toml")


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, "[sip]\nport = 5080\naddress = '127.0.0.1'\n")
    settings = read_settings(file, {"TRUNKLINE_SIP__PORT": "5070"})
    assert settings.sip.port == 5070
    assert settings.sip.address == "127.0.0.1"


def test_the_environment_gives_every_kind_of_value(tmp_path: Path) -> None:
    settings = read_settings(
        write(tmp_path, '[numbers]\n"100" = "welcome"\n'),
        {
            "TRUNKLINE_SERVER__DRAIN_S": "1.5",
            "TRUNKLINE_SERVER__LOG_FORMAT": "json",
            "TRUNKLINE_NUMBERS__200": "sales",
            "TRUNKLINE_SIP": '{"port": 1}',
            "TRUNKLINE_SIP__PORT": "5070",
            "TRUNKLINE_AGENTS": '[{"name": "carol", "skills": {"sales": 3}}]',
        },
    )
    assert settings.server.drain_s == 1.5
    assert settings.server.log_format == "json"
    assert settings.numbers == {"100": "welcome", "200": "sales"}
    assert settings.sip.port == 5070
    assert [agent.name for agent in settings.agents] == ["carol"]


def test_a_password_is_never_shown_in_a_mistake(tmp_path: Path) -> None:
    told = problems(tmp_path, '[[agents]]\nname = "a b"\npassword = ["hunter2"]\n')
    assert len(told) == 2
    assert "hunter2" not in str(told)


def test_u17_the_words_are_those_of_people_with_file_and_line(tmp_path: Path) -> None:
    text = '[[sip.trunks]]\nname = "carrier"\nnetworks = [\n  "198.51.100.0/28",\n  "198.51.100.0/33",\n]\n'
    assert problems(tmp_path, text) == [
        'trunkline.toml:5: networks: "198.51.100.0/33" is no network; write 198.51.100.0/28'
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[sip]\nport = "5660"', '2: sip.port: "5660" is text; write it without quotes: 5660'),
        ("[sip]\nport = 5060.5", "2: sip.port: 5060.5 is no whole number"),
        ("[sip]\nrealm = 5", '2: sip.realm: 5 is no text; put it in quotes: "5"'),
        ("[sip]\nport = []", "2: sip.port: a list is no number"),
        ("[sip]\nport = true", "2: sip.port: true is no number"),
        (
            "[media]\nport_range = [20000, '24095']",
            '2: media.port_range: "24095" is text; write it without quotes: 24095',
        ),
        (
            "[[sip.trunks]]\nname = 'a'\nnetworks = [5]",
            '3: networks: 5 is no text; put it in quotes: "5"',
        ),
        (
            "[[agents]]\nname = 'a'\nskills = { x = '3' }",
            '3: skills.x: "3" is text; write it without quotes: 3',
        ),
        ("sip = 5", "1: sip: takes a table, not 5"),
        ("[server]\nlog_format = 'xml'", '2: server.log_format: "xml" is none of "text" or "json"'),
        ("[speech]\nengine = 'dragon'", '2: speech.engine: "dragon" is none of "pocketsphinx" or "vosk"'),
        ("[flows]\nvocabulary = 'faq.txt'", '2: flows.vocabulary: takes a list; write ["faq.txt"]'),
        ("[speech.voice]\nrat_wpm = 170", "2: speech.voice.rat_wpm: unknown setting; did you mean rate_wpm?"),
        ("[server]\ndrain_s = nan", "2: server.drain_s: NaN is no finite number; write one"),
        ("[[agents]]\ndisplay = 'Carol'", "1: name: required, but not given"),
        ('[[agents]]\nname = "a b"', '2: name: "a b" has a space in it; write it without'),
        ('[[agents]]\nname = "a"\nskills = { x = 11 }', "3: skills.x: 11 is out of range; the most is 10"),
        (
            '[[sip.trunks]]\nname = "a"\nnetworks = ["10.1.2.3/8"]',
            '3: networks: "10.1.2.3/8" is no network; write 10.0.0.0/8',
        ),
        ('[[sip.trunks]]\nname = "a"\nnetworks = []', "3: networks: needs at least 1 item(s)"),
    ],
)
def test_u17_each_mistake_says_how_to_fix_it(tmp_path: Path, text: str, told: str) -> None:
    assert problems(tmp_path, text + "\n") == [f"trunkline.toml:{told}"]


def test_a_setting_that_was_renamed_is_told_its_new_name_beside_other_mistakes(tmp_path: Path) -> None:
    assert problems(tmp_path, "[media]\narena_mb = 5\nmax_legs = 0\n") == [
        "trunkline.toml:2: media.arena_mb: unknown setting; it is called prompt_memory_mb now",
        "trunkline.toml:3: media.max_legs: 0 is out of range; the least is 1",
    ]


def test_u17_a_mistake_does_not_hide_another_until_the_next_run(tmp_path: Path) -> None:
    text = '[sip.registrar]\nmin_expires_s = 3000\ndefault_expires_s = 100\nmax_contacts = "8"\n'
    text += '[[queues]]\nname = "q"\nskills = { juggling = 3 }\n[[queues]]\nname = "q"\nring_timeout_s = 0\n'
    told = problems(tmp_path, text)
    assert [problem.split(":")[1] for problem in told] == ["1", "4", "7", "9", "10"]
    assert "min_expires_s <= default_expires_s" in told[0]


def test_finding_34_names_used_twice_and_skills_of_nobody_are_mistakes(tmp_path: Path) -> None:
    text = '[[agents]]\nname = "a"\nskills = { sales = 1 }\n[[agents]]\nname = "a"\n'
    text += '[[queues]]\nname = "q"\nskills = { sale = 1 }\n'
    text += '[[sip.trunks]]\nname = "t"\nnetworks = ["10.0.0.1"]\n'
    text += '[[sip.trunks]]\nname = "t"\nnetworks = ["10.0.0.2"]\n'
    assert problems(tmp_path, text) == [
        'trunkline.toml:5: name: a second agent is named "a"; rename or remove one',
        'trunkline.toml:8: skills.sale: no agent has the skill "sale"; '
        "give it to an agent, or use one of: sales",
        'trunkline.toml:13: name: a second trunk is named "t"; rename or remove one',
    ]


def test_finding_34_bad_json_in_the_environment_names_the_variable_and_not_the_file(tmp_path: Path) -> None:
    assert problems(tmp_path, "", TRUNKLINE_AGENTS="[{") == [
        "TRUNKLINE_AGENTS: is not JSON; write it as [...]"
    ]


def test_finding_34_an_unknown_variable_is_an_error(tmp_path: Path) -> None:
    assert problems(tmp_path, "", TRUNKLINE_SPI__PORT="5070", TRUNKLINE_SIP__ADRESS="x", PATH="/bin") == [
        "TRUNKLINE_SIP__ADRESS: unknown setting; did you mean TRUNKLINE_SIP__ADDRESS?",
        "TRUNKLINE_SPI__PORT: unknown setting; did you mean TRUNKLINE_SIP?",
    ]


def test_u17_a_wrong_value_from_the_environment_names_the_variable(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        "[sip]\nport = 5060\n",
        TRUNKLINE_SIP__PORT="many",
        TRUNKLINE_AGENTS='[{"name": "a", "skills": {"x": 0}}]',
        TRUNKLINE_SIP__TRUNKS__0="x",
    )
    assert sorted(told) == [
        "TRUNKLINE_AGENTS: skills.x: 0 is out of range; the least is 1",
        'TRUNKLINE_SIP__PORT: "many" is no number',
        "TRUNKLINE_SIP__TRUNKS__0: sip.trunks has no parts to set; give it whole in TRUNKLINE_SIP__TRUNKS",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[http]\naddress = "localhost"', '2: http.address: "localhost" is no IP address; write 127.0.0.1'),
        (
            '[sip]\naddress = "pbx.example"',
            '2: sip.address: "pbx.example" is no IP address; '
            "write an address of this machine, such as 203.0.113.10",
        ),
        (
            '[media]\naddress = "0.0.0.0"',
            '2: media.address: "0.0.0.0" is no address that sound could be sent to; '
            "write the address that phones reach, or add media.advertised_address",
        ),
        *(
            (
                f'[media]\naddress = "{wrong}"',
                f'2: media.address: "{wrong}" is no IP address; '
                "write an address of this machine, such as 203.0.113.10",
            )
            for wrong in ("", "256.1.1.1", "127.0.0.1:5060", "http://pbx", " 127.0.0.1", "224.0.0.1", "-x")
        ),
        *(
            (
                f'[{table}]\nadvertised_address = "{wrong}"',
                f'2: {table}.advertised_address: "{wrong}" is no address that others reach; '
                "write the one that they see, or leave it out",
            )
            for table in ("sip", "media")
            for wrong in ("", "0.0.0.0", "::", "a b", "255.255.255.255", "203.0.113.1:5060")
        ),
    ],
)
def test_finding_34_names_and_wildcards_as_addresses_are_refused_with_how_to_fix_them(
    tmp_path: Path, text: str, told: str
) -> None:
    assert problems(tmp_path, text + "\n") == [f"trunkline.toml:{told}"]


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "pbx-1.example", "10.0.0.1.nip.example"])
def test_an_address_of_ours_or_a_name_of_one_is_no_mistake(tmp_path: Path, address: str) -> None:
    assert problems(tmp_path, f'[media]\naddress = "{address}"\nadvertised_address = "{address}"\n') == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[webhooks]]\nname = "a"\nurl = "ftp://x"', "is no web address; write https:// and a host"),
        ('[bus]\nurl = "http://x"', "is no broker; write mqtt:// or mqtts:// and a host"),
        ('[[agents]]\nname = "a"\nextension = "12x"', "is no extension; write 2 to 8 digits"),
    ],
)
def test_u17_a_form_that_is_wanted_is_told_in_words(tmp_path: Path, text: str, told: str) -> None:
    found = problems(tmp_path, text + "\n")
    assert any(told in line for line in found)
    assert not any("another form" in line or "^" in line for line in found)


def test_sound_that_callers_could_not_reach_is_a_mistake(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, '[sip]\naddress = "192.0.2.1"\n')
    assert "media.address" in told
    assert "192.0.2.1" in told


def test_finding_35_relative_paths_lie_beside_the_file_that_names_them(tmp_path: Path) -> None:
    text = '[recordings]\ndirectory = "kept"\n'
    text += '[flows]\ndirectory = "menus"\nvocabulary = ["faq.txt", "/abs.txt"]\n'
    settings = read_settings(write(tmp_path, text), {"TRUNKLINE_SPEECH__CACHE_DIR": "cache"})
    assert settings.server.data_directory == tmp_path / "var"
    assert settings.recordings.directory == tmp_path / "kept"
    assert settings.flows.directory == tmp_path / "menus"
    assert settings.flows.vocabulary == (tmp_path / "faq.txt", Path("/abs.txt"))
    assert settings.speech.cache_dir == Path.cwd() / "cache"


def test_finding_35_what_is_not_named_lies_in_the_data_directory(tmp_path: Path) -> None:
    settings = read_settings(write(tmp_path, '[server]\ndata_directory = "/srv/trunkline"\n'), {})
    assert settings.recordings.directory == Path("/srv/trunkline/recordings")
    assert settings.speech.cache_dir == Path("/srv/trunkline/speech")


def test_every_kind_of_value_that_is_right_is_taken(tmp_path: Path) -> None:
    text = '[media]\nport_range = [20000, 24095]\n[server]\ndrain_s = 5\n[speech]\nengine = "pocketsphinx"\n'
    settings = read_settings(write(tmp_path, text), {})
    assert settings.media.port_range == (20000, 24095)
    assert settings.server.drain_s == 5.0


def test_a_reading_with_mistakes_has_the_settings_that_are_left(tmp_path: Path) -> None:
    reading = read(write(tmp_path, '[sip]\nport = "x"\n[numbers]\n"1" = "welcome"\n'), {})
    assert reading.problems
    assert reading.settings is not None
    assert reading.settings.numbers == {"1": "welcome"}


@given(content=st.binary(max_size=300))
def test_no_content_causes_anything_but_a_problem(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("config") / "x.toml"
    file.write_bytes(content)
    reading = read(file, {})
    assert reading.problems or reading.settings


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["SERVER", "SIP", "SIP__TRUNKS", "AGENTS", "QUEUES", "NUMBERS", "FLOWS__VOCABULARY", "SPEECH__VOICE"]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(given=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3))
def test_no_value_from_the_environment_causes_anything_but_a_problem(
    given: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("config") / "x.toml"
    file.write_text("")
    reading = read(file, {f"TRUNKLINE_{key}": json.dumps(value) for key, value in given.items()})
    assert reading.problems or reading.settings


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "1" * 5000])
def test_content_made_to_break_readers_is_a_problem(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text)


def test_a_variable_made_to_break_readers_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, "", TRUNKLINE_AGENTS="[" * 700 + "]" * 700)


def test_the_configuration_page_is_that_of_the_settings() -> None:
    assert DOCS.read_text(encoding="utf-8") == page(), (
        "run: python -m config.reference > docs/configuration.md"
    )


def paths_in(value: object) -> list[Path]:
    if isinstance(value, Path):
        return [value]
    if isinstance(value, BaseModel):
        return [path for name in type(value).model_fields for path in paths_in(getattr(value, name))]
    return [path for each in value for path in paths_in(each)] if isinstance(value, tuple) else []


def test_finding_35_no_path_depends_on_where_the_server_is_started(tmp_path: Path) -> None:
    found = paths_in(read_settings(write(tmp_path, ""), {}))
    assert len(found) >= 4
    assert all(path.is_relative_to(tmp_path) for path in found), "name it in config/folders.py: INSIDE"
