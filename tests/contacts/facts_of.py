"""Any fact of any kind, for tests that must hold for all of them."""

from __future__ import annotations

from typing import Any, get_type_hints

from hypothesis import strategies as st

from contacts.facts.entry import FACT_TYPES
from contacts.facts.fact import Fact
from contacts.facts.speech import SaidWord


def any_fact() -> st.SearchStrategy[Fact]:
    """Any fact of any kind, as a program that decodes JSON could meet it."""
    return st.sampled_from(FACT_TYPES).flatmap(facts_of)


def facts_of(fact_type: type[Fact]) -> st.SearchStrategy[Fact]:
    fields = {
        name: values_of(hint)
        for name, hint in get_type_hints(fact_type).items()
        if name in fields_of(fact_type)
    }
    return st.builds(fact_type, **fields)


def fields_of(fact_type: type[Fact]) -> tuple[str, ...]:
    return fact_type.__struct_fields__


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Numbers stay within what JSON readers agree on."""
    if hint is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if hint is int:
        return st.integers(-(2**53), 2**53)
    if hint == float | None:
        return st.none() | values_of(float)
    if hint == int | None:
        return st.none() | values_of(int)
    if hint == dict[str, object]:
        return st.dictionaries(st.text(), st.text() | st.booleans())
    if hint == dict[str, int]:
        return st.dictionaries(st.text(), values_of(int))
    if hint == tuple[SaidWord, ...]:
        return st.lists(_said_words(), max_size=5).map(tuple)
    return st.from_type(hint)


def _said_words() -> st.SearchStrategy[SaidWord]:
    fields = {name: values_of(each) for name, each in get_type_hints(SaidWord).items()}
    return st.builds(SaidWord, **fields)
