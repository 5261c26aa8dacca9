"""Sets up .venv (and, for the tests, the system programs they drive). Started by tools/setup.sh.

Standard library only: it runs before anything is installed. The second time it compares one stamp and leaves.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "setup-stamp.json"
LOG = VENV / "setup.log"
PINS = "constraints.txt"

# What a goal needs: extras of the project, and programs of the system with the Debian package of each.
EXTRAS = {"run": frozenset[str](), "test": frozenset({"dev"})}
PROGRAMS = {"run": dict[str, str](), "test": {"sipp": "sip-tester", "baresip": "baresip-core"}}

# Installed only as a wheel: building it means building the whole of pjsip.
SOFTPHONE = "pjsua2-python"

STEPS = re.compile(
    r"^\s*((?:Collecting|Downloading|Using cached|Building|Preparing|Installing|Unpacking|Setting up)\b.*)"
)

# The last lines of a failed step, and what mends it. The first that matches is said.
MENDS = (
    (
        r"(?:gcc|cc|g\+\+|c\+\+)\b.*(?:No such file|not found)|unable to execute '[^']*(?:gcc|cc|\+\+)'"
        r"|command '\S*(?:gcc|cc|\+\+)' failed|Python\.h: No such file|no acceptable C compiler",
        "a package had to be compiled and the compiler or the Python headers are missing:\n"
        "    sudo apt-get install build-essential python3-dev",
    ),
    (
        r"No space left on device",
        f"the disk is full: free about 1 GB below {ROOT} or below the temporary folder (TMPDIR).",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "the package index's certificate is not trusted here; name your authority:\n"
        "    python3 -m pip config set global.cert FILE",
    ),
    (
        r"NewConnectionError|Temporary failure in name resolution|Connection (?:refused|timed out|reset)"
        r"|ReadTimeout|ProxyError|Network is unreachable|Max retries exceeded",
        "the package index cannot be reached: check the network, or name an index that can be:\n"
        "    python3 -m pip config set global.index-url URL",
    ),
    (
        r"ResolutionImpossible",
        f"the package index does not give the versions of {PINS}: it cannot be reached, or it lacks them.\n"
        "    Try: python3 -m pip download --no-deps setuptools",
    ),
    (
        r"No matching distribution found for (?P<what>\S+)",
        "the package index has no {what} for Python {python} on {machine}: choose another,\n"
        "for instance:\n    make run PYTHON=python3.12",
    ),
    (
        r"Could not get lock|Unable to acquire the dpkg frontend lock",
        "another package installation is running; wait for it and repeat.",
    ),
    (
        r"Permission denied|Read-only file system",
        f"{VENV} cannot be written: check its owner, or remove it and repeat.",
    ),
)


class SetupError(Exception):
    """The set-up cannot go on; the text says why and what mends it."""


@dataclass(frozen=True)
class Outcome:
    """How a finished command ended, with the end of what it printed."""

    status: int
    tail: str


class LiveLine:
    """One line that tells what is going on: rewritten in place on a terminal, else a line every 10 s."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._started_at = time.monotonic()
        self._next_plain_at = self._started_at + 1
        self._live = sys.stdout.isatty()

    def elapsed_s(self) -> float:
        return time.monotonic() - self._started_at

    def show(self, doing: str) -> None:
        text = f"  {self._label}, {self.elapsed_s():.0f} s: {doing}"
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            self._write(f"\r\033[K{text[:width]}")
        elif time.monotonic() >= self._next_plain_at:
            self._next_plain_at = time.monotonic() + 10
            self._write(f"{text[:110]}\n")

    def close(self, result: str) -> None:
        start = "\r\033[K" if self._live else ""
        self._write(f"{start}  {self._label}: {result} ({self.elapsed_s():.1f} s)\n")

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


class Output:
    """Copies a command's output into the log while remembering its last step and its last lines."""

    def __init__(self, pipe: IO[str], log: IO[str]) -> None:
        self.step = "starting"
        self._lines: list[str] = []
        self._pipe = pipe
        self._log = log
        self._thread = threading.Thread(target=self._copy, daemon=True)
        self._thread.start()

    def tail(self) -> str:
        self._thread.join(timeout=5)
        return "".join(self._lines[-60:])

    def _copy(self) -> None:
        for line in self._pipe:
            self._log.write(line)
            self._lines.append(line)
            del self._lines[:-200]
            if step := STEPS.match(line):
                self.step = step[1].strip()


def run_step(label: str, command: Sequence[str | Path], environment: dict[str, str] | None = None) -> Outcome:
    """Run a command under a live line; its whole output goes to the log."""
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"\n$ {' '.join(map(str, command))}\n")
        log.flush()
        process = subprocess.Popen(  # noqa: S603 (the commands are this file's)
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **(environment or {})},
        )
        assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
        line, output = LiveLine(label), Output(process.stdout, log)
        while True:
            try:
                status = process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                line.show(output.step)
            else:
                break
        tail = output.tail()
    line.close("done" if status == 0 else "failed")
    return Outcome(status, tail)


