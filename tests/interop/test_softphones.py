"""Two softphone processes talk to each other without a server: an instrument is tested before it measures."""

import asyncio
from pathlib import Path

import pytest

from server.softphone.client import Softphone, SoftphoneError
from server.softphone.commands import Answer, Call, HangUp, Hold, Record, Register, Resume, SendDigits
from server.softphone.events import (
    Calling,
    Disconnected,
    Failed,
    Incoming,
    KeyReceived,
    KeysSent,
    MediaActive,
    PhoneAnswered,
    PhoneHeld,
    PhoneParty,
    PhoneResumed,
    PhoneRinging,
    Recorded,
)
from server.softphone.settings import PhoneSettings, PhoneTransport
from tests.interop.conftest import PhoneMaker
from tests.interop.sound import chirp, heard_share, read_wav, write_wav
from tests.patience import PATIENCE_S

ANNA = PhoneSettings('"Anna Arendt" <sip:anna@127.0.0.1>')
BEN = PhoneSettings("sip:ben@127.0.0.1")


async def connect(caller: Softphone, called: Softphone) -> None:
    caller.send(Call(f"sip:ben@{called.address}"))
    await called.wait_for(Incoming, PATIENCE_S)
    called.send(Answer())
    for phone in (caller, called):
        await phone.wait_for(PhoneAnswered, PATIENCE_S)
        await phone.wait_for(MediaActive, PATIENCE_S)


async def test_caller_id_ringing_and_answer_are_reported_in_order_by_both_sides(
    any_softphone: PhoneMaker,
) -> None:
    anna, ben = await any_softphone(ANNA), await any_softphone(BEN)
    anna.send(Call(f"sip:ben@{ben.address}"))
    incoming = await ben.wait_for(Incoming, PATIENCE_S)
    calling = await anna.wait_for(Calling, PATIENCE_S)
    ringing = await anna.wait_for(PhoneRinging, PATIENCE_S)
    ben.send(Answer())
    answered = await anna.wait_for(PhoneAnswered, PATIENCE_S)

    assert (incoming.event.caller_name, incoming.event.caller_uri) == ("Anna Arendt", "sip:anna@127.0.0.1")
    assert incoming.event.call_id == calling.event.call_id
    assert ringing.event.status == 180
    assert calling.at_s < incoming.at_s < answered.at_s
    assert (await ben.wait_for(MediaActive, PATIENCE_S)).event.codec in ("PCMU", "G.711")


@pytest.mark.timing
async def test_each_side_records_what_the_other_says(any_softphone: PhoneMaker, tmp_path: Path) -> None:
    rising, falling = chirp(2.0, 300, 3000), chirp(2.0, 2800, 400)
    anna, ben = await any_softphone(ANNA), await any_softphone(BEN)
    anna.send(Record(tmp_path / "anna_hears.wav"))
    ben.send(Record(tmp_path / "ben_hears.wav"))
    await connect(anna, ben)
    await asyncio.gather(
        anna.say(write_wav(tmp_path / "rising.wav", rising), PATIENCE_S),
        ben.say(write_wav(tmp_path / "falling.wav", falling), PATIENCE_S),
    )
    await asyncio.sleep(0.5)  # the end of the sound is still on its way through the playout buffers
    anna.send(HangUp())
    for phone in (anna, ben):
        await phone.wait_for(Recorded, PATIENCE_S)

    heard_by_ben = read_wav(tmp_path / "ben_hears.wav")[:, 0]
    heard_by_anna = read_wav(tmp_path / "anna_hears.wav")[:, 0]
    assert heard_share(rising, heard_by_ben) > 0.8
    assert heard_share(falling, heard_by_anna) > 0.8
    assert heard_share(falling, heard_by_ben) < 0.3


@pytest.mark.timing
async def test_pressed_keys_arrive_in_order_as_telephone_events(any_softphone: PhoneMaker) -> None:
    anna, ben = await any_softphone(ANNA), await any_softphone(BEN)
    await connect(anna, ben)
    anna.send(SendDigits("15#*0"))
    sent = await anna.wait_for(KeysSent, PATIENCE_S)
    received = [await ben.wait_for(KeyReceived, PATIENCE_S) for _ in range(5)]
    assert "".join(report.event.digit for report in received) == "15#*0"
    assert received[0].at_s - sent.at_s < 0.2


@pytest.mark.timing
async def test_resume_after_hold_restores_the_same_call(any_softphone: PhoneMaker, tmp_path: Path) -> None:
    sound = chirp(1.0, 400, 2500)
    anna, ben = await any_softphone(ANNA), await any_softphone(BEN)
    anna.send(Record(tmp_path / "anna_hears.wav"))
    await connect(anna, ben)
    ben.send(Hold())
    assert (await ben.wait_for(PhoneHeld, PATIENCE_S)).event.by is PhoneParty.SELF
    assert (await anna.wait_for(PhoneHeld, PATIENCE_S)).event.by is PhoneParty.PEER
    ben.send(Resume())
    for phone in (anna, ben):
        await phone.wait_for(PhoneResumed, PATIENCE_S)
    await ben.say(write_wav(tmp_path / "sound.wav", sound), PATIENCE_S)
    await asyncio.sleep(0.5)
    ben.send(HangUp())
    await anna.wait_for(Recorded, PATIENCE_S)

    assert heard_share(sound, read_wav(tmp_path / "anna_hears.wav")[:, 0]) > 0.6


