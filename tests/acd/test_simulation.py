"""Dispatch does in the long run what queueing theory says: Erlang C for patient callers, Erlang A for others.

`make simulate` lets so many callers come that the intervals are narrow; otherwise as many as a test may take.
"""

import math
import os
import random

import pytest

from acd.erlang import QueueModel
from acd.simulation import Measured, SimulatedDay, SimulatedFigures, figures_of
from acd.strategies import Strategy

CALLERS = int(os.environ.get("SIMULATED_CALLERS", "6000"))
MANY = 100_000
AGENTS, HANDLING_S, IN_TIME_S, PATIENCE_S = 10, 180.0, 20.0, 120.0
PATIENT = [0.3, 0.5, 0.7, 0.8, 0.9, 0.95]
IMPATIENT = [0.5, 0.7, 0.8, 0.9, 1.0, 1.2]
SHORT_FORM = {(0.7, None), (0.8, PATIENCE_S), (1.2, PATIENCE_S)}
POINTS = [(load, None) for load in PATIENT] + [(load, PATIENCE_S) for load in IMPATIENT]


def model_of(load: float, patience_s: float | None) -> QueueModel:
    return QueueModel(load * AGENTS / HANDLING_S, HANDLING_S, AGENTS, patience_s)


def simulated(model: QueueModel, seed: int, callers: int) -> SimulatedFigures:
    day = SimulatedDay(model, random.Random(seed).random)
    day.run(callers)
    assert len(day.stays) == callers, "every caller's stay has one outcome"
    return figures_of(day.stays, IN_TIME_S)


@pytest.mark.parametrize(("load", "patience_s"), POINTS)
def test_simulated_days_agree_with_erlang(load: float, patience_s: float | None) -> None:
    if CALLERS < MANY and (load, patience_s) not in SHORT_FORM:
        pytest.skip("in the long form: make simulate")
    model = model_of(load, patience_s)
    expected = model.figures(IN_TIME_S)
    found = simulated(model, 3, CALLERS)
    rows = (
        ("waits", found.waits, expected.waits),
        ("mean wait", found.mean_wait_s, expected.mean_wait_s),
        ("in time", found.in_time, expected.in_time),
        ("abandons", found.abandons, expected.abandons),
    )
    for name, measured, value in rows:
        print(f"{load:4} {name:10} {measured.mean:9.4f} +- {measured.half:.4f}  Erlang {value:9.4f}")
        assert measured.holds(value) or value == measured.mean, name
    if CALLERS >= MANY:
        narrow = 0.02 if load <= 0.8 else 0.05
        assert all(share.half <= narrow for share in (found.waits, found.in_time, found.abandons))


def test_the_formulas_give_known_values() -> None:
    """Erlang C of 10 agents and 8 erlangs is 0.4092 in every table; without patience nobody hangs up."""
    figures = model_of(0.8, None).figures(IN_TIME_S)
    assert figures.waits == pytest.approx(0.4092, abs=5e-5)
    assert figures.mean_wait_s == pytest.approx(0.4092 * HANDLING_S / 2, rel=1e-3)
    assert figures.in_time == pytest.approx(
        1 - figures.waits * math.exp(-2 * IN_TIME_S / HANDLING_S), rel=1e-6
    )
    assert figures.abandons == 0


def test_very_patient_callers_are_as_good_as_patient_ones() -> None:
    patient, nearly = model_of(0.7, None), model_of(0.7, 1e7)
    assert nearly.figures(IN_TIME_S).waits == pytest.approx(patient.figures(IN_TIME_S).waits, rel=1e-3)
    assert nearly.figures(IN_TIME_S).in_time == pytest.approx(patient.figures(IN_TIME_S).in_time, rel=1e-3)


def test_a_line_that_grows_for_ever_has_no_figures() -> None:
    with pytest.raises(ValueError, match="more calls than the agents can handle"):
        model_of(1.0, None).figures(IN_TIME_S)


def test_the_interval_is_wide_enough_to_be_true_and_narrow_enough_to_be_false() -> None:
    measured = Measured.of([1.0, 1.1, 0.9, 1.05, 0.95] * 6)
    assert measured.holds(1.02)
    assert not measured.holds(1.2)


def test_the_same_chance_gives_the_same_day() -> None:
    model = model_of(0.9, PATIENCE_S)
    assert simulated(model, 5, 2000) == simulated(model, 5, 2000)
    assert simulated(model, 5, 2000) != simulated(model, 6, 2000)


@pytest.mark.parametrize("strategy", [s for s in Strategy if s is not Strategy.RING_ALL])
def test_no_strategy_changes_how_many_have_to_wait(strategy: Strategy) -> None:
    """Agents are alike here, so who of them takes a call cannot matter to callers."""
    model = model_of(0.8, PATIENCE_S)
    day = SimulatedDay(model, random.Random(7).random, strategy)
    day.run(2000)
    usual = SimulatedDay(model, random.Random(7).random)
    usual.run(2000)
    assert [stay.waited_s for stay in day.stays] == [stay.waited_s for stay in usual.stays]
