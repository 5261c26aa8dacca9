"""The whole server against SIPp."""

from pathlib import Path
from typing import Any

import pytest

from tests.interop.conftest import SippRunner
from tests.interop.trunkline import Trunkline

SCENARIOS = Path(__file__).parent / "scenarios"


async def test_a_thousand_calls_of_sipps_own_uac_at_fifty_a_second(tmp_path: Path, sipp: SippRunner) -> None:
    async with await Trunkline.start(tmp_path / "server") as server:
        result = await sipp(
            server.address, "-sn", "uac", "-s", "100", "-r", "50", "-m", "1000", "-d", "100", timeout_s=90
        )
        assert result.successful == 1000, result.account
        assert result.clean, result.account
        contacts = await server.contacts()
        assert len(contacts) == 1000
        assert {contact["outcome"] for contact in contacts} == {"caller left"}
        assert not server.errors()


async def test_keys_of_many_concurrent_callers_are_all_understood(tmp_path: Path, sipp: SippRunner) -> None:
    """Each caller plays G.711 throughout and presses 2 by RFC 4733 while the menu speaks."""
    callers = 30
    async with await Trunkline.start(tmp_path / "server") as server:
        result = await sipp(
            server.address,
            *("-sf", str(SCENARIOS / "press_two.xml"), "-s", "100", "-r", "15", "-m", str(callers)),
            timeout_s=60,
        )
        assert result.clean, result.account
        contacts = await server.contacts()
        chosen = [await _chosen(server, contact["contact_id"]) for contact in contacts]
        assert chosen == [["2"]] * callers


async def _chosen(server: Trunkline, contact_id: str) -> list[Any]:
    events = await server.events(contact_id)
    return [event["fields"]["option"] for event in events if event["kind"] == "flow.option_chosen"]


@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_options_is_answered_over_udp_and_tcp(tmp_path: Path, sipp: SippRunner, transport: str) -> None:
    async with await Trunkline.start(tmp_path / "server") as server:
        result = await sipp(
            server.address, "-sf", str(SCENARIOS / "options.xml"), "-t", transport, "-m", "5", timeout_s=20
        )
        assert result.clean, result.account
