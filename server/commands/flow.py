"""`trunkline flow`: check flow files, and try one in the terminal."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from server.commands.console import (
    EXIT_MISTAKE,
    ConfigOption,
    JsonOption,
    err,
    out,
    print_json,
)
from server.commands.flow_record import record

if TYPE_CHECKING:
    from config.reader import SettingsRead
    from ivr_flows.findings import Finding

app = typer.Typer(no_args_is_help=True, help="Check flow files, try them, and keep them up to date.")


app.command("record")(record)


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
    from ivr_flows.findings import has_errors
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
    raise typer.Exit(EXIT_MISTAKE if broken or has_errors(findings) else 0)


def _judged(flow: Path, reading: SettingsRead | None) -> tuple[Finding, ...]:
    from server.checks.repertoire import read_checked

    if reading is None:
        err.print(
            f"{flow}: no trunkline.toml beside it: queues, skills and agents are not judged", markup=False
        )
    return read_checked(flow, reading.settings if reading else None).findings


@app.command()
def test(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Flows, or files of tests.")],
    min_coverage: Annotated[int, typer.Option(help="Fail below this percentage of nodes.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Runs the tests of flows: tests/NAME.yaml beside NAME.yaml. Exit code 1 when one fails.

    Example: trunkline flow test ivr_flows/library/*.yaml
    """
    from ivr_flows.findings import FlowError
    from ivr_flows.testing.suite import file_of_tests, run_tests

    try:
        outcomes = [run_tests(file_of_tests(file)) for file in files]
    except FlowError as error:
        err.print(str(error), markup=False)
        raise typer.Exit(EXIT_MISTAKE) from None
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
    for outcome in () if as_json else outcomes:
        for result in outcome.results:
            out.print(
                f"{'FAILED' if result.failure else 'passed'}  {result.name}  {result.failure}", markup=False
            )
        covered = f"{outcome.node_coverage:.0%} of nodes, {outcome.edge_coverage:.0%} of ways"
        unseen = f"; not seen: {', '.join(outcome.unseen_nodes)}" if outcome.unseen_nodes else ""
        out.print(f"{outcome.file}: {len(outcome.results)} test(s), {covered}{unseen}", markup=False)
    too_little = any(outcome.node_coverage * 100 < min_coverage for outcome in outcomes)
    raise typer.Exit(1 if too_little or not all(outcome.passed for outcome in outcomes) else 0)


@app.command()
def fmt(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Flow files (YAML).")],
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Replace the words of older files.")] = False,
    check_only: Annotated[bool, typer.Option("--check", help="Only tell which files would change.")] = False,
) -> None:
    """Writes flow files as they are written today; comments stay. Exit code 1 from --check when one differs.

    Example: trunkline flow fmt --upgrade my-flow.yaml
    """
    from ivr_flows.loader import read_file
    from ivr_flows.rewriting import formatted

    changed = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            err.print(f"{file}: {error}", markup=False)
            raise typer.Exit(EXIT_MISTAKE) from None
        new = formatted(text, read_file(file).upgrades if upgrade else ())
        if new != text:
            changed.append(file)
            if not check_only:
                file.write_text(new, encoding="utf-8")
    for file in changed:
        out.print(f"{'would change' if check_only else 'changed'}: {file}", markup=False)
    raise typer.Exit(1 if changed and check_only else 0)


@app.command()
def schema() -> None:
    """The JSON Schema of flow files, for editors that complete and check.

    Example: trunkline flow schema > flow.schema.json
    """
    from ivr_flows.schema import flow_schema

    print_json(flow_schema())


@app.command()
def language() -> None:
    """Every kind of node with its keys, as a page of Markdown.

    Example: trunkline flow language | less
    """
    from ivr_flows.documentation import language_page

    sys.stdout.write(language_page())


@app.command()
def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Flow file (YAML).")],
    at: Annotated[
        str | None, typer.Option(help='Pretend that the call comes at this time: "2026-12-24 12:30".')
    ] = None,
    zone: Annotated[str, typer.Option(help="The time zone of --at.")] = "UTC",
    var: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A variable, like caller_number=+44...")
    ] = None,
) -> None:
    """Try it in the terminal: keys are the keypad, words are speech, `w` waits, Ctrl-D hangs up.

    Example: trunkline flow run ivr_flows/library/welcome.yaml --at "2026-12-25 10:00"
    """
    from ivr_flows.findings import FlowError
    from ivr_flows.loader import load_flow
    from ivr_flows.simulator import simulate

    try:
        flow = load_flow(file)
    except FlowError as error:
        err.print(str(error), markup=False)
        raise typer.Exit(EXIT_MISTAKE) from None
    variables = dict(each.partition("=")[::2] for each in var or ())
    simulate(flow, sys.stdin, sys.stdout, variables=variables, wall_clock=_moment(at, zone))


def _moment(at: str | None, zone: str) -> datetime | None:
    if at is None:
        return None
    try:
        moment = datetime.fromisoformat(at)
        return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
    except (ValueError, OSError, KeyError):
        err.print(f'"{at}" in zone "{zone}" is no time; write --at "2026-12-24 12:30" --zone Europe/London')
        raise typer.Exit(EXIT_MISTAKE) from None
