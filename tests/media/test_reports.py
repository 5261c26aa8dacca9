"""What a leg's counters say about how its party sounds."""

import dataclasses

import pytest

from media.reports import LegReport

CLEAN = LegReport(
    packets_sent=1000,
    bytes_sent=160_000,
    send_errors=0,
    packets_received=1000,
    bytes_received=160_000,
    lost=0,
    duplicates=0,
    late=0,
    rejected=0,
    concealed_ms=0,
    jitter_ms=1.0,
    playout_delay_ms=20.0,
    round_trip_ms=20.0,
    lost_by_peer=0,
    fraction_lost_by_peer=0.0,
    ssrc_changes=0,
)


def test_a_clean_call_is_as_good_as_g711_can_be() -> None:
    assert CLEAN.mos == pytest.approx(4.38, abs=0.03)


def test_loss_and_delay_are_heard() -> None:
    lossy = dataclasses.replace(CLEAN, packets_received=950, lost=50)
    late = dataclasses.replace(CLEAN, late=50)
    slow = dataclasses.replace(CLEAN, round_trip_ms=600.0)
    assert lossy.mos == pytest.approx(late.mos, abs=0.01) == pytest.approx(3.87, abs=0.02)
    assert slow.mos == pytest.approx(3.6, abs=0.2)
    lost = dataclasses.replace(CLEAN, packets_received=1, lost=999)
    assert lost.mos is not None
    assert 1.0 <= lost.mos <= 1.5


def test_nothing_heard_has_no_score() -> None:
    assert dataclasses.replace(CLEAN, packets_received=0).mos is None
