"""Runs SIPp to its end and reads its own statistics."""

import asyncio
import contextlib
import csv
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAM = shutil.which("sipp")
KILL_AFTER_S = 15


@dataclass(frozen=True, slots=True)
class SippResult:
    """What SIPp counted from the start to the end of a run."""

    exit_code: int
    successful: int
    failed: int
    unexpected_messages: int
    retransmissions: int
    account: str

    @property
    def clean(self) -> bool:
        return self.exit_code == 0 and self.failed == 0 and self.unexpected_messages == 0


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """A port of the loopback that is free now; who takes it must be quick."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def run_sipp(folder: Path, target: str, *arguments: str, timeout_s: float = 60) -> SippResult:
    """Run SIPp against `127.0.0.1:5060` with `-sn uac -m 10` or the like; never longer than the time given.

    Its files go to the folder: statistics, errors, and whatever else the arguments ask for.
    """
    assert PROGRAM is not None
    statistics = folder / "statistics.csv"
    command = [
        *(PROGRAM, target, "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(free_port())),
        *("-nostdin", "-timeout", f"{timeout_s:.0f}s", "-timeout_error"),
        *("-trace_err", "-error_file", "errors.log", "-trace_stat", "-stf", statistics.name, "-fd", "1"),
        *arguments,
    ]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    screen = b""
    try:
        async with asyncio.timeout(timeout_s + KILL_AFTER_S):
            screen, _ = await process.communicate()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return _result(process.returncode or 0, screen, statistics, folder / "errors.log")


def _result(exit_code: int, screen: bytes, statistics: Path, errors: Path) -> SippResult:
    counts = _last_line(statistics)
    complaints = errors.read_text(errors="replace")[-3000:] if errors.exists() else ""
    unexpected = _sum(counts, ("FailedUnexpectedMessage(C)", "OutOfCallMsgs(C)", "DeadCallMsgs(C)"))
    return SippResult(
        exit_code=exit_code,
        successful=_sum(counts, ("SuccessfulCall(C)",)),
        failed=_sum(counts, ("FailedCall(C)",)),
        unexpected_messages=unexpected,
        retransmissions=_sum(counts, ("Retransmissions(C)",)),
        account=f"{screen.decode(errors='replace')[-1500:]}\n{complaints}",
    )


def _last_line(statistics: Path) -> dict[str, str]:
    if not statistics.exists():
        return {}
    with statistics.open(newline="") as file:
        lines = list(csv.DictReader(file, delimiter=";"))
    return lines[-1] if lines else {}


def _sum(counts: dict[str, str], names: Sequence[str]) -> int:
    return sum(int(counts.get(name) or 0) for name in names)
