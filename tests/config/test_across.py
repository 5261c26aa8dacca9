"""What no single value shows: names used twice, names that nothing has, addresses that do not fit."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.across import mistakes_across, rename_seconds
from config.calls import DialRule
from config.judgement import judge
from config.settings import Settings
from config.tables import Path, is_list, keys_of, scalars_of, table_in
from config.words import words


def mistakes(text: str) -> dict[str, str]:
    """Messages by dotted path."""
    return {".".join(map(str, each.path)): each.message for each in mistakes_across(tomllib.loads(text))}


@pytest.mark.parametrize(
    ("table", "more", "noun"),
    [
        ("agents", "", "agent"),
        ("queues", "", "queue"),
        ("sip.trunks", 'networks = ["192.0.2.0/24"]\n', "trunk"),
        ("webhooks", 'url = "https://a.example"\n', "webhook"),
    ],
)
def test_a_name_is_one_things_and_each_second_bearer_is_told(table: str, more: str, noun: str) -> None:
    entry = f'[[{table}]]\nname = "a"\n{more}'
    found = mistakes(entry * 3)
    assert set(found) == {f"{table}.1.name", f"{table}.2.name"}
    assert all(f'a second {noun} is named "a"' in message for message in found.values())
    assert mistakes(entry + entry.replace('"a"', '"b"')) == {}


def test_an_agent_and_a_queue_may_have_the_same_name() -> None:
    assert mistakes('[[agents]]\nname = "a"\n[[queues]]\nname = "a"\n') == {}


def test_a_skill_that_nobody_has_is_told_with_those_that_somebody_has() -> None:
    text = """
[[agents]]
name = "a"
skills = { sales = 1, support = 2 }
[[queues]]
name = "q"
skills = { sails = 1 }
preferred = { support = 1, supprot = 2 }
"""
    found = mistakes(text)
    assert set(found) == {"queues.0.skills.sails", "queues.0.preferred.supprot"}
    assert all("sales, support" in message for message in found.values())


def test_without_any_agent_every_skill_is_nobodys() -> None:
    assert "none" in mistakes('[[queues]]\nname = "q"\nskills = { sales = 1 }\n')["queues.0.skills.sales"]


def test_an_agents_queue_must_be_there() -> None:
    text = '[[agents]]\nname = "a"\nqueues = { sales = 1, gone = 2 }\n[[queues]]\nname = "sales"\n'
    [(path, message)] = mistakes(text).items()
    assert path == "agents.0.queues.gone"
    assert "sales" in message


@pytest.mark.parametrize(
    ("sip", "media", "advertised", "wrong"),
    [
        ("127.0.0.1", "127.0.0.1", None, False),
        ("0.0.0.0", "198.51.100.7", None, False),
        ("0.0.0.0", "127.0.0.1", None, True),
        ("198.51.100.7", "127.0.0.1", None, True),
        ("127.0.0.1", "0.0.0.0", None, True),
        ("0.0.0.0", "0.0.0.0", "198.51.100.7", False),
        ("127.0.0.1", "::1", None, True),
        ("127.0.0.1", "sound.example", None, False),
        ("127.0.0.1", "no name", None, True),
        ("127.0.0.1", "224.0.0.1", None, True),
        ("127.0.0.1", "127.0.0.1", "0.0.0.0", True),
        ("127.0.0.1", "127.0.0.1", "255.255.255.255", True),
        ("127.0.0.1", "127.0.0.1", "pbx.example.com", False),
        ("127.0.0.1", "127.0.0.1", "1.2.3", True),
    ],
)
def test_who_reaches_our_signalling_reaches_our_sound(
    sip: str, media: str, advertised: str | None, wrong: bool
) -> None:
    text = f'[sip]\naddress = "{sip}"\n[media]\naddress = "{media}"\n'
    if advertised is not None:
        text += f'advertised_address = "{advertised}"\n'
    found = mistakes(text)
    assert bool(found) is wrong, found
    assert all(path.startswith("media.") for path in found)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["agents", "queues", "sip", "trunks", "name", "skills", "preferred", "address"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=25,
    )
)
def test_whatever_the_data_it_is_only_looked_at(data: Any) -> None:
    whole = data if isinstance(data, dict) else {"agents": data, "queues": data, "sip": data}
    before = repr(whole)
    list(mistakes_across(whole))
    assert repr(whole) == before
    rename_seconds(whole)
    list(mistakes_across(whole))


def default() -> dict[str, Any]:
    text = (files("config") / "default.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


TABLES = [name for name, field in keys_of(Settings).items() if table_in(field.annotation) is not None]


@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_is_a_text_is_one_mistake_at_its_place(table: str) -> None:
    settings, found = judge({**default(), table: "all of it"})
    assert [each.path for each in found if each.path[:1] == (table,)]
    assert settings is None or getattr(settings, table) is not None


@pytest.mark.parametrize("table", TABLES)
def test_a_key_that_no_table_has_is_told_wherever_it_stands(table: str) -> None:
    data = default()
    listed = is_list(keys_of(Settings)[table].annotation)
    written: Any = data.get(table) or ([{}] if listed else {})
    entry = [{**written[0], "colour": "red"}] if listed else {**written, "colour": "red"}
    _, found = judge({**data, table: entry})
    assert any(each.path[0] == table and each.path[-1] == "colour" for each in found), found


def test_as_many_mistakes_are_told_as_there_are() -> None:
    text = """
