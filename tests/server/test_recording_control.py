"""Pausing, resuming and ending a recording over the API: who may, and what they are told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.events import OfferAnswered
from server.access.roles import Role
from server.client.client import ApiRefusedError
from server.commands.desk import act
from tests.server.api import Api, RecordingOnTheLine, aside, serving
from tests.server.test_screens import rung

CONTACT = "contact-1"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path) as running:
        yield running


async def test_a_recording_is_paused_and_resumed_and_asking_twice_is_asking_once(api: Api) -> None:
    recording = api.line.recordings[CONTACT] = RecordingOnTheLine()
    supervisor = api.remote(api.token(Role.SUPERVISOR))
    path = f"/contacts/{CONTACT}/recording"
    for expected in (True, False):
        told = await aside(lambda: supervisor.post(f"{path}/pause"))
        assert (told["paused"], told["changed"]) == (True, expected)
    told = await aside(lambda: supervisor.post(f"{path}/resume"))
    assert (told["paused"], told["changed"]) == (False, True)
    await aside(lambda: supervisor.post(f"{path}/withdraw"))
    assert [what.partition(" by ")[0] for what in recording.told] == ["paused", "resumed", "withdrawn"]


async def test_a_contact_that_is_not_on_the_line_has_nothing_to_pause(api: Api) -> None:
    client = api.remote(api.token(Role.SUPERVISOR))
    with pytest.raises(ApiRefusedError, match="not on the line"):
        await aside(lambda: client.post("/contacts/nobody/recording/pause"))


async def test_agents_pause_the_recording_of_their_own_customer_only(api: Api) -> None:
    api.dispatch.tell(OfferAnswered(rung(api)))
    own = api.remote(api.token(Role.AGENT, agent="alice"))
    contact = (await aside(lambda: own.get("/agents/alice/contact")))["contact"]
    recording = api.line.recordings[contact] = RecordingOnTheLine()
    other = api.remote(api.token(Role.AGENT, agent="bob"))
    with pytest.raises(ApiRefusedError, match="does not talk with"):
        await aside(lambda: other.post(f"/contacts/{contact}/recording/pause"))
    assert "paused" in await aside(lambda: act(own, "alice", "p"))
    assert recording.paused
    assert "recording again" in await aside(lambda: act(own, "alice", "p"))
    assert not recording.paused
