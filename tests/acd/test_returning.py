"""Whoever was cut off has their place back, and nobody else has it."""

import pytest

from acd.returning import ReturningCallers
from contacts.ids import QueueId

SUPPORT = QueueId("support")


def test_a_place_is_given_back_once_and_soon_enough_only() -> None:
    returning = ReturningCallers(within_s=180)
    returning.left("+4930123456", SUPPORT, 60, now=100)
    assert returning.age_s("+4930123456", QueueId("other"), 120) == 0
    assert returning.age_s("+4930123456", SUPPORT, 120) == 80
    assert returning.age_s("+4930123456", SUPPORT, 121) == 0
    returning.left("+4930123456", SUPPORT, 60, now=100)
    assert returning.age_s("+4930123456", SUPPORT, 281) == 0


@pytest.mark.parametrize("number", ["", "anonymous", "Anonymous", "restricted"])
def test_who_hides_the_number_gets_no_place_of_another_who_does(number: str) -> None:
    returning = ReturningCallers(within_s=180)
    returning.left(number, SUPPORT, 600, now=1000)
    assert returning.age_s(number, SUPPORT, 1001) == 0
