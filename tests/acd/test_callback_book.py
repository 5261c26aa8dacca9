"""Nobody is called outside of their hours, nor twice, nor for ever."""

import contextlib
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.agent_state import AcdError
from acd.callback_book import CallbackBook, MayCall, PromisedAlreadyError, RetryPolicy
from acd.calling_windows import CallingRules, NotANumberError, full_number
from contacts.ids import ContactId

BERLIN, TOKYO, NEW_YORK = "+493012345678", "+81312345678", "+12125550123"
FREE_NUMBER = "+18005550100"
C1, C2 = ContactId("c1"), ContactId("c2")
RULES = CallingRules(opens=time(9), closes=time(18), home_country="DE", home=ZoneInfo("Europe/Berlin"))


def utc(day: int, hour: int, minute: int = 0, month: int = 6) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "hour", "allowed"),
    [
        (BERLIN, 6, False),
        (BERLIN, 7, True),
        (BERLIN, 15, True),
        (BERLIN, 16, False),
        (TOKYO, 0, True),
        (TOKYO, 9, False),
        (NEW_YORK, 12, False),
        (NEW_YORK, 13, True),
    ],
)
def test_s41_hours_are_those_of_where_the_number_is(number: str, hour: int, allowed: bool) -> None:
    assert RULES.may_call(number, utc(10, hour)) is allowed


def test_s41_of_several_zones_the_strictest_counts() -> None:
    assert len(RULES.zones_of(FREE_NUMBER)) > 10
    assert not RULES.may_call(FREE_NUMBER, utc(10, 15)), "nine in Chicago, but five in Honolulu"
    opening = RULES.next_opening(FREE_NUMBER, utc(10, 15))
    assert opening is None or RULES.may_call(FREE_NUMBER, opening)


def test_s41_weekdays_holidays_and_numbers_that_want_no_call() -> None:
    rules = CallingRules(
        weekdays=frozenset(range(5)), holidays=frozenset({date(2026, 6, 8)}), do_not_call=frozenset({TOKYO})
    )
    friday_night = utc(5, 22)
    opening = rules.next_opening(BERLIN, friday_night)
    assert opening == utc(9, 7), "Tuesday at nine: Monday is a holiday"
    assert rules.next_opening(TOKYO, friday_night) is None
    with pytest.raises(AcdError, match="wants no calls"):
        CallbackBook(rules).promise(C1, TOKYO, friday_night)


def test_s41_the_opening_follows_the_change_to_summer_time() -> None:
    assert RULES.next_opening(BERLIN, utc(28, 20, month=3)) == utc(29, 7, month=3)
    assert RULES.next_opening(BERLIN, utc(24, 20, month=10)) == utc(25, 8, month=10)


@settings(deadline=None)
@given(
    number=st.sampled_from([BERLIN, TOKYO, NEW_YORK, FREE_NUMBER]),
    minutes=st.lists(st.integers(1, 2000), min_size=1, max_size=30),
    fails=st.lists(st.booleans(), min_size=30, max_size=30),
    wanted=st.integers(0, 3000),
)
def test_s41_no_callback_is_ever_due_outside_its_hours(
    number: str, minutes: list[int], fails: list[bool], wanted: int
) -> None:
    book, now = CallbackBook(RULES), utc(10, 3)
    not_before = now + timedelta(minutes=wanted)
    orders = book.promise(C1, number, now, not_before)
    due = MayCall(C1, due=True) in orders
    for step, failed in zip(minutes, fails, strict=False):
        assert not due or (RULES.may_call(number, now) and now >= not_before)
        if due and failed and not book.not_reached(C1, now):
            return
        due = due and not failed
        now += timedelta(minutes=step)
        for order in book.time_passed(now):
            assert order.due != due, "the same is not said twice"
            due = order.due


def test_s41_the_deadline_is_the_next_moment_when_something_changes() -> None:
    book = CallbackBook(RULES)
    assert book.promise(C1, BERLIN, utc(10, 3)) == ()
    assert book.next_deadline() == utc(10, 7)
    assert book.time_passed(utc(10, 7)) == (MayCall(C1, due=True),)
    assert book.next_deadline() == utc(10, 16)
    assert book.time_passed(utc(10, 16)) == (MayCall(C1, due=False),)


def test_s41_attempts_come_to_an_end() -> None:
    book = CallbackBook(RULES, RetryPolicy(delays_s=(600, 1200)))
    now = utc(10, 9)
    book.promise(C1, BERLIN, now)
    assert book.not_reached(C1, now)
    assert book.time_passed(now + timedelta(seconds=599)) == ()
    assert book.time_passed(now + timedelta(seconds=600)) == (MayCall(C1, due=True),)
    assert book.not_reached(C1, now)
    assert not book.not_reached(C1, now)
    assert book.next_deadline() is None
    assert book.owed_to(BERLIN) is None


