"""What a whole contact costs: a server of its own under callers who hang up at once, and the bare call."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

READY = re.compile(r"ready: SIP on (\S+:\d+)")
STOP_TIMEOUT_S = 30
SETTLE_S = 2.0  # what the last calls still cause: syncs, rows, transcripts

SETTINGS = """\
[server]
data_directory = "{folder}"
log_format = "json"
log_level = "error"
max_calls = 4000
[http]
port = 0
[sip]
port = 0
[[sip.trunks]]
name = "bench"
networks = ["127.0.0.0/8"]
[numbers]
"*" = "welcome"
[[queues]]
name = "support"
[[queues]]
name = "operator"
[[agents]]
name = "alice"
skills = {{ support = 5, operator = 3 }}
"""


class BenchError(Exception):
    """The server did not start, or the callers did not end."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One load on one server. `cpu_ms` is the server process' own, for each call that was whole."""

    rate: float
    placed: int
    whole: int
    refused: int
    lost: int
    answer_ms_p50: float
    answer_ms_p99: float
    cpu_ms: float
    repeated: int = 0
    """INVITEs that callers sent again for want of an answer, and answers that the server sent again."""
    signalling_ms: float = 0.0
    """What the event loop's thread alone used for each call that was whole."""


def whole_contacts(rates: list[float], seconds: float) -> Iterator[Cost]:
    """Recorded, journalled, with the flow that ships; one server for all the rates."""
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as folder:
        config = Path(folder) / "trunkline.toml"
        config.write_text(SETTINGS.format(folder=folder), encoding="utf-8")
        arguments = ["-m", "server.cli", "serve", "--config", str(config)]
        with started(arguments) as (process, address):
            for rate in rates:
                yield load(process, address, rate, seconds)


def floor(rates: list[float], seconds: float) -> Iterator[Cost]:
    """The same calls, answered by telephony and the audio engine alone."""
    with started(["-m", "server.bench.floor"]) as (process, address):
        for rate in rates:
            yield load(process, address, rate, seconds)


@contextmanager
def started(arguments: list[str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process, _address(process)
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: subprocess.Popen[str]) -> str:
    told = []
    for line in process.stdout or ():
        told.append(line)
        if found := READY.search(line):
            return found[1]
    raise BenchError("the server did not start:\n" + "".join(told))


def load(process: subprocess.Popen[str], address: str, rate: float, seconds: float) -> Cost:
    before_s, signalling_before_s = cpu_s(process.pid), main_thread_s(process.pid)
    callers = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "server.bench.caller", address, str(rate), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=seconds + 60,
    )
    if callers.returncode:
        raise BenchError("the callers did not end")
    time.sleep(SETTLE_S)
    used_s = cpu_s(process.pid) - before_s
    signalling_s = main_thread_s(process.pid) - signalling_before_s
    told = json.loads(callers.stdout)
    return Cost(
        rate=rate,
        placed=told["placed"],
        whole=told["whole"],
        refused=sum(told["refused"].values()),
        lost=told["lost"],
        answer_ms_p50=told["answer_ms_p50"] or 0.0,
        answer_ms_p99=told["answer_ms_p99"] or 0.0,
        cpu_ms=used_s * 1000 / max(1, told["whole"]),
        repeated=told["repeated"],
        signalling_ms=signalling_s * 1000 / max(1, told["whole"]),
    )


def cpu_s(pid: int) -> float:
    """All threads of that process, in user and system, without its children."""
    return _ticks_s(Path(f"/proc/{pid}/stat"))


def main_thread_s(pid: int) -> float:
    """The thread of the event loop."""
    return _ticks_s(Path(f"/proc/{pid}/task/{pid}/stat"))


def _ticks_s(file: Path) -> float:
    stat = file.read_text(encoding="ascii", errors="replace")
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
