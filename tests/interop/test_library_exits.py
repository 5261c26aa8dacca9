"""Every exit of every shipped flow, reached by a real SIP client in a running server.

A walk follows what the server tells about its contact: at a node it presses, speaks, waits or hangs up. So it
depends on no time but the server's own.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from config.settings import Settings
from ivr_flows.loader import load_flow
from media.g711 import ulaw_decode
from media.prompt_file import read_pcm
from media.speech.synthesis import Synthesiser
from server.client.client import ApiClient
from server.softphone.client import Softphone
from server.softphone.commands import Call, HangUp, Play, Register, SendDigits
from server.softphone.events import Calling, Disconnected, Incoming, MediaActive, Registered, Stack
from server.softphone.settings import PhoneSettings
from tests.interop import library
from tests.interop.sound import write_wav
from tests.interop.trunkline import Trunkline, command

pytestmark = [pytest.mark.interop, pytest.mark.matrix, pytest.mark.timeout(600)]

WALK_S = 120
PHONES = 3


@dataclass(frozen=True)
class Walk:
    """One call: at each node what the caller does, as `node:keys`, or one of speak, silent, leave and
    speak-leave; then the node at which it ends. A + waits until a node is entered once more."""

    flow: str
    variant: str
    acts: str
    ends_at: str
    cause: str = "normal"
    caller: str = ""


WALKS = (
    Walk("after_hours", "day", "", "bye"),
    Walk("after_hours", "nobody", "message:speak", "thanks.2"),
    Walk("after_hours", "pause", "message:speak", "thanks.2"),
    Walk("after_hours", "closed", "message:silent", "bye"),
    Walk("after_hours", "holiday", "message:leave", "message", "caller_left"),
    Walk("bank", "day", "welcome.2:1 main:1 who:100001 who.2:4711 more:2", "bye"),
    Walk("bank", "day", "welcome.2:9 main:1 who:100002 who.2:0815 more:2", "bye"),
    Walk("bank", "day", "welcome.2:1 main:3", "bye"),
    Walk("bank", "day", "welcome.2:1 main:2", "bye"),
    Walk("bank", "nobody", "welcome.2:1 main:1 who:100001 who.2:9999 who.2:9998", "call_again"),
    Walk("bank", "nobody", "welcome.2:1 main:2", "call_again"),
    Walk("bank", "pause", "welcome.2:1 main:3 more:2", "bye"),
    Walk("bank", "closed", "welcome.2:1 main:3 more:1 +main:leave", "main", "caller_left"),
    Walk("clinic", "day", "main:1 book:24122035 book:1 book:1", "bye"),
    Walk(
        "clinic",
        "day",
        "main:1 book:24122035 book:2 book:1 +book:leave",
        "book",
        "caller_left",
        caller="full",
    ),
    Walk("clinic", "day", "main:9", "bye"),
    Walk("clinic", "day", "main:0", "bye"),
    Walk("clinic", "nobody", "main:9", "ambulance"),
    Walk("clinic", "nobody", "main:1 book:24122035 book:1 book:1", "later"),
    Walk("complaint", "day", "hello.2:1 urgency:222 statement:speak", "bye"),
    Walk("complaint", "day", "hello.2:3 urgency:121", "bye"),
    Walk("complaint", "nobody", "hello.2:2 urgency:222 statement:speak", "bye"),
    Walk("complaint", "nobody", "hello.2:2 urgency:222 statement:silent", "call_back"),
    Walk(
        "complaint",
        "day",
        "hello.2:2 urgency:222 statement:speak-leave",
        "bye",
        "caller_left",
        caller="gone",
    ),
    Walk("survey", "day", "may_we:1 ask:1 ask:5 ask:10", "bye"),
    Walk("survey", "day", "may_we:1 ask:2 ask:1 ask:3# sorry:speak", "bye"),
    Walk("survey", "day", "may_we:2", "bye"),
    Walk("downtime", "day", "is_it_that:1", "keep_informed.3"),
    Walk("downtime", "day", "is_it_that:2 main:1 main:0", "bye"),
    Walk("downtime", "nobody", "is_it_that:2 main:0", "later"),
    Walk("welcome", "day", "main:1", "support"),
    Walk("welcome", "nobody", "main:0", "nobody_there"),
    Walk("welcome", "long", "main:1", "all_busy"),
    Walk("welcome", "day", "main:2 +main:3 ask_order:4711 +main:leave", "main", "caller_left"),
    Walk("welcome", "closed", "main:2 +main:leave", "main", "caller_left"),
    Walk("record_prompt", "day", "pin:482913 speak:silent nothing:1 speak:speak kept:1", "bye"),
    Walk("endless", "day", "forever:leave", "forever", "caller_left"),
)
VARIANTS = tuple(dict.fromkeys((walk.flow, walk.variant) for walk in WALKS))


@dataclass
class Office:
    """The server, who calls it, who answers, and what the services around it were asked."""

    server: Trunkline
    voice: Path
    asked: list[tuple[str, dict[str, str]]]
    room: asyncio.Semaphore
    """For so many calls at once."""

    def number(self, walk: Walk) -> str:
        return str(200 + VARIANTS.index((walk.flow, walk.variant)))


def stack() -> Stack:
    return Stack.PJSUA2 if importlib.util.find_spec("pjsua2") else Stack.TRUNKLINE


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    folder = tmp_path_factory.mktemp("library")
    flows = library.folder_of_flows(folder / "flows")
    async with AsyncExitStack() as leaving:
        services, asked = leaving.enter_context(library.services())
        for flow in ("welcome", "endless"):
            library.variant(flows, flow, flow)
        for flow, name in VARIANTS:
            library.variant(
                flows,
                flow,
                f"{flow}_{name}",
                hours=name if name in library.HOURS else "open",
                queue=name if name in ("nobody", "long") else "support",
                services="" if name == "nobody" else services,
            )
        numbers = "\n".join(f'"{200 + n}" = "{flow}_{name}"' for n, (flow, name) in enumerate(VARIANTS))
        hooks = f'hooks = {{ downtime_over = "{services}/hook" }}'
        settings = f'[flows]\ndirectory = "{flows}"\n{hooks}\n{library.QUEUES}'
        server = await Trunkline.start(folder / "server", settings, numbers)
        await leaving.enter_async_context(server)
        notice = {"text": "The mail server is down.", "minutes": 60}
        await asyncio.to_thread(ApiClient(server.folder / "var").put, "/notices/downtime", notice)
        voice = await _voice(folder)
        options = ("--stack", stack())
        agent = PhoneSettings(
            f"sip:alice@{server.address}",
            f"sip:{server.address}",
            "alice",
            server.password("alice"),
            auto_answer_s=0.1,
        )
        alice = await leaving.enter_async_context(await Softphone.start(agent, "alice", *options))
        alice.send(Register())
        await alice.wait_for(Registered, 10)
        answering = asyncio.create_task(_answers(alice))
        yield Office(server, voice, asked, asyncio.Semaphore(PHONES))
        answering.cancel()


async def _voice(folder: Path) -> Path:
    """Half a minute of somebody who speaks."""
    synthesiser = Synthesiser(Settings().speech.model_copy(update={"cache_dir": folder / "speech"}))
    try:
        sound = await synthesiser.render("My parcel has been on its way for two weeks and nobody helps me.")
    finally:
        synthesiser.close()
    return write_wav(folder / "voice.wav", np.tile(ulaw_decode(np.frombuffer(sound.ulaw, np.uint8)), 8))


async def _answers(alice: Softphone) -> None:
    """An agent who answers, is there for a moment, and hangs up first."""
    while True:
        await alice.wait_for(Incoming, 3600)
        await alice.wait_for(MediaActive, 30)
        await asyncio.sleep(0.5)
        alice.send(HangUp())
        await alice.wait_for(Disconnected, 30)


class Trail:
    """What the server tells about one contact."""

    def __init__(self, server: Trunkline, number: str, known: set[str]) -> None:
        self._server = server
        self._number = number
        self._known = known
        self.contact = ""
        self.events: list[dict[str, Any]] = []
        self._seen = 0

    async def look(self) -> None:
        if not self.contact:
            new = [each for each in await self._server.contacts() if each["number"] == self._number]
            self.contact = next((each["contact"] for each in new if each["contact"] not in self._known), "")
        if self.contact:
            self.events = await self._server.events(self.contact)

    async def until(self, kind: str, **fields: str) -> None:
        """An event that has not been waited for; those that came before it are passed over."""
        while True:
            for place, event in enumerate(self.events[self._seen :], self._seen):
                if event["kind"] == kind and fields.items() <= event["fields"].items():
                    self._seen = place + 1
                    return
            await asyncio.sleep(0.15)
            await self.look()

    def told(self, kind: str, field: str) -> list[str]:
        return [str(event["fields"][field]) for event in self.events if event["kind"] == kind]


async def walked(office: Office, walk: Walk) -> Trail:
    """The call from its beginning until its contact is closed, by a phone of its own."""
    async with office.room:
        number = office.number(walk)
        known = {each["contact"] for each in await office.server.contacts()}
        trail = Trail(office.server, number, known)
        settings = PhoneSettings(f"sip:{walk.caller or 'caller'}@{office.server.address}")
        async with await Softphone.start(settings, walk.caller or number, "--stack", stack()) as phone:
            try:
                await _walk(office, walk, phone, trail, number)
            except TimeoutError:
                told = [(event["kind"], event["fields"].get("node", "")) for event in trail.events[-12:]]
                did = [report.event for report in phone.events[-12:]]
                where = trail.contact or "nowhere"
                raise AssertionError(f"{walk} came no further than {where}: {told}; {did}") from None
    return trail


async def _walk(office: Office, walk: Walk, phone: Softphone, trail: Trail, number: str) -> None:
    async with asyncio.timeout(WALK_S):
        phone.send(Call(f"sip:{number}@{office.server.address}"))
        await _hears(phone)
        before = ""
        for at, act in (each.split(":") for each in walk.acts.split()):
            if at == before:
                await asyncio.sleep(1.0)
            else:
                await trail.until("flow.node_entered", node=at.removeprefix("+"))
            before = at.removeprefix("+")
            await _act(office, phone, trail, act)
        if walk.cause != "caller_left":
            await phone.wait_for(Disconnected, WALK_S)
        await trail.until("contact.closed")


async def _hears(phone: Softphone) -> None:
    """Until there is sound in the call that was placed last: a key that is pressed before it is lost."""
    calling = phone.seen(Calling)
    while not calling or not any(each.at_s > calling[-1].at_s for each in phone.seen(MediaActive)):
        await asyncio.sleep(0.05)
        calling = phone.seen(Calling)


async def _act(office: Office, phone: Softphone, trail: Trail, act: str) -> None:
    match act:
        case "silent":
            return
        case "leave":
            phone.send(HangUp())
            await phone.wait_for(Disconnected, 20)
        case "speak" | "speak-leave":
            phone.send(Play(office.voice))
            await trail.until("statement.started")
            await asyncio.sleep(1.0)
            if act == "speak":
                phone.send(SendDigits("#"))
            else:
                await _act(office, phone, trail, "leave")
        case _:
            phone.send(SendDigits(act))


@pytest.mark.parametrize("flow", tuple(dict.fromkeys(walk.flow for walk in WALKS)))
async def test_every_exit_is_reached_by_a_real_client_and_every_node_on_the_way(
    office: Office, flow: str
) -> None:
    walks = [walk for walk in WALKS if walk.flow == flow]
    by_variant: dict[str, list[Walk]] = {}
    for walk in walks:
        by_variant.setdefault(walk.variant, []).append(walk)

    async def in_turn(those: list[Walk]) -> list[tuple[Walk, Trail]]:
        # Two calls to one number at once could not be told apart.
        return [(walk, await walked(office, walk)) for walk in those]

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(in_turn(those)) for those in by_variant.values()]
    visited: set[str] = set()
    for walk, trail in (pair for task in tasks for pair in task.result()):
        nodes = trail.told("flow.node_entered", "node")
        visited.update(nodes)
        assert (nodes[-1], trail.told("flow.ended", "cause")) == (walk.ends_at, [walk.cause]), (walk, nodes)
    assert set(load_flow(library.LIBRARY / f"{flow}.yaml").nodes) - visited == set()
    assert office.server.errors() == []


async def test_u5_what_callers_left_is_listed_sealed_found_and_played(office: Office, tmp_path: Path) -> None:
    """What the walks before this one left, if they were walked; else one is walked now."""
    [walk] = [each for each in WALKS if (each.flow, each.variant) == ("after_hours", "nobody")]
    trail = await walked(office, walk)
    [item] = trail.told("statement.kept", "recording")
    listed = await office.server.ask("recordings", "list", "--limit", "500")
    [line] = [each for each in listed if each["recording"] == item]
    assert (line["what"], line["contact"], line["state"]) == ("voicemail", trail.contact, "complete")
    assert 1.0 < line["duration_s"] < 60
    async with asyncio.timeout(60):
        while item not in trail.told("transcript.ready", "recording"):
            await asyncio.sleep(0.2)
            await trail.look()
    verdict = await office.server.ask("recordings", "verify", item)
    assert (verdict if isinstance(verdict, dict) else verdict[0])["intact"]
    sound = tmp_path / "item.wav"
    with sound.open("wb") as file:
        await asyncio.to_thread(
            ApiClient(office.server.folder / "var").download, f"/recordings/{item}/sound", file
        )
    assert sound.stat().st_size > 16_000


async def test_s21_a_complaint_is_a_case_even_when_the_caller_hangs_up_while_speaking(office: Office) -> None:
    [walk] = [each for each in WALKS if each.caller == "gone"]
    trail = await walked(office, walk)
    cases = [body for path, body in office.asked if path == "/cases" and body["caller"] == "gone"]
    [item] = trail.told("statement.kept", "recording")
    assert ("invoice", item) in [(body["category"], body["statement"]) for body in cases]


async def test_a_designer_replaces_a_prompt_by_telephone(office: Office, tmp_path: Path) -> None:
    prompt = tmp_path / "hello.wav"
    walk = Walk("record_prompt", "day", "pin:PIN speak:speak kept:1", "bye")
    where = ("--number", office.number(walk), "--config", str(office.server.config))
    recording = await asyncio.create_subprocess_exec(
        *command("flow", "record", str(prompt), *where), stdout=asyncio.subprocess.PIPE
    )
    assert recording.stdout is not None
    async with asyncio.timeout(120):
        told = (await recording.stdout.readline()).decode()
        pin = told.partition("enter ")[2][:6]
        await walked(office, replace(walk, acts=walk.acts.replace("PIN", pin)))
        assert await recording.wait() == 0
    said = read_pcm(prompt)
    assert len(said) > 4000
    assert np.max(np.abs(said)) > 3000
