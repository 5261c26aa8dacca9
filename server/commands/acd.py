"""`trunkline acd`: dispatch on its own, without calls: simulated days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.console import JsonOption, err, out, print_json

if TYPE_CHECKING:
    from acd.simulation import Measured

app = typer.Typer(no_args_is_help=True, help="Dispatch on its own: simulated days.")


@app.callback()
def acd() -> None:
    """Dispatch on its own, without calls."""


@app.command()
def simulate(
    agents: Annotated[int, typer.Option("--agents", min=1, max=1000, help="Agents who take any call.")] = 10,
    calls: Annotated[float, typer.Option("--calls", min=0.1, help="Calls an hour.")] = 96,
    handling: Annotated[float, typer.Option("--handling", min=1, help="Mean seconds of a call.")] = 300,
    patience: Annotated[
        float | None, typer.Option("--patience", min=1, help="Mean seconds until a caller hangs up.")
    ] = None,
    in_time: Annotated[float, typer.Option("--in-time", min=0, help="Seconds that count as in time.")] = 20,
    callers: Annotated[
        int, typer.Option("--callers", min=600, max=5_000_000, help="How many come.")
    ] = 50_000,
    strategy: Annotated[str, typer.Option("--strategy", help="How agents are chosen.")] = "longest-idle",
    seed: Annotated[int, typer.Option("--seed", help="Another number: another day.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Lets callers come, wait, hang up and be served in the same dispatch that serves real ones.

    Beside each figure stands what the formulas of Erlang say, and whether it is inside the 99 % interval.

    Example: trunkline acd simulate --agents 10 --calls 96 --patience 120
    """
    import random
    from dataclasses import asdict

    from acd.erlang import QueueModel
    from acd.simulation import SimulatedDay, figures_of
    from acd.strategies import Strategy

    known = [each.value for each in Strategy]
    if strategy not in known:
        err.print(f"trunkline: --strategy is one of {', '.join(known)}", markup=False)
        raise typer.Exit(2)
    model = QueueModel(calls / 3600, handling, agents, patience)
    try:
        expected = model.figures(in_time)
    except ValueError as error:
        err.print(f"trunkline: {error}", markup=False)
        raise typer.Exit(2) from None
    day = SimulatedDay(model, random.Random(seed).random, Strategy(strategy))
    with err.status("simulating"):
        day.run(callers)
    found = figures_of(day.stays, in_time)
    if as_json:
        print_json({"simulated": asdict(found), "expected": asdict(expected)})
        return
    out.print(f"{callers} callers, {agents} agents, load {model.load:.2f} ({strategy})", markup=False)
    _tell("have to wait", found.waits, expected.waits, "")
    _tell("mean wait", found.mean_wait_s, expected.mean_wait_s, " s")
    _tell(f"answered in {in_time:g} s", found.in_time, expected.in_time, "")
    _tell("hung up", found.abandons, expected.abandons, "")


def _tell(name: str, found: Measured, expected: float, unit: str) -> None:
    inside = "inside" if found.holds(expected) else "OUTSIDE"
    out.print(
        f"  {name:18} {found.mean:9.4f} +- {found.half:.4f}{unit}   Erlang {expected:9.4f}{unit}   {inside}",
        markup=False,
    )
