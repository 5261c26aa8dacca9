"""Other settings and flows while calls run: applied whole or not at all."""

from __future__ import annotations

import asyncio
import os
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from acd.events import AgentRegistered
from config.reader import read_settings
from config.settings import Settings
from contacts.facts.system import SettingsApplied
from contacts.ids import AgentId, DeviceId
from ivr_flows.engine.inputs import Started
from ivr_flows.engine.session import Session
from ivr_flows.segments import Text
from server.callbacks.restoring import Restoring
from server.checks.repertoire import load_repertoire
from server.checks.rereading import reread, reread_apart
from server.errors import StartError
from server.intake.opening import OpenLine
from server.intake.reloading import Reloading
from server.tasks import Tasks
from telephony.endpoint import SipEndpoint
from telephony.settings import TlsSettings
from telephony.sip.digest import Password
from telephony.transport.sip_transport import BoundAddress
from tests.fakes.media import FakeEngine
from tests.server.in_process import InProcess

FLOW = """
flow: {name}
version: 1
start: hello
nodes:
  hello:
    say: {says}
    next: bye
  bye: {{hangup: normal}}
"""
SETTINGS = """
[flows]
directory = "flows"
[numbers]
"100" = "first"
[[sip.trunks]]
name = "carrier"
networks = ["198.51.100.0/28"]
[[agents]]
name = "alice"
password = "wonderland-1"
skills = {{ support = 5 }}
{more}
[[queues]]
name = "support"
skills = {{ support = 1 }}
"""


@dataclass
class Ground:
    """A server whose settings are files in the test's hand."""

    folder: Path
    server: InProcess
    reloading: Reloading
    secrets: dict[str, Password]

    def write(self, more: str = "", **flows: str) -> None:
        write(self.folder, more, **flows)

    def says(self, number: str) -> str:
        flow = self.reloading.line.intake.repertoire.flow_for(number)
        assert flow is not None
        return str(flow.nodes["hello"])


def write(folder: Path, more: str = "", **flows: str) -> None:
    (folder / "flows").mkdir(exist_ok=True)
    (folder / "var").mkdir(exist_ok=True)
    for name, says in flows.items():
        (folder / "flows" / f"{name}.yaml").write_text(FLOW.format(name=name, says=says))
    (folder / "trunkline.toml").write_text(SETTINGS.format(more=more))


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    write(tmp_path, first="Good morning.")

    def read() -> Settings:
        return read_settings(tmp_path / "trunkline.toml", {})

    settings = read()
    async with Tasks() as tasks:
        server = InProcess({}, settings.acd, tasks)
        server.intake.repertoire = load_repertoire(settings)
        endpoint = SipEndpoint(settings.sip, FakeEngine(), server.intake.take)
        secrets: dict[str, Password] = {"alice": Password("wonderland-1")}
        line = OpenLine(
            server.intake,
            server.callbacks,
            Restoring(
                server.callbacks,
                server.intake,
                server.dispatcher,
                endpoint,
                server.clocks,
                server.services.lists.raised,
            ),
            server.dispatcher,
            endpoint,
            server.dialler,
            server.services.outside,
            server.exchange,
            server.lists,
            BoundAddress("127.0.0.1", 5060),
        )
        reloading = Reloading(
            settings,
            line,
            server.services.prompts,
            server.journal,
            secrets,
            partial(reread, read),
            asyncio.Lock(),
        )
        yield Ground(tmp_path, server, reloading, secrets)
        server.dispatcher.stop()


async def test_nothing_changed_is_told_as_nothing(ground: Ground) -> None:
    outcome = await ground.reloading.reload("a test")
    assert outcome.changed == ()
    assert outcome.problems == ()
    assert not ground.server.facts(SettingsApplied)


async def test_u03_a_changed_flow_serves_the_next_call_and_what_it_says_is_rendered_before(
    ground: Ground,
) -> None:
    ground.write(first="Good evening.")
    outcome = await ground.reloading.reload("a test")
    assert outcome.problems == ()
    assert outcome.changed == ("flow first: its file is changed",)
    assert "Good evening." in ground.says("100")
    assert "Good evening." in ground.server.voice.said
    [applied] = ground.server.facts(SettingsApplied)
    assert applied.by == "a test"


async def test_u03_a_broken_flow_is_refused_whole_and_the_old_one_stays(ground: Ground) -> None:
    ground.write(more='[[agents]]\nname = "bob"\n')
    (ground.folder / "flows" / "first.yaml").write_text(
        "flow: first\nversion: 1\nstart: nowhere\nnodes: {}\n"
    )
    outcome = await ground.reloading.reload("a test")
    assert any("first.yaml" in problem for problem in outcome.problems)
    assert outcome.changed == ()
    assert "Good morning." in ground.says("100")
    assert {agent.name for agent in ground.reloading.settings.agents} == {"alice"}


async def test_u03_every_mistake_is_listed_at_once(ground: Ground) -> None:
    ground.write(more='[[agents]]\nname = "alice"\n[[agents]]\nname = "x y"\n')
    outcome = await ground.reloading.reload("a test")
    assert len(outcome.problems) >= 2


async def test_u03_a_new_agent_may_register_and_take_calls_at_once(ground: Ground) -> None:
    ground.write(more='[[agents]]\nname = "bob"\npassword = "builder-2"\nskills = { support = 2 }\n')
    outcome = await ground.reloading.reload("a test")
    assert outcome.problems == ()
    assert ground.secrets["bob"] == Password("builder-2")
    ground.server.dispatcher.post(AgentRegistered(AgentId("bob"), DeviceId("phone")))
    agents = {agent.agent: agent.state.value for agent in ground.server.dispatcher.snapshot().agents}
    assert agents[AgentId("bob")] == "available"


