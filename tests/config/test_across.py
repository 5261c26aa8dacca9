"""What no single value shows: names used twice, names that nothing has, addresses that do not fit."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.across import mistakes_across, rename_seconds
from config.judgement import judge
from config.settings import Settings
from config.tables import is_list, keys_of, table_in


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