def mend_for(tail: str) -> str:
    """What mends the failure whose last lines are given; empty when that is not known."""
    for pattern, mend in MENDS:
        if found := re.search(pattern, tail):
            names = {"python": platform.python_version(), "machine": platform.machine(), **found.groupdict()}
            return mend.format(**names) if found.groupdict() else mend
    return ""


def failure(what: str, outcome: Outcome) -> SetupError:
    last = "".join(f"    | {line}\n" for line in outcome.tail.strip().splitlines()[-15:])
    mend = mend_for(outcome.tail)
    said = f"\n  To mend it: {mend}" if mend else ""
    return SetupError(f"{what} failed. Its last lines:\n{last}  The whole output: {LOG}{said}")


def fingerprint() -> str:
    digest = hashlib.sha256(f"{platform.python_version()}\0{ROOT}\0".encode())
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    # What pip reads of it; a changed lint rule is no reason to install anything.
    parts = [settings["build-system"], settings["project"], settings["tool"]["setuptools"]]
    digest.update(json.dumps(parts, sort_keys=True).encode())
    for name in (PINS, "tools/setup.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def installed_extras() -> frozenset[str] | None:
    """The extras that the stamp vouches for; None when there is no stamp or it speaks of another state."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return frozenset(stamp["extras"]) if stamp.get("fingerprint") == fingerprint() else None


def venv_version() -> str:
    configuration = VENV / "pyvenv.cfg"
    found = re.search(r"(?m)^version = (\S+)", configuration.read_text()) if configuration.exists() else None
    return found[1] if found else ""


def make_venv() -> None:
    """Make .venv unless one for this Python is there."""
    if (VENV / "bin/pip").exists() and venv_version() == platform.python_version():
        return
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        package = (
            "python3-venv"
            if os.path.realpath("/usr/bin/python3").endswith(version)
            else f"python{version}-venv"
        )
        raise SetupError(f"this Python cannot make virtual environments:\n    sudo apt-get install {package}")
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir(parents=True, exist_ok=True)
    outcome = run_step(
        f"Virtual environment, Python {platform.python_version()}", [sys.executable, "-m", "venv", VENV]
    )
    if outcome.status:
        raise failure("Making the virtual environment", outcome)


def pip_install(label: str, *arguments: str) -> Outcome:
    # The two variables hold the packages that build ours to the same pins; older and newer pip read one each.
    pins = {"PIP_CONSTRAINT": PINS, "PIP_BUILD_CONSTRAINT": PINS, "PYTHONUNBUFFERED": "1"}
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off", "-c", PINS]
    return run_step(label, [VENV / "bin/python", "-m", "pip", "install", *options, *arguments], pins)


def install(extras: frozenset[str]) -> None:
    wanted = ".[" + ",".join(sorted(extras)) + "]" if extras else "."
    outcome = pip_install("Packages", "-e", wanted)
    if outcome.status:
        raise failure("Installing the packages", outcome)
    install_softphone()
    stamp = {"fingerprint": fingerprint(), "extras": sorted(extras), "python": platform.python_version()}
    STAMP.write_text(json.dumps(stamp), encoding="utf-8")


def install_softphone() -> None:
    """The independent softphone, where a wheel of it exists; our own user agent stands in."""
    outcome = pip_install("Independent softphone", "--only-binary", SOFTPHONE, SOFTPHONE)
    if outcome.status == 0:
        return
    # The other packages have just been found, so an index answers: this one has no wheel of it.
    if not re.search(r"No matching distribution|ResolutionImpossible", outcome.tail):
        raise failure(f"Installing {SOFTPHONE}", outcome)
    print(
        f"  There is no {SOFTPHONE} wheel for Python {platform.python_version()} on {platform.machine()}\n"
        "  (3.11 and 3.12 on Linux x86_64 have one): the demonstration's phones will be our own user agent."
    )


def install_programs(goal: str) -> None:
    """What the tests drive: installed where that is ours to do, otherwise named."""
    missing = {name: package for name, package in PROGRAMS[goal].items() if shutil.which(name) is None}
    if not missing:
        return
    packages = sorted(missing.values())
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        run_step("Package lists", ["apt-get", "update"], quiet)
        command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
        outcome = run_step(f"System programs {', '.join(packages)}", command, quiet)
        if outcome.status == 0:
            return
        print(f"  The whole output: {LOG}")
    print(
        f"  Not installed: {', '.join(sorted(missing))}. Their tests are skipped by name; to run them:\n"
        f"    sudo apt-get install --no-install-recommends {' '.join(packages)}"
    )


def set_up(goal: str) -> None:
    wanted, present = EXTRAS[goal], installed_extras()
    if present is None or not wanted <= present:
        print(f"Setting up {VENV} (once; full output in {LOG.relative_to(ROOT)})")
        make_venv()
        install(wanted | (present or frozenset()))
    install_programs(goal)


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1] not in EXTRAS:
        sys.stderr.write(f"usage: tools/setup.sh {'|'.join(EXTRAS)}\n")
        return 2
    # Two makes at once: the second waits here and then finds the work done.
    with Path(__file__).open(encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            set_up(sys.argv[1])
        except SetupError as error:
            sys.stderr.write(f"Set-up: {error}\n")
            return 2
        except KeyboardInterrupt:
            sys.stderr.write("\nSet-up interrupted; repeat the command to go on.\n")
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
