"""The demonstration is a test of the whole: it exits 0 only if every step really happened."""

import asyncio
from pathlib import Path

import pytest

from tests.interop.trunkline import CONFIGURATION, command


@pytest.mark.timing
@pytest.mark.timeout(400)
async def test_the_demonstration_proves_every_step(tmp_path: Path, pjsua2: None) -> None:
    config = tmp_path / "trunkline.toml"
    config.write_text(CONFIGURATION.format(folder=tmp_path, extra=""))
    process = await asyncio.create_subprocess_exec(
        *command("demo", "--once", "--config", str(config)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(360):
        output, _ = await process.communicate()
    told = output.decode()
    assert process.returncode == 0, told
    assert told.count("  passed  ") == 8, told
    assert "FAILED" not in told
