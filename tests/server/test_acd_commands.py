"""`trunkline acd simulate` and `trunkline bench acd`."""

import json

import pytest
from typer.testing import CliRunner

from server.bench.dispatch import DispatchLoad, decision_costs
from server.cli import app


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, arguments)
    return done.exit_code, done.stdout, done.stderr


def test_a_simulated_day_stands_beside_the_formulas() -> None:
    code, told, _ = run("acd", "simulate", "--callers", "3000", "--patience", "120", "--json")
    assert code == 0
    figures = json.loads(told)
    assert figures["expected"]["waits"] == pytest.approx(0.236, abs=0.001)
    assert abs(figures["simulated"]["waits"]["mean"] - figures["expected"]["waits"]) < 0.1


def test_a_day_that_cannot_be_is_refused_in_words() -> None:
    code, _, said = run("acd", "simulate", "--agents", "2", "--calls", "1000")
    assert code == 2
    assert "more calls than the agents can handle" in said
    code, _, said = run("acd", "simulate", "--strategy", "best")
    assert code == 2
    assert "round-robin" in said


def test_the_bench_measures_dispatch_and_the_baseline() -> None:
    load = DispatchLoad(agents=20, waiting=40, queues=2, requirements=5)
    costs = list(decision_costs(load, events=100, baseline_events=50))
    assert [(cost.core, cost.events) for cost in costs] == [("dispatch", 100), ("linear scan", 50)]
    assert all(0 < cost.p50_us <= cost.p99_us <= cost.longest_us for cost in costs)


def test_the_bench_prints_a_table() -> None:
    code, told, _ = run("bench", "acd", "--largest", "100", "--events", "200")
    assert code == 0
    assert "linear scan" in told