@pytest.mark.timing
async def test_both_sides_agree_who_hung_up_and_how_long_the_dialog_was(any_softphone: PhoneMaker) -> None:
    anna, ben = await any_softphone(ANNA), await any_softphone(BEN)
    await connect(anna, ben)
    await asyncio.sleep(1)
    ben.send(HangUp())
    of_ben = (await ben.wait_for(Disconnected, PATIENCE_S)).event
    of_anna = (await anna.wait_for(Disconnected, PATIENCE_S)).event
    assert (of_ben.by, of_anna.by) == (PhoneParty.SELF, PhoneParty.PEER)
    assert of_anna.status == 200
    assert of_anna.duration_s == pytest.approx(of_ben.duration_s, abs=0.05)
    assert 1.0 <= of_anna.duration_s < 2.0


async def test_a_caller_can_give_up_while_it_rings(any_softphone: PhoneMaker) -> None:
    anna, ben = await any_softphone(ANNA), await any_softphone(BEN)
    anna.send(Call(f"sip:ben@{ben.address}"))
    await anna.wait_for(PhoneRinging, PATIENCE_S)
    anna.send(HangUp())
    assert (await anna.wait_for(Disconnected, PATIENCE_S)).event.status == 487
    gone = (await ben.wait_for(Disconnected, PATIENCE_S)).event
    assert (gone.by, gone.duration_s) == (PhoneParty.PEER, 0)


async def test_a_ringing_phone_that_hangs_up_is_busy_and_one_in_a_call_refuses_the_second(
    any_softphone: PhoneMaker,
) -> None:
    anna, ben, carl = [await any_softphone(each) for each in (ANNA, BEN, PhoneSettings("sip:carl@127.0.0.1"))]
    anna.send(Call(f"sip:ben@{ben.address}"))
    await ben.wait_for(Incoming, PATIENCE_S)
    ben.send(HangUp())
    assert (await anna.wait_for(Disconnected, PATIENCE_S)).event.status == 486
    await ben.wait_for(Disconnected, PATIENCE_S)
    await connect(anna, ben)
    carl.send(Call(f"sip:ben@{ben.address}"))
    assert (await carl.wait_for(Disconnected, PATIENCE_S)).event.status == 486
    assert len(ben.seen(Disconnected)) == 1


@pytest.mark.timing
async def test_auto_answer_rings_for_the_time_given_over_tcp_too(any_softphone: PhoneMaker) -> None:
    anna = await any_softphone(PhoneSettings("sip:anna@127.0.0.1", transport=PhoneTransport.TCP))
    ben = await any_softphone(
        PhoneSettings("sip:ben@127.0.0.1", transport=PhoneTransport.TCP, auto_answer_s=0.5)
    )
    anna.send(Call(f"sip:ben@{ben.address};transport=tcp"))
    incoming = await ben.wait_for(Incoming, PATIENCE_S)
    answered = await ben.wait_for(PhoneAnswered, PATIENCE_S)
    assert answered.at_s - incoming.at_s == pytest.approx(0.5, abs=0.2)


async def test_impossible_commands_are_answered_with_an_error_and_the_phone_goes_on(
    any_softphone: PhoneMaker,
) -> None:
    anna = await any_softphone(ANNA)
    for command in (Answer(), HangUp(), Hold(), Register(), Call("not a uri")):
        anna.send(command)
        assert (await anna.wait_for(Failed, PATIENCE_S)).event.what == command.kind


async def test_waiting_for_what_never_comes_tells_what_came_instead(any_softphone: PhoneMaker) -> None:
    anna = await any_softphone(ANNA)
    with pytest.raises(SoftphoneError, match=r"no PhoneAnswered within 0\.2 s: it reported PhoneReady"):
        await anna.wait_for(PhoneAnswered, 0.2)


async def test_quitting_in_a_call_hangs_it_up(any_softphone: PhoneMaker) -> None:
    anna, ben = await any_softphone(ANNA), await any_softphone(BEN)
    await connect(anna, ben)
    await anna.close()
    assert (await ben.wait_for(Disconnected, PATIENCE_S)).event.by is PhoneParty.PEER


async def test_a_port_in_use_is_named_and_the_phone_does_not_start(any_softphone: PhoneMaker) -> None:
    anna = await any_softphone(ANNA)
    with pytest.raises(
        SoftphoneError, match=r"ended before PhoneReady: it reported Failed\(what='start'.*in use"
    ):
        await any_softphone(PhoneSettings("sip:ben@127.0.0.1", port=anna.ready.port))
