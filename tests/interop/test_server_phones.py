"""The whole server between phones of other makers."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from server.softphone.commands import Answer, Call, HangUp, Hold, Record, Register, Resume, SendDigits
from server.softphone.events import (
    Disconnected,
    Incoming,
    MediaActive,
    PhoneHeld,
    PhoneParty,
    PhoneResumed,
    Recorded,
    Registered,
    Unregistered,
)
from server.softphone.settings import PhoneSettings, PhoneTransport
from tests.interop.baresip import Account
from tests.interop.conftest import BARESIP_SAYS, BaresipMaker, PhoneMaker
from tests.interop.sound import chirp, heard_share, read_wav, write_wav
from tests.interop.trunkline import Trunkline
from tests.patience import PATIENCE_S

RING_TIMEOUT_S = 60
MOST_OF_IT = 0.6  # a slip of a jitter buffer spoils two of twenty pieces; other sounds fit below 0.3


def agent(
    server: Trunkline, name: str, transport: PhoneTransport = PhoneTransport.UDP, password: str = ""
) -> PhoneSettings:
    return PhoneSettings(
        identity=f"sip:{name}@{server.address}",
        registrar=f"sip:{server.address};transport={transport}",
        user=name,
        password=password or server.password(name),
        transport=transport,
    )


def caller(server: Trunkline) -> PhoneSettings:
    return PhoneSettings(f'"Carol" <sip:carol@{server.address}>')


@pytest.mark.parametrize("transport", list(PhoneTransport))
async def test_an_agent_registers_with_its_password_only(
    server: Trunkline, tmp_path: Path, softphone: PhoneMaker, transport: PhoneTransport
) -> None:
    alice = await softphone(agent(server, "alice", transport))
    alice.send(Register())
    assert (await alice.wait_for(Registered, PATIENCE_S)).event.expires_s > 0
    intruder = await softphone(agent(server, "bob", transport, password="guessed"))
    intruder.send(Register())
    assert (await intruder.wait_for(Unregistered, PATIENCE_S)).event.status in (
        401,
        403,
        503,
    )  # 503: it guessed too often
    assert not intruder.seen(Registered)


@pytest.mark.timing
async def test_caller_and_agent_hear_each_other_through_queue_and_hold(
    server: Trunkline, tmp_path: Path, softphone: PhoneMaker
) -> None:
    rising, falling = chirp(2.0, 300, 3000), chirp(2.0, 2800, 400)
    alice, carol = await softphone(agent(server, "alice")), await softphone(caller(server))
    alice.send(Register())
    await alice.wait_for(Registered, PATIENCE_S)
    alice.send(Record(tmp_path / "alice_hears.wav"))
    carol.send(Record(tmp_path / "carol_hears.wav"))
    carol.send(Call(f"sip:100@{server.address}"))
    await carol.wait_for(MediaActive, PATIENCE_S)
    await asyncio.sleep(1)  # a caller who knows the menu
    carol.send(SendDigits("1"))
    await alice.wait_for(Incoming, RING_TIMEOUT_S)
    alice.send(Answer())
    await alice.wait_for(MediaActive, PATIENCE_S)
    alice.send(Hold())
    assert (await alice.wait_for(PhoneHeld, PATIENCE_S)).event.by is PhoneParty.SELF
    alice.send(Resume())
    await alice.wait_for(PhoneResumed, PATIENCE_S)
    await asyncio.gather(
        carol.say(write_wav(tmp_path / "rising.wav", rising), PATIENCE_S),
        alice.say(write_wav(tmp_path / "falling.wav", falling), PATIENCE_S),
    )
    await asyncio.sleep(0.5)  # the end of the sound is still on its way
    carol.send(HangUp())
    gone = (await alice.wait_for(Disconnected, PATIENCE_S)).event
    for phone in (alice, carol):
        await phone.wait_for(Recorded, PATIENCE_S)
    assert gone.by is PhoneParty.PEER
    assert not server.errors()

    assert heard_share(rising, read_wav(tmp_path / "alice_hears.wav")[:, 0]) > MOST_OF_IT
    assert heard_share(falling, read_wav(tmp_path / "carol_hears.wav")[:, 0]) > MOST_OF_IT


@pytest.mark.timing
async def test_baresip_registers_as_an_agent_and_takes_a_call(
    server: Trunkline, tmp_path: Path, baresip: BaresipMaker, softphone: PhoneMaker
) -> None:
    said = chirp(2.0, 2800, 400)
    bob = await baresip(Account(f"sip:bob@{server.address}", "bob", server.password("bob")))
    await bob.wait_registered(PATIENCE_S)
    carol = await softphone(caller(server))
    carol.send(Record(tmp_path / "carol_hears.wav"))
    carol.send(Call(f"sip:100@{server.address}"))
    await carol.wait_for(MediaActive, PATIENCE_S)
    await asyncio.sleep(1)
    carol.send(SendDigits("1"))
    await bob.wait_for("CALL_INCOMING", RING_TIMEOUT_S)
    bob.command("accept")
    await bob.wait_for("CALL_ESTABLISHED", PATIENCE_S)
    await carol.say(write_wav(tmp_path / "said.wav", said), PATIENCE_S)
    await asyncio.sleep(0.5)
    bob.command("hangup")
    await bob.wait_for("CALL_CLOSED", PATIENCE_S)
    carol.send(HangUp())
    await carol.wait_for(Recorded, PATIENCE_S)
    heard_by_bob = read_wav(bob.heard())[:, 0]
    assert not server.errors()

    assert heard_share(said, heard_by_bob) > MOST_OF_IT
    assert heard_share(BARESIP_SAYS, read_wav(tmp_path / "carol_hears.wav")[:, 0]) > MOST_OF_IT


async def test_baresip_as_caller_reaches_the_menu_and_chooses(
    server: Trunkline, baresip: BaresipMaker
) -> None:
    dora = await baresip(Account(f"sip:dora@{server.address}", "dora"))
    dora.command("dial", f"sip:100@{server.address}")
    await dora.wait_for("CALL_ESTABLISHED", PATIENCE_S)
    await asyncio.sleep(3)
    dora.command("sndcode", "2")
    contact = (await server.contacts())[0]
    await server.event(contact["contact"], "flow.option_chosen")
    await asyncio.sleep(1)
    dora.command("hangup")
    await server.event(contact["contact"], "contact.closed")
    events = await server.events(contact["contact"])
    assert [e["fields"]["option"] for e in events if e["kind"] == "flow.option_chosen"] == ["2"]
    loudness = np.abs(read_wav(dora.heard())[:, 0].astype(int)).max()
    assert loudness > 1000, "the menu was silent"
    assert not server.errors()


@pytest.mark.timing
async def test_finding_06_an_agents_phone_that_is_killed_in_mid_talk_costs_the_caller_no_place(
    server: Trunkline, tmp_path: Path, softphone: PhoneMaker
) -> None:
    alice, carol = await softphone(agent(server, "alice")), await softphone(caller(server))
    alice.send(Register())
    await alice.wait_for(Registered, PATIENCE_S)
    carol.send(Record(tmp_path / "carol_hears.wav"))
    carol.send(Call(f"sip:100@{server.address}"))
    await carol.wait_for(MediaActive, PATIENCE_S)
    await asyncio.sleep(1)
    carol.send(SendDigits("1"))
    await alice.wait_for(Incoming, RING_TIMEOUT_S)
    alice.send(Answer())
    await alice.wait_for(MediaActive, PATIENCE_S)
    contact = (await server.contacts())[0]["contact"]
    await asyncio.sleep(1)
    await alice.kill()
    regained = await server.event(contact, "queue.regained", timeout_s=12)
    assert regained
    await asyncio.sleep(3)
    assert not carol.seen(Disconnected)
    offers = [event for event in await server.events(contact) if event["kind"] == "offer.made"]
    assert len(offers) == 1, "the lost agent is offered nothing"
    carol.send(HangUp())
    await carol.wait_for(Recorded, PATIENCE_S)
    heard = read_wav(tmp_path / "carol_hears.wav")[:, 0].astype(np.float64)
    music = heard[-3 * 8000 : -8000]
    assert np.sqrt(np.mean(music**2)) > 200, "music plays again"
