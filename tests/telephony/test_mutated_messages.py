"""Whatever the bytes: only the parsers' own errors leave them, and what they make of an input is bounded."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.telephony.mutation import SEEDS, check, mutated, tried

IN_MAKE_TEST = 10_000  # `make fuzz-sip` tries a million
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_mutated_messages_break_no_parser(part: int) -> None:
    found = tried(seed=2000 + part, inputs=IN_MAKE_TEST // PARTS)
    assert found.broken is None, found.broken
    assert 0 < found.read < found.inputs


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_break_no_parser(data: bytes) -> None:
    check(data)


def test_what_is_not_mutated_is_read() -> None:
    assert all(check(each) for each in SEEDS)


def test_the_same_seed_gives_the_same_inputs() -> None:
    first, second = (mutated(random.Random(7)) for _ in range(2))
    assert first == second
