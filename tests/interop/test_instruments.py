"""sipp and baresip measure right before they measure us: here they talk to each other and to pjsua2."""

import asyncio
from pathlib import Path

from server.softphone.commands import Answer, Call, HangUp, Record, SendDigits
from server.softphone.events import Disconnected, Incoming, KeyReceived, MediaActive, PhoneAnswered, Recorded
from server.softphone.settings import PhoneSettings
from tests.interop.baresip import Account
from tests.interop.conftest import BARESIP_SAYS, BaresipMaker, PhoneMaker, SippRunner
from tests.interop.sipp import free_port
from tests.interop.sound import chirp, heard_share, read_wav, write_wav
from tests.patience import PATIENCE_S

ANNA = PhoneSettings('"Anna Arendt" <sip:anna@127.0.0.1>')


async def test_sipp_calls_sipp_and_both_count_every_call(sipp: SippRunner) -> None:
    port = free_port()
    called = asyncio.create_task(sipp("127.0.0.1", "-sn", "uas", "-p", str(port), "-m", "50", timeout_s=30))
    caller = await sipp(f"127.0.0.1:{port}", "-sn", "uac", "-r", "50", "-m", "50", timeout_s=30)
    assert caller.clean, caller.account
    assert (caller.successful, (await called).successful) == (50, 50)


async def test_sipp_counts_calls_to_nobody_as_failed(sipp: SippRunner) -> None:
    result = await sipp(
        f"127.0.0.1:{free_port()}", "-sn", "uac", "-m", "1", "-recv_timeout", "1000", timeout_s=10
    )
    assert not result.clean
    assert result.successful == 0


async def test_baresip_calls_a_softphone_speaks_hears_and_presses_keys(
    baresip: BaresipMaker, softphone: PhoneMaker, tmp_path: Path
) -> None:
    said = chirp(2.0, 2800, 400)
    anna, bare = await softphone(ANNA), await baresip(Account())
    anna.send(Record(tmp_path / "anna_hears.wav"))
    bare.command("dial", f"sip:anna@{anna.address}")
    await anna.wait_for(Incoming, PATIENCE_S)
    anna.send(Answer())
    await anna.wait_for(MediaActive, PATIENCE_S)
    await bare.wait_for("CALL_ESTABLISHED", PATIENCE_S)
    await anna.say(write_wav(tmp_path / "said.wav", said), PATIENCE_S)
    for digit in "1*":
        bare.command("sndcode", digit)
        assert (await anna.wait_for(KeyReceived, PATIENCE_S)).event.digit == digit
    bare.command("hangup")
    await anna.wait_for(Recorded, PATIENCE_S)

    assert heard_share(BARESIP_SAYS, read_wav(tmp_path / "anna_hears.wav")[:, 0]) > 0.8
    assert heard_share(said, read_wav(bare.heard())[:, 0]) > 0.8


async def test_a_softphone_calls_baresip_which_accepts(
    baresip: BaresipMaker, softphone: PhoneMaker, tmp_path: Path
) -> None:
    anna, bare = await softphone(ANNA), await baresip(Account())
    anna.send(Call(f"sip:baresip@127.0.0.1:{bare.port}"))
    incoming = await bare.wait_for("CALL_INCOMING", PATIENCE_S)
    assert incoming["peerdisplayname"] == "Anna Arendt"
    bare.command("accept")
    await anna.wait_for(PhoneAnswered, PATIENCE_S)
    await bare.wait_for("CALL_ESTABLISHED", PATIENCE_S)
    anna.send(SendDigits("7"))
    anna.send(HangUp())
    await bare.wait_for("CALL_CLOSED", PATIENCE_S)
    assert (await anna.wait_for(Disconnected, PATIENCE_S)).event.status == 200
