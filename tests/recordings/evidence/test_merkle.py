"""The tree of RFC 6962, against the definition in its text."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.evidence.merkle import (
    EMPTY_ROOT,
    Frontier,
    inclusion_path,
    leaf_hash,
    node_hash,
    root_by_path,
    root_of,
)

LEAVES = [leaf_hash(str(number).encode()) for number in range(40)]


def by_definition(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


@pytest.mark.parametrize("size", range(40))
def test_a_growing_tree_has_the_root_of_the_definition(size: int) -> None:
    assert root_of(LEAVES[:size]) == by_definition(LEAVES[:size])
    assert Frontier().root == EMPTY_ROOT


@given(st.integers(1, 40), st.data())
def test_every_leaf_is_proved_and_no_other(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves = LEAVES[:size]
    path = inclusion_path(leaves, index)
    assert root_by_path(leaves[index], index, size, path) == root_of(leaves)
    assert root_by_path(leaf_hash(b"other"), index, size, path) != root_of(leaves)
    if size > 1:
        assert root_by_path(leaves[index], index, size, path[:-1]) != root_of(leaves)
        assert root_by_path(leaves[index], (index + 1) % size, size, path) != root_of(leaves)
