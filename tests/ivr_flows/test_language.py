"""What is published about the language is made from the program, and is current."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from ivr_flows.documentation import kind_section, language_page
from ivr_flows.kinds.catalogue import KINDS
from ivr_flows.kinds.declare import keys_of
from ivr_flows.loader import parse_flow
from ivr_flows.rewriting import formatted
from ivr_flows.schema import flow_schema
from tests.ivr_flows.schema_check import mistakes

ROOT = Path(__file__).parents[2]
FILES = [
    *(ROOT / "ivr_flows" / "library").glob("*.yaml"),
    *(ROOT / "tests" / "data" / "flows").glob("*.yaml"),
]
MEND = "run `trunkline flow language > docs/flow_language.md`, and the same with schema and flow.schema.json"


def test_the_page_about_the_language_is_current() -> None:
    assert (ROOT / "docs" / "flow_language.md").read_text() == language_page(), MEND


def test_the_published_schema_is_current() -> None:
    assert json.loads((ROOT / "docs" / "flow.schema.json").read_text()) == flow_schema(), MEND


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_shipped_flow_fits_the_schema(path: Path) -> None:
    assert mistakes(YAML(typ="safe").load(path.read_text()), flow_schema()) == []


def test_a_misspelt_key_does_not_fit_the_schema() -> None:
    flow = {"flow": "x", "start": "a", "nodes": {"a": {"hangup": "normal", "promt": "Bye."}}}
    assert mistakes(flow, flow_schema())


@pytest.mark.parametrize("word", KINDS)
def test_every_key_of_a_kind_stands_in_the_schema_and_the_documentation(word: str) -> None:
    schema: dict[str, Any] = flow_schema()["$defs"][word]
    page = language_page()
    for key in keys_of(KINDS[word].node):
        assert key.word in schema["properties"]
        assert schema["properties"][key.word]["description"] == key.doc
        assert f"| `{key.word}` |" in page
    assert f"## {word}\n" in kind_section(KINDS[word])


OLD = """\
flow: old
start: ask
fallback: lost  # where the lost go
nodes:
  ask: {menu: Choose., options: {1: ask}, "fallback": lost}
  away: {transfer: "sip:a@b", failed: lost}
  lost: {hangup: normal}
"""


def test_words_of_older_files_load_and_are_upgraded_in_place() -> None:
    loaded = parse_flow(OLD.encode(), "old.yaml")
    assert loaded.flow is not None
    assert loaded.flow.otherwise == "lost"
    new = formatted(OLD, loaded.upgrades)
    assert "otherwise: lost  # where the lost go\n" in new
    assert "{menu: Choose., options: {1: ask}, otherwise: lost}" in new
    assert '{transfer: "sip:a@b", otherwise: lost}' in new
    again = parse_flow(new.encode(), "old.yaml")
    assert again.flow is not None
    assert again.upgrades == ()
    assert again.flow.nodes == loaded.flow.nodes