[sip]
port = 99999
address = "nowhere at all"
[http]
port = "many"
[recordings]
drain_interval_s = -1
[[agents]]
name = "a"
skills = { sales = 11 }
[[agents]]
name = "a"
[[queues]]
name = "q"
skills = { sails = 1 }
"""
    settings, found = judge(tomllib.loads(text))
    paths = {".".join(map(str, each.path)) for each in found}
    assert paths >= {
        "sip.port",
        "sip.address",
        "http.port",
        "recordings.drain_interval_s",
        "agents.0.skills.sales",
        "agents.1.name",
        "queues.0.skills.sails",
    }
    assert len(paths) == len(found)
    assert settings is not None


TRUNK = '[[sip.trunks]]\nname = "carrier"\nnetworks = ["192.0.2.0/24"]\n'


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ('[calls]\nemergency_trunk = "NAME"\n', "calls.emergency_trunk"),
        ('[[calls.dial]]\npattern = "0x."\ntrunk = "NAME"\n', "calls.dial.0.trunk"),
        ('[[capture]]\nkeep = "never"\ntrunk = "NAME"\n', "capture.0.trunk"),
    ],
)
def test_a_trunk_that_a_rule_names_must_be_there(rule: str, path: str) -> None:
    assert mistakes(TRUNK + rule.replace("NAME", "carrier")) == {}
    [(found, message)] = mistakes(TRUNK + rule.replace("NAME", "carier")).items()
    assert found == path
    assert '"carier"' in message and "carrier" in message
    assert "none" in mistakes(rule)[path]


def test_a_queue_that_a_rule_of_recording_names_must_be_there() -> None:
    queue = '[[queues]]\nname = "sales"\n'
    rules = '[[capture]]\nkeep = "never"\nqueue = "sales"\n[[capture]]\nkeep = "always"\nqueue = "sails"\n'
    [(path, message)] = mistakes(queue + rules).items()
    assert path == "capture.1.queue"
    assert "sales" in message


def numbers_in(table: type, path: Path = ()) -> Iterator[Path]:
    """Where a single table has a number that need not be whole."""
    for name, field in keys_of(table).items():
        inner = table_in(field.annotation)
        if inner is not None and not is_list(field.annotation):
            yield from numbers_in(inner, (*path, name))
        elif float in scalars_of(field.annotation):
            yield (*path, name)


@pytest.mark.parametrize("path", list(numbers_in(Settings)), ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("number", ["inf", "-inf", "nan"])
def test_what_no_clock_can_count_to_is_no_number_of_a_setting(path: Path, number: str) -> None:
    data = default()
    table: Any = data
    for key in path[:-1]:
        table = table.setdefault(key, {})
    table[path[-1]] = float(number)
    _, found = judge(data)
    assert [each.path for each in found] == [path]


PATTERNS = {
    "0x.": ("0151234", "0"),
    "[1-9]x": ("42", "02"),
    "00[1-9].": ("0044151", "000"),
    "[1-35]": ("5", "4"),
    "+49x.": ("+49301", "49301"),
    "*#1": ("*#1", "1"),
}


@pytest.mark.parametrize(("pattern", "numbers"), PATTERNS.items())
def test_a_rule_fits_the_numbers_that_it_looks_like(pattern: str, numbers: tuple[str, str]) -> None:
    rule = DialRule(pattern=pattern, trunk="carrier")
    fits, differs = numbers
    assert rule.expression.fullmatch(fits)
    assert not rule.expression.fullmatch(differs)


@given(st.text(alphabet="0189x*#[]-.+()\\", max_size=12))
def test_a_pattern_that_is_taken_can_be_matched_with(pattern: str) -> None:
    data = {
        "sip": {"trunks": [{"name": "carrier", "networks": ["192.0.2.0/24"]}]},
        "calls": {"country": "DE", "dial": [{"pattern": pattern, "trunk": "carrier"}]},
    }
    settings, found = judge({**default(), **data})
    if found:
        assert [each.path for each in found] == [("calls", "dial", 0, "pattern")]
    else:
        assert settings is not None
        assert settings.calls.dial[0].expression.fullmatch("+" * 3) is None


def test_a_range_of_digits_that_falls_is_a_mistake_and_says_how_it_is_written() -> None:
    calls = {"country": "DE", "dial": [{"pattern": "0[7-2]x", "trunk": "carrier"}]}
    sip = {"trunks": [{"name": "carrier", "networks": ["192.0.2.0/24"]}]}
    _, found = judge({**default(), "sip": sip, "calls": calls})
    assert [(each.path, each.message) for each in found] == [
        (("calls", "dial", 0, "pattern"), "[7-2] holds no digit; write [2-7]")
    ]


CALLS = {
    'dial = [{ pattern = "0x.", trunk = "carrier" }]': "dial needs country",
    'emergency = ["112"]': "emergency needs emergency_trunk",
    'country = "XX"': "no country has that code",
    'countries = ["DE", "ZZ"]': "ZZ: no country has that code",
    'country = "de"': "write two capitals",
    'emergency = ["one"]\nemergency_trunk = "carrier"': "is no number that a phone dials",
    'break_code = "1"': "is no feature code",
    "max_calls_per_agent = 0": "the least is 1",
    "ring_for_s = 1": "the least is 5",
}


@pytest.mark.parametrize(("text", "told"), CALLS.items())
def test_a_mistake_about_calls_is_told_in_words(text: str, told: str) -> None:
    _, found = judge({**default(), **tomllib.loads(f"{TRUNK}[calls]\n{text}\n")})
    assert len(found) == 1
    assert told in found[0].message


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        ('keep = "sampled"\npercent = 10', True),
        ('keep = "sampled"', False),
        ('keep = "sampled"\npercent = 101', False),
        ('keep = "always"\npercent = 10', False),
        ('keep = "on-consent"', True),
        ('keep = "sometimes"', False),
        ('flow = "welcome"', False),
    ],
)
def test_a_rule_of_recording_says_what_is_kept_and_of_a_sample_how_much(rule: str, fits: bool) -> None:
    _, found = judge({**default(), **tomllib.loads(f"[[capture]]\n{rule}\n")})
    assert (found == []) is fits
    assert all(each.path[:2] == ("capture", 0) for each in found)


def forms(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        schema = list(schema.values())
    for inner in schema if isinstance(schema, list) else ():
        yield from forms(inner)


@pytest.mark.parametrize("form", sorted(set(forms(Settings.model_json_schema()))))
def test_u17_no_mistake_shows_the_expression_that_a_value_is_matched_with(form: str) -> None:
    told = words("string_pattern_mismatch", "?", {"pattern": form}, "")
    assert told.startswith('"?" ')
    assert form not in told and "another form" not in told
