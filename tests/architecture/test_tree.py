"""The documents, the pins and the import arrows are true."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

NOT_OURS = (".*", "build", "var", "__pycache__", "*.egg-info")

# Spelled in pieces, so that this file does not contain what it forbids.
PLACES_OF_ONE_MACHINE = re.compile(
    "(?<![\\w.])/(?:" + "|".join(["wor" + "k/", "tmp/trunk" + "line", "ro" + "ot/"]) + ")"
)


def tree_block(page: str, heading: str = "The tree") -> str:
    found = re.search(rf"^## {heading}\n+```\w*\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert found, f"docs/architecture.md has no fenced block right after the heading '## {heading}'"
    return found[1]


def test_the_architecture_page_lists_exactly_the_folders_that_are_there(root: Path) -> None:
    page = (root / "docs" / "architecture.md").read_text()
    listed = set(re.findall(r"^(\w[\w-]*)/", tree_block(page), re.MULTILINE))
    there = {
        path.name
        for path in root.iterdir()
        if path.is_dir() and not any(fnmatch(path.name, each) for each in NOT_OURS)
    }
    assert listed == there, f"only on the page: {listed - there}; only on disk: {there - listed}"


def test_the_architecture_page_lists_exactly_the_rooms_of_the_server(root: Path) -> None:
    page = (root / "docs" / "architecture.md").read_text()
    listed = set(re.findall(r"^(\w[\w-]*)/", tree_block(page, "The rooms of server/"), re.MULTILINE))
    there = {path.name for path in (root / "server").iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert listed == there, f"only on the page: {listed - there}; only on disk: {there - listed}"


def test_every_page_is_reached_from_the_readme(root: Path) -> None:
    readme = (root / "README.md").read_text()
    lost = [page.name for page in (root / "docs").glob("*.md") if f"](docs/{page.name})" not in readme]
    assert not lost


def test_links_in_documents_lead_somewhere(root: Path) -> None:
    dead = [
        f"{document.relative_to(root)}: {target}"
        for document in (
            root / "README.md",
            root / "ivr_flows/README.md",
            *sorted((root / "docs").glob("*.md")),
        )
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", document.read_text())
        if not (document.parent / target).exists()
    ]
    assert not dead


def test_import_contracts_are_kept(root: Path) -> None:
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_arrow_of_the_architecture_is_a_contract(root: Path) -> None:
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    forbidden = {
        (source, target)
        for contract in contracts
        for source in contract.get("source_modules", contract.get("modules", []))
        for target in contract.get("forbidden_modules", contract.get("modules", []))
        if source != target
    }
    packages = {"acd", "config", "contacts", "ivr_flows", "media", "recordings", "server", "telephony"}
    allowed = {
        ("telephony", "media"),
        ("recordings", "media"),
        ("recordings", "contacts"),
        ("acd", "contacts"),
    }
    # The server may know everybody; config knows each package's settings, which no package contract can say.
    free = packages - {"server", "config"}
    wanted = {(a, b) for a in free for b in packages if a != b} - allowed | {("config", "server")}
    assert wanted <= forbidden, f"no contract forbids {sorted(wanted - forbidden)}"


def test_nothing_kept_speaks_of_one_machine(kept_files: list[Path], root: Path) -> None:
    found = []
    for path in kept_files:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(root)}:{number}"
            for number, line in enumerate(lines, 1)
            if PLACES_OF_ONE_MACHINE.search(line)
        ]
    assert not found


def test_what_is_built_is_not_kept(kept_files: list[Path], root: Path) -> None:
    ignored = (root / ".gitignore").read_text().splitlines()
    assert {".venv", "__pycache__/", "var/"} <= set(ignored)
    built = [
        path for path in kept_files if {".venv", "__pycache__", "var"} & set(path.relative_to(root).parts)
    ]
    assert not built


def test_no_package_index_is_named(root: Path) -> None:
    for name in (
        "Makefile",
        "constraints.txt",
        "pyproject.toml",
        "tools/setup.py",
        "tools/setup.sh",
        ".ci/run",
    ):
        text = (root / name).read_text()
        assert not re.search(r"--(extra-)?index-url|--find-links|https?://", text), f"{name} names an index"


def pinned(root: Path) -> dict[str, str]:
    """Name and version of what constraints.txt says for this Python."""
    pins: dict[str, str] = {}
    for line in (root / "constraints.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            pin = Requirement(line)
            if pin.marker is None or pin.marker.evaluate():
                [specifier] = pin.specifier
                assert specifier.operator == "==", f"not an exact version: {line}"
                pins[canonicalize_name(pin.name)] = specifier.version
    return pins


def installed_requirements(name: str, extras: frozenset[str], seen: set[str]) -> Iterator[str]:
    """What is installed because this is, at any depth."""
    try:
        requirements = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return
    for requirement in map(Requirement, requirements):
        wanted = requirement.marker is None or any(
            requirement.marker.evaluate({"extra": e}) for e in extras | {""}
        )
        key = canonicalize_name(requirement.name)
        if wanted and key not in seen:
            seen.add(key)
            yield key
            yield from installed_requirements(requirement.name, frozenset(requirement.extras), seen)


def test_every_package_that_set_up_installs_is_pinned(root: Path) -> None:
    needed = set(installed_requirements("trunkline", frozenset({"dev", "softphone", "vosk"}), set()))
    unpinned = needed - pinned(root).keys()
    assert not unpinned, f"add to constraints.txt: {sorted(unpinned)}"


def test_every_direct_dependency_is_explained(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    declared = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    page = (root / "docs/dependencies.md").read_text()
    silent = [name for each in declared if f"`{(name := Requirement(each).name)}`" not in page]
    assert not silent, f"docs/dependencies.md says nothing of {silent}"


def test_what_is_installed_is_what_is_pinned(root: Path) -> None:
    versions: dict[str, str] = {
        canonicalize_name(each.name): each.version for each in metadata.distributions()
    }
    versions.pop("setuptools", None)  # needed to build only, and then in an environment of its own
    wrong = {
        name: (versions[name], version)
        for name, version in pinned(root).items()
        if versions.get(name, version) != version
    }
    assert not wrong, f"installed and pinned differ: {wrong}"
