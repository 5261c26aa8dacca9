"""The set-up says in words what is missing and what mends it."""

import importlib.util
import os
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

COMPILER = "sudo apt-get install build-essential python3-dev"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def setup() -> ModuleType:
    specification = importlib.util.spec_from_file_location("trunkline_setup", ROOT / "tools/setup.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("printed", "mend"),
    [
        (
            "error: command 'gcc' failed: No such file or directory",
            COMPILER,
        ),
        (
            "error: command '/usr/bin/x86_64-linux-gnu-gcc' failed with exit code 1",
            COMPILER,
        ),
        ("src/thing.c:2:10: fatal error: Python.h: No such file or directory", COMPILER),
        ("OSError: [Errno 28] No space left on device", "free about 1 GB"),
        ("ERROR: No matching distribution found for numba==0.68.1", "no numba==0.68.1 for Python 3."),
        ("NewConnectionError('...: Failed to establish a new connection", "cannot be reached"),
        ("ERROR: ResolutionImpossible: for help visit", "does not give the versions of constraints.txt"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "not trusted here"),
        ("something nobody has seen before", ""),
    ],
)
def test_a_failure_is_named_with_what_mends_it(setup: ModuleType, printed: str, mend: str) -> None:
    assert mend in setup.mend_for(printed)
    assert bool(setup.mend_for(printed)) == bool(mend)


def run_setup(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "tools/setup.sh"), "run"],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_python_that_is_too_old_is_refused_in_one_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = run_setup({"PYTHON": str(old)})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"PYTHON={old} is not a Python 3.11 or newer.\n"


def test_a_finished_set_up_is_silent(setup: ModuleType) -> None:
    if setup.installed_extras() is None:
        pytest.skip("this tree was not set up by make")
    done = run_setup({})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
