"""What docs/features.md promises is proved by tests that are there, and is said of somebody's use."""

import re
from pathlib import Path

ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<where>[^|]+) \| (?P<tests>[^|]+) \|$", re.MULTILINE)
HEADINGS = ("what", "---")


def promises(page: str) -> list[tuple[str, str]]:
    return [(row["what"], row["tests"]) for row in ROW.finditer(page) if row["what"] not in HEADINGS]


def missing(root: Path, page: str) -> list[str]:
    """Every promise without a test, or with one that nobody can find."""
    lost = []
    for what, tests in promises(page):
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests)
        if not named:
            lost.append(f"{what}: names no test")
        for file, test in named:
            path = root / file
            if not path.exists() or not re.search(rf"def {test}\(", path.read_text()):
                lost.append(f"{what}: {file}::{test} is not there")
    return lost


def test_every_promise_is_proved_by_a_test_that_is_there(root: Path) -> None:
    page = (root / "docs/features.md").read_text()
    assert promises(page)
    assert missing(root, page) == []


def test_a_promise_whose_test_is_gone_is_found(root: Path) -> None:
    assert missing(root, "| fly | the roof | `tests/nowhere.py::test_flight` |\n") != []
    assert missing(root, "| fly | the roof | surely |\n") != []
