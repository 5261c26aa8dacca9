"""The line of every table, key and list item of a TOML file."""

import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from config.lines import lines_of
from config.reader import DEFAULT_FILE
from config.tables import Path

FILE = '''\
# a comment with [brackets] and "quotes"
top = """
many = 1
lines"""
[sip] # here
port = 5060
transport.max_connections = 5
"quoted \\u00e4 key" = '#'

[[sip.trunks]]
name = "a"
networks = [
  "10.0.0.0/8", # first
  """10.
1.""",
  ["x", {y = 1, z.w = 2}],
]
[sip.trunks.more]
deep = 1
[[sip.trunks]]
name = 'b'
[[sip.trunks.codecs]]
name = "g711"
[[sip.trunks.codecs]]
name = "opus"
'''


def paths_of(data: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(data, dict):
        for key, value in data.items():
            yield from paths_of(value, (*path, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from paths_of(value, (*path, number))


def test_every_kind_of_place_has_its_line() -> None:
    lines = lines_of(FILE)
    assert lines[("top",)] == 2
    assert lines[("sip",)] == 5
    assert lines[("sip", "transport", "max_connections")] == 7
    assert lines[("sip", "quoted ä key")] == 8
    assert lines[("sip", "trunks", 0)] == 10
    assert lines[("sip", "trunks", 0, "networks", 0)] == 13
    assert lines[("sip", "trunks", 0, "networks", 2)] == 16
    assert lines[("sip", "trunks", 0, "networks", 2, 1, "z", "w")] == 16
    assert lines[("sip", "trunks", 0, "more", "deep")] == 19
    assert lines[("sip", "trunks", 1, "codecs", 1, "name")] == 25


def test_no_value_of_a_file_lacks_a_line() -> None:
    for text in (FILE, DEFAULT_FILE.read_text(encoding="utf-8")):
        lists_themselves = {("sip", "trunks"), ("sip", "trunks", 1, "codecs"), ("agents",), ("queues",)}
        assert set(paths_of(tomllib.loads(text))) - lines_of(text).keys() <= lists_themselves


PIECES = [
    "a",
    "=",
    "1",
    '"',
    "'",
    '"""',
    "'''",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    "#",
    "\n",
    " ",
    "\\",
    "x = 1\n",
]


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=30))
def test_whatever_is_toml_is_followed_to_its_end(pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    named = {path for path in paths_of(data) if not isinstance(path[-1], int)}
    assert {path for path in named if path not in lines_of(text)} <= {
        path for path in named if any((*path, 0) == other[: len(path) + 1] for other in paths_of(data))
    }