def test_one_number_is_owed_one_call_however_it_is_written() -> None:
    book = CallbackBook(RULES)
    book.promise(C1, "030 12345678", utc(10, 9))
    with pytest.raises(PromisedAlreadyError):
        book.promise(C2, "+49 (30) 1234-5678", utc(10, 9))
    assert book.owed_to("004930 12345678") == C1
    book.settled(C1)
    assert book.owed_to(BERLIN) is None
    book.promise(C2, BERLIN, utc(10, 9))


@pytest.mark.parametrize("typed", ["", "hello", "12", "+49", "+4930123456789012345", "sip:bob@example.com"])
def test_what_is_no_number_is_refused_in_words(typed: str) -> None:
    with pytest.raises(NotANumberError):
        full_number(typed, "DE")


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_number_or_refused(typed: str) -> None:
    with contextlib.suppress(NotANumberError):
        assert full_number(typed, "DE").startswith("+")


def test_what_was_promised_before_a_restart_goes_on_and_is_not_promised_again() -> None:
    book = CallbackBook(RULES)
    book.promise(C1, BERLIN, utc(10, 9))
    book.not_reached(C1, utc(10, 9))
    left = book.find(C1)
    assert left is not None
    again = CallbackBook(RULES)
    again.take(left)
    assert again.next_deadline() == book.next_deadline()
    with pytest.raises(PromisedAlreadyError):
        again.promise(C2, BERLIN, utc(10, 9))
    assert again.time_passed(utc(10, 10)) == (MayCall(C1, due=True),)


def test_a_time_at_the_end_of_the_calendar_is_refused_and_stops_nobody_elses_call() -> None:
    book, now = CallbackBook(RULES), utc(10, 8)
    with pytest.raises(AcdError, match="more than a year"):
        book.promise(C1, BERLIN, now, datetime.max.replace(tzinfo=UTC))
    book.promise(C2, TOKYO, now, now + timedelta(days=300))
    assert book.next_deadline() is not None


def test_who_could_not_even_be_called_loses_no_attempt() -> None:
    book, now = CallbackBook(RULES, RetryPolicy(delays_s=())), utc(10, 9)
    book.promise(C1, BERLIN, now)
    for _ in range(5):
        assert book.put_off(C1, now + timedelta(minutes=1))
        assert book.time_passed(now + timedelta(seconds=59)) == ()
        now += timedelta(minutes=1)
        assert book.next_deadline() == now
        assert book.time_passed(now) == (MayCall(C1, due=True),)
    assert not book.put_off(C2, now), "nobody owes them anything"
    assert not book.not_reached(C1, now), "the one attempt that there is"


class _Asked:
    """Counts how often somebody asks whether a number wants no calls."""

    def __init__(self) -> None:
        self.times = 0
        self.unwanted: set[str] = set()

    def __contains__(self, number: object) -> bool:
        self.times += 1
        return number in self.unwanted


def test_a_promise_is_not_looked_at_for_the_sake_of_another() -> None:
    asked = _Asked()
    book, now = CallbackBook(replace(RULES, do_not_call=asked)), utc(10, 3)
    for number in range(500):
        book.promise(ContactId(f"c{number}"), f"+49301234{number:04}", now)
        book.next_deadline()
    assert asked.times <= 500 * 5
    asked.times = 0
    assert not book.time_passed(now + timedelta(minutes=5))
    assert asked.times == 0, "nobody's hours began"


def test_other_hours_hold_for_what_is_promised_already() -> None:
    book, now = CallbackBook(RULES), utc(10, 8)
    assert book.promise(C1, BERLIN, now) == (MayCall(C1, due=True),)
    book.apply(replace(RULES, opens=time(12)), RetryPolicy())
    assert book.time_passed(now) == (MayCall(C1, due=False),)
    assert book.next_deadline() == utc(10, 10)


def test_who_wants_no_calls_for_a_time_is_called_after_it() -> None:
    asked, now = _Asked(), utc(10, 8)
    book = CallbackBook(replace(RULES, do_not_call=asked))
    book.promise(C1, BERLIN, now, now + timedelta(minutes=10))
    asked.unwanted.add(BERLIN)
    assert book.time_passed(now + timedelta(minutes=11)) == ()
    asked.unwanted.clear()
    assert book.time_passed(now + timedelta(minutes=13)) == (MayCall(C1, due=True),)


def test_hours_that_end_in_an_hour_that_the_clock_shows_twice_end_once() -> None:
    rules = replace(RULES, opens=time(2), closes=time(2, 30))
    book, second_time = CallbackBook(rules), utc(25, 1, 15, month=10)
    book.promise(C1, BERLIN, utc(24, 20, month=10))
    assert len(book.time_passed(second_time)) <= 1
    assert book.next_deadline() is not None
