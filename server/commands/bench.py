"""`trunkline bench`: what the server costs on this machine, measured from outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.console import JsonOption, err, out, print_json
from server.commands.tables import print_table

if TYPE_CHECKING:
    from server.bench.stages import StageCost

app = typer.Typer(no_args_is_help=True, help="Measure what the server costs on this machine.")


@app.command()
def contacts(
    rate: Annotated[
        list[float], typer.Option("--rate", min=1, max=5000, help="Calls a second; may be repeated.")
    ] = [100.0],  # noqa: B006 - Typer's form of a default list
    seconds: Annotated[
        float, typer.Option("--seconds", min=1, max=600, help="How long each load lasts.")
    ] = 8,
    as_json: JsonOption = False,
) -> None:
    """CPU time of a whole contact: recorded, journalled, hung up at once; and of the bare call beside it.

    It starts servers of its own in a folder that is removed afterwards, on free ports of the loopback.

    Example: trunkline bench contacts --rate 100 --rate 400
    """
    from dataclasses import asdict
    from itertools import chain

    from server.bench.contacts import BenchError, floor, whole_contacts

    try:
        with err.status("measuring"):
            bare = list(floor(rate, seconds))
            whole = list(whole_contacts(rate, seconds))
    except BenchError as error:
        err.print(f"trunkline: {error}", markup=False)
        raise typer.Exit(1) from None
    if as_json:
        print_json([asdict(cost) for cost in chain(bare, whole)])
        return
    for alone, cost in zip(bare, whole, strict=True):
        out.print(
            f"{cost.rate:g} a second, {seconds:g} s: {cost.whole} of {cost.placed} whole, "
            f"{cost.refused} refused, {cost.lost} lost; answered after {cost.answer_ms_p50:.1f} ms "
            f"(p99 {cost.answer_ms_p99:.1f}); {cost.cpu_ms:.2f} ms CPU a contact, "
            f"{alone.cpu_ms:.2f} ms for the bare call",
            markup=False,
        )


@app.command()
def sip(
    rate: Annotated[float, typer.Option("--rate", min=1, max=5000, help="Calls a second.")] = 500,
    seconds: Annotated[
        float, typer.Option("--seconds", min=1, max=600, help="How long each load lasts.")
    ] = 20,
    as_json: JsonOption = False,
) -> None:
    """CPU time of signalling alone: calls set up and torn down, and what is left of it under overload.

    Rated is the load that takes 60 % of a core. Callers take a core of their own.

    Example: trunkline bench sip --rate 500 --seconds 60
    """
    from dataclasses import asdict

    from server.bench.contacts import BenchError
    from server.bench.overload import TIMES_RATED, overload_cost

    try:
        with err.status("measuring"):
            cost = overload_cost(rate, seconds)
    except BenchError as error:
        err.print(f"trunkline: {error}", markup=False)
        raise typer.Exit(1) from None
    if as_json:
        print_json(asdict(cost))
        return
    bare = cost.bare
    out.print(
        f"{rate:g} a second, {seconds:g} s: {bare.whole} of {bare.placed} whole, {bare.refused} refused, "
        f"{bare.lost} lost, {bare.repeated} messages repeated; answered after {bare.answer_ms_p50:.1f} ms "
        f"(p99 {bare.answer_ms_p99:.1f}); {bare.signalling_ms:.2f} ms CPU a call for signalling, "
        f"{bare.cpu_ms:.2f} ms with the audio engine",
        f"rated {cost.rated:.0f} a second; at {TIMES_RATED} times that {cost.goodput:.0%} of it whole, "
        f"{cost.overloaded.refused} told to come again, {cost.overloaded.lost} lost; "
        f"{'recovered' if cost.recovered else 'not recovered'} within 10 s",
        sep="\n",
        markup=False,
    )


@app.command()
def acd(
    events: Annotated[
        int, typer.Option("--events", min=100, max=1_000_000, help="Events measured for each load.")
    ] = 20_000,
    largest: Annotated[
        int, typer.Option("--largest", min=100, max=10_000, help="Leave out loads with more agents.")
    ] = 10_000,
    as_json: JsonOption = False,
) -> None:
    """CPU time of a decision, with 100 to 10,000 agents and up to 100,000 callers who wait.

    Beside it, in the same run, the same day decided by looking at every agent and every caller.

    Example: trunkline bench acd --largest 1000
    """
    from dataclasses import asdict

    from server.bench.dispatch import LOADS, DecisionCost, decision_costs

    costs: list[DecisionCost] = []
    for load in (load for load in LOADS if load.agents <= largest):
        with err.status(f"{load.agents} agents, {load.waiting} waiting"):
            costs += decision_costs(load, events, min(events, 1000))
    if as_json:
        print_json([asdict(cost) for cost in costs])
        return
    rows = (
        (
            cost.core,
            f"{cost.load.agents:,}",
            f"{cost.load.waiting:,}",
            f"{cost.load.queues}",
            f"{cost.load.requirements:,}",
            *(f"{us:.1f}" for us in (cost.mean_us, cost.p50_us, cost.p99_us, cost.longest_us)),
        )
        for cost in costs
    )
    columns = ("", "agents", "waiting", "queues", "requirements", "mean us", "p50", "p99", "longest")
    print_table(columns, rows, "no load is that small")


@app.command()
def speech(
    voices: Annotated[int, typer.Option("--voices", min=1, max=15, help="How many voices speak.")] = 15,
    as_json: JsonOption = False,
) -> None:
    """How many of twenty phrases a menu understands, in synthetic voices; and what it takes for one wrongly.

    Example: trunkline bench speech --voices 5
    """
    import asyncio
    from dataclasses import asdict
    from tempfile import TemporaryDirectory

    from media.speech.errors import SpeechError
    from server.bench.speech import PHRASES, VOICES, speech_cost
    from server.logs import configure_logs

    configure_logs("text", "warning")
    try:
        with err.status("starting") as status, TemporaryDirectory() as folder:
            cost = asyncio.run(speech_cost(Path(folder), VOICES[:voices], PHRASES, status.update))
    except SpeechError as error:
        err.print(f"trunkline: {error}", markup=False)
        raise typer.Exit(1) from None
    if as_json:
        print_json({**asdict(cost), "right": cost.right, "mistaken": cost.mistaken})
        return
    rows = (
        (
            each.voice,
            f"{each.right} of {each.said}",
            f"{each.wrong}",
            f"{each.mistaken} of {each.outside}",
        )
        for each in cost.voices
    )
    print_table(("voice", "understood", "taken for another", "of no phrase, taken"), rows, "nobody spoke")
    out.print(f"{cost.right:.0%} understood; {cost.cpu_ms:.0f} ms CPU for an answer", markup=False)


@app.command()
def flows(as_json: JsonOption = False) -> None:
    """Steps of the flow engine, the check of 500 nodes, and the event loop while such a flow is reloaded.

    Example: trunkline bench flows
    """
    from dataclasses import asdict

    from server.bench.flows import flow_cost

    with err.status("measuring"):
        cost = flow_cost()
    if as_json:
        print_json(asdict(cost))
        return
    out.print(
        f"{cost.steps_per_s:,.0f} steps a second on one core; a flow of 500 nodes is checked in "
        f"{cost.check_cpu_s:.2f} s CPU; read anew beside calls in {cost.reload_s:.2f} s, the loop paused for "
        f"{cost.reload_pause_ms:.1f} ms at most ({cost.idle_pause_ms:.1f} ms without)",
        markup=False,
    )


LegsOption = Annotated[int, typer.Option("--legs", min=2, max=2000, help="How many phones there are.")]
LastingOption = Annotated[
    float, typer.Option("--seconds", min=1, max=3600, help="How long the measurement lasts.")
]


@app.command()
def media(legs: LegsOption = 100, seconds: LastingOption = 10, as_json: JsonOption = False) -> None:
    """CPU time, gaps, loss and delay of prompts and of bridges, recorded; and of the bare kernel.

    Example: trunkline bench media --legs 200 --seconds 30
    """
    _measure_sound(("prompts", "bridges"), legs, seconds, as_json)


@app.command()
def mix(legs: LegsOption = 100, seconds: LastingOption = 10, as_json: JsonOption = False) -> None:
    """The same for conferences of fifty.

    Example: trunkline bench mix --legs 50
    """
    _measure_sound(("rooms",), legs, seconds, as_json)


@app.command()
def detect(legs: LegsOption = 100, seconds: LastingOption = 10, as_json: JsonOption = False) -> None:
    """The same for phones whose sound is searched for keys, and for phones that are listened to.

    Below it what a single loud frame costs.

    Example: trunkline bench detect --legs 100
    """
    from server.bench.stages import detection_costs

    _measure_sound(("tones", "listening"), legs, seconds, as_json, detection_costs)


@app.command()
def srtp(legs: LegsOption = 100, seconds: LastingOption = 10, as_json: JsonOption = False) -> None:
    """The same for prompts in clear and encrypted; below it what sealing and opening one packet costs.

    Example: trunkline bench srtp --legs 100
    """
    from server.bench.stages import srtp_costs

    _measure_sound(("prompts", "encrypted"), legs, seconds, as_json, srtp_costs)


def _measure_sound(
    works: tuple[str, ...],
    legs: int,
    seconds: float,
    as_json: bool,
    stages: Callable[[], list[StageCost]] = list,
) -> None:
    from dataclasses import asdict

    from media.errors import MediaError
    from server.bench.media import SoundWork, sound_cost
    from server.logs import configure_logs

    configure_logs("text", "warning")
    try:
        with err.status("starting") as status:
            costs = [sound_cost(SoundWork(work), legs, seconds, status.update) for work in works]
            status.update("single steps")
            steps = stages()
    except MediaError as error:
        err.print(f"trunkline: {error}", markup=False)
        raise typer.Exit(1) from None
    if as_json:
        print_json([*map(asdict, costs), *map(asdict, steps)])
        return
    rows = (
        (
            cost.work,
            f"{cost.legs}",
            *(f"{ms:.3f}" for ms in (cost.cpu_ms, cost.tick_cpu_ms, cost.floor_ms)),
            f"{cost.times_floor:.2f}",
            *(f"{ms:.1f}" for ms in (cost.heard.gap_ms_p50, cost.heard.gap_ms_p99)),
            *(f"{ms:.1f}" for ms in (cost.heard.gap_ms_p999, cost.heard.gap_ms_max)),
            f"{cost.heard.lost} of {cost.heard.packets + cost.heard.lost}",
            "" if cost.heard.delay_ms_p50 is None else f"{cost.heard.delay_ms_p50:.1f}",
            "" if cost.heard.delay_ms_p99 is None else f"{cost.heard.delay_ms_p99:.1f}",
            f"{cost.memory_kb:.0f}",
            f"{cost.load:.0%}",
        )
        for cost in costs
    )
    columns = (
        *("", "legs", "CPU ms", "tick", "kernel", "times", "gap p50", "p99", "p99.9", "longest", "lost"),
        *("delay p50", "p99", "kB", "load"),
    )
    print_table(columns, rows, "nothing was measured")
    if steps:
        each = ((step.stage, f"{step.mean_us:.2f}", f"{step.repeated:,}") for step in steps)
        print_table(("single step", "mean us", "times"), each, "nothing was measured")
    if not all(cost.heard.packets for cost in costs):
        err.print("trunkline: no packet was heard", markup=False)
        raise typer.Exit(1)
