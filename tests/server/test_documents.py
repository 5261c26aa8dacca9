"""Commands in the documents can be pasted: they exist, and so do their options."""

import re
import shlex
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel

from config.reader import DEFAULT_FILE, read
from config.settings import Settings
from contacts.facts.entry import KINDS
from server.access.routes import ROUTES
from server.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "ivr_flows" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WAYS = re.compile(r"(?:sudo -u \w+ )?(?:\S*/)?trunkline (?=\S)")


def commands(page: Path) -> list[str]:
    """Lines of code, and code inside of sentences, that begin with the program."""
    text = page.read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    lines += [
        line for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL) for line in block.splitlines()
    ]
    lines += re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    return [line.strip() for line in lines if WAYS.match(line.strip())]


CASES = [(page.name, command) for page in PAGES for command in commands(page)]


@pytest.mark.parametrize(("page", "command"), CASES)
def test_u19_a_command_in_the_documents_exists_with_its_options(page: str, command: str) -> None:
    words = shlex.split(WAYS.sub("", command, count=1), comments=True)
    found: Any = typer.main.get_command(app)
    while words and hasattr(found, "list_commands") and not words[0].startswith("-"):
        word = words.pop(0)
        parent, found = found, found.get_command(None, word)
        assert found is not None, f"{page}: {command!r}: {parent.name} has no {word!r}"
    options = {option for parameter in found.params for option in parameter.opts} | {"--help"}
    given = {word.partition("=")[0] for word in words if re.fullmatch(r"--?[a-z][\w-]*(=.*)?", word)}
    assert given <= options, f"{page}: {command!r}: {found.name} has no {given - options}"


def test_documents_name_commands_at_all() -> None:
    assert {page for page, _ in CASES} >= {"README.md", "operation.md", "phones.md"}


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", ROOT / "docs" / "operation.md"], ids=lambda page: page.name
)
def test_u17_settings_in_the_documents_have_no_mistakes(page: Path, tmp_path: Path) -> None:
    for number, block in enumerate(re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL)):
        file = tmp_path / f"{number}.toml"
        # An agent has the skills that the queues of the built-in settings demand, or none does.
        file.write_text(block)
        assert read(file, {}).problems == ()


def test_the_built_in_settings_have_no_mistakes() -> None:
    assert read(DEFAULT_FILE, {}).problems == ()


# What these are called for whoever did not write them stands beside each.
INSIDERS_WORDS = {
    r"embedded default": "built-in settings",
    r"draining": "finishing calls",
    r"the mend\b": "how to fix it",
    r"tick engine": "audio engine",
    r"drag(s|ged) in": "also installs",
    r"house sentences": "own vocabulary",
    r"arena_mb|listen_rows|recording_rows|rna_pause_s": "the setting's name of today",
    r"is done with the contact": "wrap-up finished",
}


@pytest.mark.parametrize("page", [*PAGES, DEFAULT_FILE], ids=lambda page: page.name)
def test_documents_speak_in_plain_words(page: Path) -> None:
    text = page.read_text(encoding="utf-8").lower()
    found = {word: plain for word, plain in INSIDERS_WORDS.items() if re.search(word, text)}
    assert not found


KEY = re.compile(r"`\[?\[?([a-z][a-z_]*(?:\.[a-z_]+)+)\]?\]?(?: = [^`]*)?`")
# A dotted name may also be a file, an event, a line of the log or the rule of a refusal.
OTHERS = {"sip.refused", "media.transport", "media.exhausted"}
FILES = (".toml", ".db", ".json", ".yaml", ".key", ".md", ".py", ".txt", ".wav", ".service", ".example")


def has_key(model: type[BaseModel], names: list[str]) -> bool:
    """Whether a table of the settings, or one of its tables, has that key."""
    first, *rest = names
    field = model.model_fields.get(first)
    if field is None:
        return False
    inner = [each for each in _models(field.annotation) if not rest or has_key(each, rest)]
    return bool(inner) if rest and _models(field.annotation) else True


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_u17_settings_keys_in_the_documents_exist(page: Path) -> None:
    kinds = set(KINDS)
    found = {match for match in KEY.findall(page.read_text(encoding="utf-8")) if not match.endswith(FILES)}
    keys = {key for key in found if key.split(".")[0] in Settings.model_fields and key not in kinds | OTHERS}
    assert {key for key in keys if not has_key(Settings, key.split("."))} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_routes_in_the_documents_exist(page: Path) -> None:
    told = re.findall(r"\b((?:GET|POST|PUT|DELETE) /[a-z][^\s`|,;)?]*)", page.read_text(encoding="utf-8"))
    assert {route.rstrip(".") for route in told} - set(ROUTES) == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_in_the_documents_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    ours = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in ours if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_u17_every_table_of_settings_in_the_documents_is_understood(page: Path, tmp_path: Path) -> None:
    for number, block in enumerate(re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL)):
        file = tmp_path / f"{number}.toml"
        file.write_text(block)
        assert [line for line in read(file, {}).problems if "unknown setting" in line] == []
