"""The whole server against SIPp."""

from pathlib import Path
from typing import Any

import pytest

from media import g711
from tests.interop.conftest import SippRunner
from tests.interop.sound import chirp
from tests.interop.trunkline import Trunkline

pytestmark = pytest.mark.timing

SCENARIOS = Path(__file__).parent / "scenarios"


async def test_a_thousand_calls_of_sipps_own_uac_at_fifty_a_second(
    server: Trunkline, sipp: SippRunner
) -> None:
    result = await sipp(
        server.address, "-sn", "uac", "-s", "100", "-r", "50", "-m", "1000", "-d", "100", timeout_s=90
    )
    assert result.successful == 1000, result.account
    assert result.clean, result.account
    contacts = (await server.closed_contacts())[:1000]
    assert len(contacts) == 1000
    assert {contact["outcome"] for contact in contacts} == {"left in flow"}
    assert not server.errors()


async def test_keys_of_a_hundred_callers_who_speak_throughout_are_all_understood_once(
    server: Trunkline, tmp_path: Path, sipp: SippRunner
) -> None:
    """G.711 all the time, and a key by RFC 4733 from a source of its own, as SIPp sends it."""
    callers = 100
    speech = tmp_path / "speech.ulaw"
    speech.write_bytes(g711.ulaw_encode(chirp(8.0, 300, 3000)).tobytes())
    scenario = tmp_path / "scenario.xml"
    scenario.write_text((SCENARIOS / "speak_and_press_two.xml").read_text().replace("@SPEECH@", str(speech)))
    result = await sipp(
        server.address,
        *("-sf", str(scenario), "-s", "100", "-r", "20", "-m", str(callers), "-mp", "20000"),
        timeout_s=60,
    )
    assert result.clean, result.account
    contacts = (await server.closed_contacts())[:callers]
    chosen = [await _chosen(server, contact["contact"]) for contact in contacts]
    assert chosen == [["2"]] * callers
    assert not server.errors()


async def _chosen(server: Trunkline, contact_id: str) -> list[Any]:
    events = await server.events(contact_id)
    return [event["fields"]["option"] for event in events if event["kind"] == "flow.option_chosen"]


@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_options_is_answered_over_udp_and_tcp(
    server: Trunkline, sipp: SippRunner, transport: str
) -> None:
    result = await sipp(
        server.address, "-sf", str(SCENARIOS / "options.xml"), "-t", transport, "-m", "5", timeout_s=20
    )
    assert result.clean, result.account
