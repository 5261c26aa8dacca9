"""The demonstration is a test of the whole: it exits 0 only if every step really happened."""

import asyncio
from pathlib import Path

import pytest

from tests.interop.trunkline import CONFIGURATION, command


@pytest.mark.timing
@pytest.mark.timeout(400)
async def test_the_demonstration_proves_every_step(tmp_path: Path, pjsua2: None) -> None:
    await demonstrates(tmp_path)


@pytest.mark.timing
@pytest.mark.timeout(400)
async def test_s24_the_demonstration_of_a_callback_proves_every_step(tmp_path: Path, pjsua2: None) -> None:
    await demonstrates(tmp_path, "--callback")


async def demonstrates(tmp_path: Path, *options: str) -> None:
    config = tmp_path / "trunkline.toml"
    config.write_text(CONFIGURATION.format(folder=tmp_path, extra="", numbers=""))
    process = await asyncio.create_subprocess_exec(
        *command("demo", "--once", *options, "--config", str(config)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(360):
        output, _ = await process.communicate()
    told = output.decode()
    assert process.returncode == 0, told
    assert told.count("  passed  ") == 8, told
    assert "FAILED" not in told
