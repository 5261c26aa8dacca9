"""Conditions and values: typed, bounded, without surprises."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows.definition.hours import Calendar, Span, Weekday
from ivr_flows.expressions.evaluate import as_text, evaluate, is_true
from ivr_flows.expressions.functions import Plain, Scope
from ivr_flows.expressions.parser import parse_expression
from ivr_flows.expressions.tree import ExpressionError, Type
from ivr_flows.expressions.types import type_of

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAILY = Calendar("office", ZoneInfo("UTC"), {day: (Span(9 * 60, 17 * 60),) for day in Weekday})
SCOPE = Scope(
    variables={"age": "17", "name": "Ada", "empty": "", "member": "yes", "born": "2001-02-03", "pin": "0815"},
    types={"age": Type.NUMBER, "empty": Type.NUMBER, "member": Type.YES_NO, "born": Type.DATE},
    calendars={"office": DAILY},
    lists={"customers": {"4711": {"number": "4711", "pin": "0815"}}},
    now=NOON,
)
OUTER = {"calendar": SCOPE.calendars.keys(), "list": SCOPE.lists.keys()}


def value(text: str) -> Plain:
    expression = parse_expression(text)
    type_of(expression, SCOPE.types, OUTER)
    return evaluate(expression, SCOPE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", Decimal(7)),
        ("(1 + 2) * 3", Decimal(9)),
        ("10 - 2 - 3", Decimal(5)),
        ("-age + 1", Decimal(-16)),
        ("0.1 + 0.2 == 0.3", True),
        ("1 / 0", None),
        ("age < 18 and member", True),
        ("not member or age >= 17", True),
        ("not (member and age >= 18)", True),
        ('name == "Ada"', True),
        ("name + '!' ", "Ada!"),
        ("empty + 1", None),
        ("empty > 1 or empty <= 1", False),
        ("empty != 1", True),
        ("born < today()", True),
        ('born == "2001-02-03"', True),
        ("hour()", Decimal(12)),
        ("is_open(office)", True),
        ("length(name) * 2", Decimal(6)),
        ('starts(name, "A") and ends(name, "a") and contains(name, "d")', True),
        ("part(name, 1, 2)", "Ad"),
        ('number("12.50") + 1', Decimal("13.5")),
        ('number("twelve")', None),
        ('luhn("4539578763621486")', True),
        ('luhn("4539578763621487")', False),
        ('listed(customers, "4711")', True),
        ('pin == lookup(customers, "4711", "pin")', True),
        ('pin == lookup(customers, "1", "pin")', False),
    ],
)
def test_an_expression_comes_to(text: str, expected: Plain) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "ends where"),
        ("1 +", "ends where"),
        ("name = 3", "means nothing"),
        ("(1", "ends where"),
        ("1 2", "one thing too many"),
        (")", "cannot stand here"),
        ("age < name", "cannot be compared"),
        ("name + 1", "cannot be computed with"),
        ("age and member", "yes or no is expected"),
        ("member < yes", "no order"),
        ("lenght(name)", "no function"),
        ("length()", "takes 1"),
        ("is_open(ofice)", "no calendar"),
        ('is_open("office")', "without quotes"),
        ("(" * 30 + "1" + ")" * 30, "nested"),
        ("1" + " + 1" * 300, "at most"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=words) as caught:
        value(text)
    assert 0 <= caught.value.at <= len(text)


@given(st.text(alphabet="age name()+-*/<>=!'\"., 0123456789andornot", max_size=60))
def test_any_text_is_an_expression_or_a_mistake_and_never_more(text: str) -> None:
    try:
        found = value(text)
    except ExpressionError:
        return
    assert isinstance(as_text(found), str)
    assert isinstance(is_true(parse_expression(text), SCOPE), bool)


@pytest.mark.parametrize(
    ("plain", "text"),
    [(None, ""), (True, "yes"), (False, "no"), (Decimal("12.50"), "12.5"), (Decimal(0), "0"), ("x", "x")],
)
def test_a_value_is_kept_as_text(plain: Plain, text: str) -> None:
    assert as_text(plain) == text
