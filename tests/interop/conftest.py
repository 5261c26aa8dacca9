"""Real SIP clients as fixtures. What is missing here is skipped by name; with CI=true it fails."""

import importlib.util
import inspect
import os
import platform
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
import pytest_asyncio

from server.softphone.client import Softphone
from server.softphone.events import Stack
from server.softphone.settings import PhoneSettings
from tests.interop import baresip as baresip_program
from tests.interop import sipp as sipp_program
from tests.interop import sound
from tests.interop.baresip import Account, Baresip
from tests.interop.sipp import SippResult
from tests.interop.trunkline import Trunkline

PhoneMaker = Callable[[PhoneSettings], Awaitable[Softphone]]
BaresipMaker = Callable[[Account], Awaitable[Baresip]]
BARESIP_SAYS = sound.chirp(2.0, 350, 2900)


class SippRunner(Protocol):
    """`await sipp("127.0.0.1:5060", "-sn", "uac", "-m", "10")`."""

    async def __call__(self, target: str, *arguments: str, timeout_s: float = 60) -> SippResult: ...


# The wheel of pjsua2-python exists for these only; anywhere else it is not an omission of this machine.
PJSUA2_PYTHONS = ((3, 11), (3, 12))


def need(name: str, present: bool, mend: str, expected: bool = True) -> None:
    """Skip the test, naming what is missing; in CI a thing that ought to be there is a failure."""
    if present:
        return
    reason = f"{name} is not installed: {mend}"
    if expected and os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def pjsua2() -> None:
    wheel_exists = sys.version_info[:2] in PJSUA2_PYTHONS and platform.machine() == "x86_64"
    present = importlib.util.find_spec("pjsua2") is not None
    need("pjsua2", present, "make test installs it for CPython 3.11 and 3.12 on Linux x86_64", wheel_exists)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trunkline]:
    """One server for all tests of a module: what one of them breaks, the next one finds broken."""
    async with await Trunkline.start(tmp_path_factory.mktemp("server") / "server") as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def softphone(pjsua2: None) -> AsyncIterator[PhoneMaker]:
    """Starts softphones on pjsua2, each a process, and ends them after the test."""
    async with AsyncExitStack() as stack:

        async def start(settings: PhoneSettings) -> Softphone:
            phone = await Softphone.start(settings, settings.identity, "--stack", "pjsua2")
            return await stack.enter_async_context(phone)

        yield start


@pytest_asyncio.fixture(params=list(Stack), loop_scope="module")
async def any_softphone(request: pytest.FixtureRequest) -> AsyncIterator[PhoneMaker]:
    """The same, on each stack in turn."""
    if request.param is Stack.PJSUA2:
        request.getfixturevalue("pjsua2")
    async with AsyncExitStack() as stack:

        async def start(settings: PhoneSettings) -> Softphone:
            phone = await Softphone.start(settings, settings.identity, "--stack", request.param)
            return await stack.enter_async_context(phone)

        yield start


@pytest.fixture
def sipp(tmp_path: Path) -> SippRunner:
    """Runs SIPp against an address and returns what it counted."""
    need("sipp", sipp_program.PROGRAM is not None, "apt-get install sip-tester")

    async def run(target: str, *arguments: str, timeout_s: float = 60) -> SippResult:
        folder = tmp_path / f"sipp{len(list(tmp_path.glob('sipp*')))}"
        folder.mkdir()
        return await sipp_program.run_sipp(folder, target, *arguments, timeout_s=timeout_s)

    return run


@pytest_asyncio.fixture(loop_scope="module")
async def baresip(tmp_path: Path) -> AsyncIterator[BaresipMaker]:
    """Starts baresips that say a rising chirp, then are silent; ends them after the test."""
    need("baresip", baresip_program.PROGRAM is not None, "apt-get install baresip-core")
    silence = np.zeros(60 * sound.RATE_HZ, np.int16)
    says = sound.write_wav(tmp_path / "says.wav", np.concatenate([BARESIP_SAYS, silence]))
    async with AsyncExitStack() as stack:

        async def start(account: Account) -> Baresip:
            folder = tmp_path / f"{account.user}{len(list(tmp_path.glob(f'{account.user}*')))}"
            return await stack.enter_async_context(await Baresip.start(folder, account, says))

        yield start


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A server and its phones live as long as the module: so does the loop that they are on."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.interop)
            if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function):
                item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that were not run because something is missing, and count them."""
    skipped = [
        report.nodeid for report in terminalreporter.getreports("skipped") if "/interop/" in report.nodeid
    ]
    if skipped:
        terminalreporter.section(f"{len(skipped)} interoperability tests not run")
        for name in skipped:
            terminalreporter.line(name)
