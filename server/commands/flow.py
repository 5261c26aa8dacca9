"""`trunkline flow`: check flow files, and walk through one in the terminal."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ivr_flows.check import check_files, exit_code
from ivr_flows.findings import FlowError
from ivr_flows.loader import load_flow
from ivr_flows.simulator import simulate
from server.checks.preflight import known_to_flows
from server.commands.console import (
    EXIT_MISTAKE,
    ConfigOption,
    JsonOption,
    err,
    mistakes_explained,
    out,
    print_json,
    settings_of,
)

app = typer.Typer(no_args_is_help=True, help="Check and walk flow files.")


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Flow files (YAML).")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every mistake with file, line, node, key and the mend; exit code 2 when there is an error.

    Example: trunkline flow check ivr_flows/library/welcome.yaml
    """
    with mistakes_explained():
        findings = check_files(files, known_to_flows(settings_of(config)))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            out.print(str(finding), markup=False)
        out.print(f"{len(files)} file(s), {len(findings)} finding(s)")
    raise typer.Exit(exit_code(findings))


@app.command()
def run(file: Annotated[Path, typer.Argument(metavar="FILE", help="Flow file (YAML).")]) -> None:
    """Walk it in the terminal: keys are the keypad, words are speech, `w` waits, Ctrl-D hangs up.

    Example: trunkline flow run ivr_flows/library/welcome.yaml
    """
    try:
        flow = load_flow(file)
    except FlowError as error:
        err.print(str(error), markup=False)
        raise typer.Exit(EXIT_MISTAKE) from None
    simulate(flow, sys.stdin, sys.stdout)
