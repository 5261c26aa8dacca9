"""Facts as types: their JSON form, their privacy, and the page about them."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.facts import contact, flow
from contacts.facts.entry import FACT_TYPES, KINDS, UnreadableFactError, from_json, to_json
from contacts.facts.fact import Fact, Promise
from contacts.facts.page import page
from contacts.ids import ContactId
from contacts.outcomes import ContactOutcome
from contacts.privacy import ERASED, Privacy, privacy_of
from tests.contacts.facts_of import any_fact


@given(any_fact())
def test_a_fact_comes_back_from_its_json_form(fact: Fact) -> None:
    assert from_json(to_json(fact)) == fact


def test_every_kind_is_named_once_and_says_what_it_is() -> None:
    assert len(KINDS) == len(FACT_TYPES)
    assert all(kind and "." in kind for kind in KINDS)
    assert all(fact_type.__doc__ for fact_type in FACT_TYPES)


@given(st.binary())
def test_what_is_no_fact_is_refused_by_its_own_error(body: bytes) -> None:
    try:
        from_json(body)
    except UnreadableFactError:
        return


def test_the_message_of_a_refusal_does_not_quote_what_was_refused() -> None:
    with pytest.raises(UnreadableFactError) as refused:
        from_json(b'{"kind":"contact.started","contact":"c1","caller":{"number":"0301234567"}}')
    assert "0301234567" not in str(refused.value)


def test_fields_of_a_newer_program_are_passed_over() -> None:
    started = contact.ContactStarted(contact=ContactId("c1"))
    newer = to_json(started)[:-1] + b',"mood":"fine"}'
    assert from_json(newer) == started


def test_what_is_shown_to_all_has_nothing_personal() -> None:
    started = contact.ContactStarted(contact=ContactId("c1"), caller="0301234567", number="100")
    assert started.shown()["number"] == "100"
    assert "caller" not in started.shown()
    assert started.shown(Privacy.PERSONAL)["caller"] == "0301234567"


@given(any_fact())
def test_erasing_takes_everything_private_and_keeps_the_fact_readable(fact: Fact) -> None:
    erased = from_json(to_json(fact.erased()))
    for name, privacy in privacy_of(type(fact)).items():
        before, after = getattr(fact, name), getattr(erased, name)
        if privacy is Privacy.PUBLIC:
            assert after == before
        else:
            assert after == (ERASED if before and isinstance(before, str) else type(before)())


def test_a_key_that_was_pressed_is_personal() -> None:
    assert privacy_of(flow.DigitAccepted)["digit"] is Privacy.PERSONAL
    assert privacy_of(flow.FlowNoted)["details"] is Privacy.PERSONAL


def test_the_start_of_a_contact_is_durable_before_the_answer() -> None:
    assert contact.ContactStarted.promise is Promise.FIRST


def test_facts_are_frozen() -> None:
    closed = contact.ContactClosed(contact=ContactId("c1"), outcome=ContactOutcome.SERVED)
    with pytest.raises(AttributeError):
        closed.outcome = ContactOutcome.FAILED  # type: ignore[misc]
    assert msgspec.structs.replace(closed, reason="x").outcome is ContactOutcome.SERVED


def test_the_page_of_facts_is_current(root: Path) -> None:
    written = (root / "docs/facts.md").read_text()
    assert written == page(), "run: python -m contacts.facts.page > docs/facts.md"
