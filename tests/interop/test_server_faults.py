"""The server killed in the middle of calls, and the server given things it cannot use."""

import asyncio
import shutil
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recordings.wav import read_wav
from tests.interop.conftest import SippRunner
from tests.interop.trunkline import CONFIGURATION, Trunkline, command

TALK_S = 4.0
MOST_LOST_S = 1.0
ULAW_TOO_SOFT = 50  # mean magnitude of PCM below which nothing was recorded


async def test_a_killed_server_has_kept_the_call_up_to_the_last_second(
    tmp_path: Path, sipp: SippRunner
) -> None:
    async with await Trunkline.start(tmp_path / "server") as first:
        call = asyncio.create_task(
            sipp(first.address, "-sn", "uac", "-s", "900", "-m", "1", "-d", "60000", timeout_s=12)
        )
        contact = await _only_contact(first)
        await first.event(contact["contact_id"], "recording.started")
        await asyncio.sleep(TALK_S)
        await first.kill()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
    async with await Trunkline.start(tmp_path / "server") as second:
        (recording,) = await second.ask("recordings", "list")
        assert recording["state"] == "interrupted"
        assert TALK_S - MOST_LOST_S <= recording["duration_s"] <= TALK_S + 1.5
        assert (await second.contacts())[0]["outcome"] == "interrupted"
        wav = await _play_path(second, recording["recording_id"])
        audio = read_wav(wav)
        assert audio.duration_s == pytest.approx(recording["duration_s"], abs=0.02)
        assert np.abs(audio.samples[:, 1].astype(int)).mean() > ULAW_TOO_SOFT, "the prompt is not in it"


async def _only_contact(server: Trunkline) -> dict[str, Any]:
    async with asyncio.timeout(10):
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


async def refused(folder: Path, old: str = "", new: str = "") -> str:
    """Starts a server with one thing changed in its settings; returns what it says as it refuses."""
    text = CONFIGURATION.format(folder=folder, extra="")
    assert old in text
    (folder / "trunkline.toml").write_text(text.replace(old, new))
    process = await asyncio.create_subprocess_exec(
        *command("serve", "--config", str(folder / "trunkline.toml")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        _, said = await process.communicate()
    assert process.returncode == 2, said.decode()
    assert b"Traceback" not in said
    return said.decode()


def with_flow(folder: Path, text: str) -> str:
    """A folder of flows with one broken one; returns the settings that name it."""
    flows = folder / "flows"
    flows.mkdir()
    (flows / "welcome.yaml").write_text(text)
    (flows / "endless.yaml").write_text(text)
    return f'[flows]\ndirectory = "{flows}"\n[numbers]'


async def test_a_broken_flow_file_is_refused_with_file_line_and_key(tmp_path: Path) -> None:
    flow = "flow: x\nstart: a\nnodes:\n  a:\n    say: Hello.\n    nxet: b\n"
    said = await refused(tmp_path, "[numbers]", with_flow(tmp_path, flow))
    assert "flows/welcome.yaml:6:" in said
    assert "nxet" in said
    assert "next" in said


async def test_a_missing_prompt_file_is_refused_with_its_place(tmp_path: Path) -> None:
    flow = "flow: x\nstart: a\nnodes:\n  a:\n    say: {file: absent.wav}\n    next: b\n"
    flow += "  b:\n    hangup: normal\n"
    said = await refused(tmp_path, "[numbers]", with_flow(tmp_path, flow))
    assert "welcome.yaml:5:" in said
    assert "absent.wav" in said


async def test_an_unknown_skill_is_refused_with_its_place(tmp_path: Path) -> None:
    flow = "flow: x\nstart: a\nnodes:\n  a:\n    queue: support\n    skills: {juggling: 3}\n"
    said = await refused(tmp_path, "[numbers]", with_flow(tmp_path, flow))
    assert "welcome.yaml:6:" in said
    assert "juggling" in said


async def test_a_sip_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        said = await refused(tmp_path, "[sip]\nport = 0", f"[sip]\nport = {port}")
    assert "sip.port" in said
    assert str(port) in said


async def test_an_http_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = await refused(tmp_path, "[http]\nport = 0", f"[http]\nport = {port}")
    assert "http.port" in said
    assert str(port) in said


async def test_a_recordings_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said = await refused(
        tmp_path, f'directory = "{tmp_path}/var/recordings"', f'directory = "{tmp_path}/file/recordings"'
    )
    assert "recordings.directory" in said
    assert str(tmp_path / "file" / "recordings") in said


async def test_sound_that_callers_could_not_reach_is_named(tmp_path: Path) -> None:
    said = await refused(tmp_path, "[sip]\n", '[sip]\naddress = "192.0.2.1"\n')
    assert "media.address" in said


async def test_every_mistake_in_the_settings_is_told_at_once(tmp_path: Path) -> None:
    said = await refused(tmp_path, "[http]\nport = 0", '[http]\nport = "many"\ncolour = "blue"')
    assert "http.port" in said
    assert "http.colour" in said


async def test_nothing_is_left_behind_by_a_refused_start(tmp_path: Path) -> None:
    await refused(tmp_path, '"100" = "welcome"', '"100" = "absent"')
    assert not (tmp_path / "var" / "trunkline.db").exists()
    shutil.rmtree(tmp_path / "var", ignore_errors=True)
