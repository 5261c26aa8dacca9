"""One word, one meaning: a public class name stands for one thing in the whole product."""

from __future__ import annotations

import ast
from collections import defaultdict

from tests.architecture.conftest import Module

# Names that stood twice before this was checked. The list may only become shorter.
STILL_TWICE = frozenset(
    {
        "Answer",
        "Answered",
        "Call",
        "Ended",
        "Fact",
        "HangUp",
        "Hangup",
        "Heard",
        "PlaybackFinished",
        "Record",
        "RecordingSource",
        "Refused",
        "Stop",
        "Transfer",
        "Utterance",
        "Written",
    }
)


def names_that_exist_twice(modules: list[Module]) -> dict[str, list[str]]:
    """Public classes by name, where more than one module has one."""
    homes: dict[str, list[str]] = defaultdict(list)
    for module in modules:
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(module.name)
    return {name: where for name, where in homes.items() if len(where) > 1}


def test_a_class_name_means_one_thing(modules: list[Module]) -> None:
    twice = names_that_exist_twice(modules)
    new = {name: where for name, where in twice.items() if name not in STILL_TWICE}
    assert not new, f"find another word for one of them: {new}"


def test_the_list_of_names_that_exist_twice_holds_no_others(modules: list[Module]) -> None:
    gone = STILL_TWICE - names_that_exist_twice(modules).keys()
    assert not gone, f"take them off the list: {sorted(gone)}"
