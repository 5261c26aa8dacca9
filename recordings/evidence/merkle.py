"""The Merkle tree of RFC 6962, section 2: hashes, the root of a growing list, and proofs of membership."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(octets: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + octets).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the whole subtrees of a list, largest first: all that a growing tree must remember."""

    def __init__(self) -> None:
        self._roots: list[tuple[int, bytes]] = []
        self.size = 0

    def add(self, leaf: bytes) -> None:
        """`leaf` is a leaf's hash."""
        self.size += 1
        size, root = 1, leaf
        while self._roots and self._roots[-1][0] == size:
            root = node_hash(self._roots.pop()[1], root)
            size *= 2
        self._roots.append((size, root))

    @property
    def root(self) -> bytes:
        if not self._roots:
            return EMPTY_ROOT
        _, root = self._roots[-1]
        for _, left in reversed(self._roots[:-1]):
            root = node_hash(left, root)
        return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    return frontier.root


def inclusion_path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """RFC 6962, 2.1.1: what one must know besides a leaf to find the root, from the leaf up."""
    if len(leaves) <= 1:
        return ()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return (*inclusion_path(leaves[:split], index), root_of(leaves[split:]))
    return (*inclusion_path(leaves[split:], index - split), root_of(leaves[:split]))


def root_by_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that the proof leads to; None when it does not fit a tree of that size."""
    if size == 1:
        return leaf if index == 0 and not path else None
    if not path or not 0 <= index < size:
        return None
    split = 1 << (size - 1).bit_length() - 1
    if index < split:
        below = root_by_path(leaf, index, split, path[:-1])
        return None if below is None else node_hash(below, path[-1])
    below = root_by_path(leaf, index - split, size - split, path[:-1])
    return None if below is None else node_hash(path[-1], below)
