"""The server killed in the middle of calls."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recordings.wav import read_wav
from tests.interop.conftest import SippRunner
from tests.interop.trunkline import Trunkline, command
from tests.patience import PATIENCE_S

TALK_S = 4.0
MOST_LOST_S = 1.0
ULAW_TOO_SOFT = 50  # mean magnitude of PCM below which nothing was recorded


@pytest.mark.timing
async def test_a_killed_server_has_kept_the_call_up_to_the_last_second(
    tmp_path: Path, sipp: SippRunner
) -> None:
    async with await Trunkline.start(tmp_path / "server") as first:
        call = asyncio.create_task(
            sipp(first.address, "-sn", "uac", "-s", "900", "-m", "1", "-d", "60000", timeout_s=12)
        )
        contact = await _only_contact(first)
        await first.event(contact["contact"], "recording.started")
        await asyncio.sleep(TALK_S)
        await first.kill()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
    async with await Trunkline.start(tmp_path / "server") as second:
        (recording,) = await second.ask("recordings", "list")
        assert recording["state"] == "interrupted"
        assert TALK_S - MOST_LOST_S <= recording["duration_s"] <= TALK_S + 1.5
        assert (await second.contacts())[0]["outcome"] == "interrupted"
        wav = await _play_path(second, recording["recording"])
        audio = read_wav(wav)
        assert audio.duration_s == pytest.approx(recording["duration_s"], abs=0.02)
        assert np.abs(audio.samples[:, 1].astype(int)).mean() > ULAW_TOO_SOFT, "the prompt is not in it"


async def _only_contact(server: Trunkline) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        while not (contacts := await server.contacts()):
            await asyncio.sleep(0.05)
    return contacts[0]


async def _play_path(server: Trunkline, recording_id: str) -> Path:
    process = await asyncio.create_subprocess_exec(
        *command("recordings", "play-path", recording_id, "--config", str(server.config)),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    return Path(output.decode().strip())
