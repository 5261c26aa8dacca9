"""Whatever the bytes of a flow file: no exception, and every refusal names file and line."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ivr_flows.mutation import check, mutated, tried

IN_MAKE_TEST = 2000  # `make fuzz-flows` tries 100,000
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_a_mutated_file_is_refused_with_a_place_or_runs(part: int) -> None:
    found = tried(seed=1000 + part, files=IN_MAKE_TEST // PARTS)
    assert found.broken is None, found.broken
    assert 0 < found.taken < found.files


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_place(data: bytes) -> None:
    check(data)


def test_the_same_seed_gives_the_same_files() -> None:
    first, second = (mutated(random.Random(7)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    "data",
    [
        b"flow: a\nstart: b\nnodes:\n  b: {say: [{date: '2026-13-45'}], next: b}",
        b"flow: a\nstart: b\nnodes: &x\n  b: *x",
        b"flow: a\nstart: b\nnodes:\n  b: {switch: {'1 / 0 == 1': b}, otherwise: b}",
        b"flow: a\nstart: b\nnodes:\n  b: {set: {c: 'in_days(9999999999999)'}, next: d}\n  d: {hangup: }",
        b"flow: a\nstart: b\nnodes:\n  b: {collect: c, prompt: x, pattern: '(a+)+$', next: b}",
        b"flow: a\nstart: b\nnodes:\n  b: {collect: c, prompt: x, digits: 99999999999999999999, next: b}",
        b"flow: a\nstart: b\nlimits: {time: 1e309}\nnodes:\n  b: {hangup: }",
        b"flow: a\nstart: b\nhours: {h: {zone: ../x, week: {mon: 9:00-8:00}}}\nnodes:\n  b: {hangup: }",
        b"flow: a\nstart: b\nlists: {l: {file: /etc/passwd}}\nnodes:\n  b: {hangup: }",
        b"flow: a\nstart: b\nnodes:\n  b: {transfer: {flow: ../../etc/passwd}, next: b}",
        b"[" * 5000,
        b"a: " * 5000,
        b"- " * 5000,
        b"? " * 5000,
        b"&a [*a, *a]",
        b"\xef\xbb\xbfflow: a",
        b"flow: !!python/object/apply:os.system [true]\n",
        b"flow: a\nflow: b\n",
    ],
)
def test_hostile_yaml_is_refused_with_a_place_or_harmless(data: bytes) -> None:
    check(data)
