"""The order in which a trunk's targets are tried."""

from __future__ import annotations

from telephony.sip.hop import Hop, Transport
from telephony.trunks.route import Route

ONE, TWO, THREE = (Hop(Transport.UDP, f"192.0.2.{number}", 5060) for number in (1, 2, 3))


def test_targets_are_tried_in_order_of_preference() -> None:
    assert Route((ONE, TWO, THREE)).hops(0.0) == (ONE, TWO, THREE)


def test_one_that_failed_comes_last_until_it_has_rested() -> None:
    route = Route((ONE, TWO, THREE))
    route.failed(ONE, 0.0)
    assert route.hops(29.0) == (TWO, THREE, ONE)
    assert route.healthy(29.0) == 2
    assert route.hops(31.0) == (ONE, TWO, THREE)


def test_each_failure_in_a_row_doubles_the_rest() -> None:
    route, now, rests = Route((ONE, TWO)), 0.0, []
    for _ in range(8):
        route.failed(ONE, now)
        rest_s = 0.0
        while route.hops(now + rest_s)[0] == TWO:
            rest_s += 1.0
        rests.append(rest_s)
        now += rest_s
    assert rests == [30, 60, 120, 240, 480, 600, 600, 600]


def test_when_all_rest_the_first_to_wake_is_tried() -> None:
    route = Route((ONE, TWO))
    route.failed(TWO, 0.0)
    route.failed(ONE, 5.0)
    assert route.hops(6.0) == (TWO, ONE)
    route.worked(ONE)
    assert route.hops(6.0) == (ONE, TWO)