async def test_u03_an_agent_who_is_gone_may_not_register_any_more(ground: Ground) -> None:
    ground.write(more='[[agents]]\nname = "bob"\npassword = "builder-2"\n')
    await ground.reloading.reload("a test")
    ground.write()
    outcome = await ground.reloading.reload("a test")
    assert outcome.problems == ()
    assert set(ground.secrets) == {"alice"}


async def test_what_needs_a_restart_is_told_and_not_applied(ground: Ground) -> None:
    text = (ground.folder / "trunkline.toml").read_text()
    (ground.folder / "trunkline.toml").write_text(text + "\n[server]\nmax_calls = 3\n")
    outcome = await ground.reloading.reload("a test")
    assert outcome.restart_needed == ("server.max_calls",)
    assert ground.reloading.settings.server.max_calls != 3


async def test_two_reloads_at_once_come_one_after_the_other(ground: Ground) -> None:
    ground.write(first="Good evening.")
    first, second = await asyncio.gather(ground.reloading.reload("one"), ground.reloading.reload("two"))
    assert first.changed == ("flow first: its file is changed",)
    assert second.changed == ()


async def test_a_voice_that_fails_refuses_the_reload_and_changes_nothing(ground: Ground) -> None:
    ground.write(first="Good evening.")
    ground.server.voice.mute = True
    outcome = await ground.reloading.reload("a test")
    assert outcome.problems
    assert "Good morning." in ground.says("100")


async def test_a_certificate_that_is_none_any_more_refuses_the_reload_and_changes_nothing(
    ground: Ground,
) -> None:
    files = TlsSettings(port=0, certificate=ground.folder / "sip.crt", key=ground.folder / "sip.key")
    settings, line = ground.reloading.settings, ground.reloading.line
    sip = settings.sip.model_copy(update={"address": "127.0.0.1", "port": 0, "tls": files})
    endpoint = SipEndpoint(sip, FakeEngine(), ground.server.intake.take)
    await endpoint.start()
    ground.reloading.settings = settings.model_copy(update={"sip": sip})
    ground.reloading.line = replace(line, endpoint=endpoint)
    files.certificate.write_text("nonsense")
    ground.write(more='[[agents]]\nname = "bob"\npassword = "builder-2"\n')
    outcome = await ground.reloading.reload("a test")
    assert any("sip.tls" in problem for problem in outcome.problems)
    assert {agent.agent for agent in ground.server.dispatcher.snapshot().agents} == {AgentId("alice")}
    assert set(ground.secrets) == {"alice"}
    await endpoint.stop(0)


async def test_what_a_refused_reload_would_have_said_is_said_to_nobody(ground: Ground) -> None:
    """The file of a prompt is exchanged only when everything else is."""
    wave_file(ground.folder / "flows" / "hello.wav", 100)
    ground.write(first="[{file: hello.wav}]")
    assert (await ground.reloading.reload("a test")).problems == ()
    prompts = ground.server.services.prompts
    before = await prompts.file(ground.folder / "flows" / "hello.wav")
    wave_file(ground.folder / "flows" / "hello.wav", 9000)
    ground.server.voice.mute = True
    ground.write(first="[{file: hello.wav}, Something new.]")
    assert (await ground.reloading.reload("a test")).problems
    assert await prompts.file(ground.folder / "flows" / "hello.wav") == before
    ground.server.voice.mute = False
    assert (await ground.reloading.reload("a test")).problems == ()
    assert await prompts.file(ground.folder / "flows" / "hello.wav") != before


async def test_what_no_flow_says_any_more_is_kept_no_longer_and_what_is_known_is_not_rendered_again(
    ground: Ground,
) -> None:
    for says in ("One.", "Two.", "Two."):
        ground.write(first=says)
        assert (await ground.reloading.reload("a test")).problems == ()
    said = ground.server.voice.said
    assert said.count("Two.") == 1
    await ground.server.services.prompts.sounds((Text("Two."),), None)
    assert said.count("Two.") == 1
    await ground.server.services.prompts.sounds((Text("One."),), None)
    assert said.count("One.") == 2


def wave_file(path: Path, amplitude: int) -> None:
    samples = np.full(800, amplitude, np.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())


def read_of(folder: Path) -> Settings:
    return read_settings(folder / "trunkline.toml", {})


def test_settings_and_flows_are_read_in_a_process_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, first="Good morning.")
    old = read_of(tmp_path)
    write(tmp_path, more='[[agents]]\nname = "bob"\n', first="Good evening.")
    found = reread_apart(partial(read_of, tmp_path), old)
    assert found.found.changed == ("agents: bob is new",)
    flow = found.repertoire.flow_for("100")
    assert flow is not None
    assert "Good evening." in str(flow.nodes["hello"])
    assert Session(flow).resume(Started(datetime(2026, 3, 2, tzinfo=UTC)), 0.0)


def test_mistakes_come_back_from_the_other_process_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, first="Good morning.")
    old = read_of(tmp_path)
    (tmp_path / "flows" / "first.yaml").write_text("flow: first\nstart: nowhere\nnodes: {}\n")
    with pytest.raises(StartError) as refused:
        reread_apart(partial(read_of, tmp_path), old)
    assert any("first.yaml:2" in problem for problem in refused.value.problems)
    (tmp_path / "trunkline.toml").write_text("[sip]\nport = -1\n")
    with pytest.raises(StartError, match=r"sip\.port"):
        reread_apart(partial(read_of, tmp_path), old)


def test_a_process_that_dies_refuses_the_reload(tmp_path: Path) -> None:
    write(tmp_path, first="Good morning.")
    with pytest.raises(StartError, match="has ended"):
        reread_apart(partial(os._exit, 3), read_of(tmp_path))
