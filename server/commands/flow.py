"""`trunkline flow`: check flow files, and try one in the terminal."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.console import (
    EXIT_MISTAKE,
    ConfigOption,
    JsonOption,
    err,
    out,
    print_json,
)

if TYPE_CHECKING:
    from config.reader import Reading
    from ivr_flows.findings import Finding

app = typer.Typer(no_args_is_help=True, help="Check flow files, and try one.")


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Flow files (YAML).")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every mistake with file, line, node, key and how to fix it; exit code 2 when there is an error.

    Each file is judged by the trunkline.toml in its folder or one above, or by --config; without one,
    the names of queues, skills and agents are not judged.

    Example: trunkline flow check ivr_flows/library/welcome.yaml
    """
    from config.reader import read
    from ivr_flows.check import exit_code
    from server.checks.configuration import settings_beside

    settings_files = {file: config or settings_beside(file) for file in files}
    readings = {each: read(each) for each in set(settings_files.values()) if each}
    for problem in {problem for reading in readings.values() for problem in reading.problems}:
        err.print(problem, markup=False)
    findings: list[Finding] = []
    for file, settings_file in settings_files.items():
        findings += _judged(file, readings[settings_file] if settings_file else None)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            out.print(str(finding), markup=False)
        out.print(f"{len(files)} file(s), {len(findings)} finding(s)")
    broken = any(reading.problems for reading in readings.values())
    raise typer.Exit(EXIT_MISTAKE if broken else exit_code(findings))


def _judged(flow: Path, reading: Reading | None) -> tuple[Finding, ...]:
    from server.checks.repertoire import read_checked

    if reading is None:
        err.print(
            f"{flow}: no trunkline.toml beside it: queues, skills and agents are not judged", markup=False
        )
    return read_checked(flow, reading.settings if reading else None).findings


@app.command()
def run(file: Annotated[Path, typer.Argument(metavar="FILE", help="Flow file (YAML).")]) -> None:
    """Try it in the terminal: keys are the keypad, words are speech, `w` waits, Ctrl-D hangs up.

    Example: trunkline flow run ivr_flows/library/welcome.yaml
    """
    from ivr_flows.findings import FlowError
    from ivr_flows.loader import load_flow
    from ivr_flows.simulator import simulate

    try:
        flow = load_flow(file)
    except FlowError as error:
        err.print(str(error), markup=False)
        raise typer.Exit(EXIT_MISTAKE) from None
    simulate(flow, sys.stdin, sys.stdout)
