"""`trunkline speech serve`, as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner
from websockets.asyncio.client import connect

from server.cli import app

READY = re.compile(rb"ready: (ws://127\.0\.0\.1:\d+), engine pocketsphinx")
PATIENCE_S = 120


async def test_it_serves_vosk_clients_until_it_is_told_to_end(tmp_path: Path) -> None:
    config = tmp_path / "trunkline.toml"
    config.write_text(f'[server]\ndata_directory = "{tmp_path}"\n')
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.cli", "speech", "serve", "--port", "0", "--config", str(config)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            while (ready := READY.search(line := await process.stdout.readline())) is None:
                assert line, "it ended early"
            async with connect(ready[1].decode()) as client:
                await client.send('{"config": {"sample_rate": 16000}}')
                await client.send(bytes(6400))
                assert json.loads(await client.recv()) == {"partial": ""}
                await client.send('{"eof" : 1}')
                assert json.loads(await client.recv()) == {"text": ""}
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("content", ["", "two words\n"])
def test_beyond_loopback_a_token_is_needed(tmp_path: Path, content: str) -> None:
    file = tmp_path / "token"
    file.write_text(content)
    arguments = ["speech", "serve", "--host", "0.0.0.0"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "--token-file is needed" in result.output
    result = CliRunner().invoke(app, [*arguments, "--token-file", str(file)])
    assert result.exit_code == 2
    assert "holds no token" in result.output
