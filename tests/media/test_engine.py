"""Whole legs over loopback sockets and the running tick."""

import asyncio
import itertools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from media import g711
from media.description import PayloadTypes, SoundCodec
from media.engine import MediaEngine
from media.errors import MediaError, MediaExhausted, MediaStopped
from media.events import DigitReceived, MediaResumed, MediaSilent, PlaybackFinished, TalkEnded, TalkStarted
from media.layout import ALAW, CONCEALED, MASKED, SILENT
from media.recording_ring import RecordingSource
from media.settings import MediaSettings
from media.sockets import OwnAddress, PortPairs
from media.sound import Sound
from tests.media.conftest import Studio

Wave = Callable[..., bytes]

SILENCE = b"\xff" * 160


def audio_of(packets: list[bytes], kind: int = 0) -> bytes:
    return b"".join(packet[12:] for packet in packets if packet[1] & 0x7F == kind)


def sequence_of(packet: bytes) -> int:
    return int.from_bytes(packet[2:4], "big")


def timestamp_of(packet: bytes) -> int:
    return int.from_bytes(packet[4:8], "big")


def read_all(source: RecordingSource) -> tuple[np.ndarray[Any, Any], list[int]]:
    """All frames there are, and the numbers they begin at."""
    frames: list[np.ndarray[Any, Any]] = []
    firsts: list[int] = []
    while (got := source.read()) is not None:
        frames.append(got.samples)
        firsts.extend(range(got.first_frame, got.first_frame + len(got.samples)))
    return np.concatenate(frames) if frames else np.zeros((0, 2, 160), np.uint8), firsts


async def test_sounds_follow_each_other_without_a_gap_and_the_end_is_told(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Wave
) -> None:
    phone, ear = make_phone(), make_ear()
    leg = studio.engine.open_leg(ear)
    leg.connect(phone.remote())
    first, second = wave(0.111), wave(0.205, 3000)
    playback = leg.play([Sound("first", first), Sound("empty", b""), Sound("second", second)])
    finished = studio.until(ear, PlaybackFinished)
    studio.advance(0.05)
    packets = phone.received()
    assert finished.playback == playback
    assert first + second in audio_of(packets)
    assert [sequence_of(b) - sequence_of(a) & 0xFFFF for a, b in itertools.pairwise(packets)] == [1] * (
        len(packets) - 1
    )
    steps = {timestamp_of(b) - timestamp_of(a) & 0xFFFFFFFF for a, b in itertools.pairwise(packets)}
    assert steps == {160}
    assert [packet[1] >> 7 for packet in packets] == [1] + [0] * (len(packets) - 1)


async def test_a_loop_goes_on_and_stopping_it_gives_silence(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Wave
) -> None:
    phone, ear = make_phone(), make_ear()
    leg = studio.engine.open_leg(ear)
    leg.connect(phone.remote())
    tune = wave(0.1)
    leg.play([Sound("tune", tune)], loop=True)
    studio.advance(0.4)
    leg.stop_playback()
    studio.advance(0.1)
    packets = phone.received()
    assert tune * 3 in audio_of(packets)
    assert packets[-1][12:] == SILENCE
    assert not ear


async def test_alaw_legs_hear_and_are_heard_in_alaw(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Wave
) -> None:
    phone = make_phone()
    leg = studio.engine.open_leg(make_ear())
    leg.connect(phone.remote(SoundCodec.PCMA))
    source = leg.start_recording()
    tune = wave(0.1)
    leg.play([Sound("tune", tune)])
    spoken = g711.ULAW_TO_ALAW[np.frombuffer(wave(0.2, 3000), np.uint8)]
    studio.talk((phone, leg, spoken.tobytes(), 8))
    studio.advance(0.3)
    assert g711.ULAW_TO_ALAW[np.frombuffer(tune, np.uint8)].tobytes() in audio_of(phone.received(), 8)
    frames, _ = read_all(source)
    assert g711.ALAW_TO_ULAW[spoken].tobytes() in frames[:, 0].tobytes()
    tune_in_alaw = g711.ULAW_TO_ALAW[np.frombuffer(tune, np.uint8)]
    assert g711.ALAW_TO_ULAW[tune_in_alaw].tobytes() in frames[:, 1].tobytes()


@pytest.mark.parametrize("ptime_ms", [10, 30, 40, 60])
async def test_the_packet_size_of_the_peer_is_kept(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Wave, ptime_ms: int
) -> None:
    phone, ear = make_phone(), make_ear()
    leg = studio.engine.open_leg(ear)
    leg.connect(phone.remote(ptime_ms=ptime_ms))
    tune = wave(0.3)
    leg.play([Sound("tune", tune)])
    studio.until(ear, PlaybackFinished)
    studio.advance(0.1)
    packets = phone.received()
    assert {len(packet) - 12 for packet in packets} == {8 * ptime_ms}
    assert {timestamp_of(b) - timestamp_of(a) & 0xFFFFFFFF for a, b in itertools.pairwise(packets)} == {
        8 * ptime_ms
    }
    assert tune in audio_of(packets)


async def test_pressed_keys_are_reported_in_order(studio: Studio, make_phone: Any, make_ear: Any) -> None:
    phone, ear = make_phone(), make_ear()
    leg = studio.engine.open_leg(ear)
    leg.connect(phone.remote())
    for key in (1, 2, 11):
        phone.press(leg, key)
        studio.advance(0.05)
    studio.advance(0.05)
    assert ear == [DigitReceived("1"), DigitReceived("2"), DigitReceived("#")]


async def test_sent_digits_follow_rfc_4733_and_another_leg_understands_them(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    phone, ear = make_phone(), make_ear()
    leg = studio.engine.open_leg(make_ear())
    leg.connect(phone.remote())
    leg.send_digits("4*")
    studio.advance(0.6)
    packets = phone.received()
    events = [packet for packet in packets if packet[1] & 0x7F == 101]
    first = events[:7]
    assert [packet[12] for packet in first] == [4] * 7
    assert len({timestamp_of(packet) for packet in first}) == 1
    assert [int.from_bytes(packet[14:16], "big") for packet in first] == [160, 320, 480, 640, 800, 800, 800]
    assert [packet[13] >> 7 for packet in first] == [0, 0, 0, 0, 1, 1, 1]
    assert [packet[1] >> 7 for packet in first] == [1] + [0] * 6
    listener = studio.engine.open_leg(ear)
    listener.connect(phone.remote())
    for packet in packets:
        phone.rtp.sendto(packet, (listener.address, listener.rtp_port))
        studio.advance(0.002)
    studio.advance(0.1)
    assert ear == [DigitReceived("4"), DigitReceived("*")]


@pytest.mark.parametrize("kinds", [(0, 0), (0, 8)])
async def test_bridged_legs_hear_each_other(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Wave, kinds: tuple[int, int]
) -> None:
    phones = [make_phone(), make_phone()]
    legs = [studio.engine.open_leg(make_ear()) for _ in phones]
    for phone, leg, kind in zip(phones, legs, kinds, strict=True):
        leg.connect(phone.remote(SoundCodec(kind // 8)))
    legs[0].bridge(legs[1])
    spoken = wave(0.3)
    said = [spoken, spoken if kinds[1] == 0 else g711.ULAW_TO_ALAW[np.frombuffer(spoken, np.uint8)].tobytes()]
    studio.talk(*zip(phones, legs, said, kinds, strict=True))
    studio.advance(0.3)
    heard = [audio_of(phone.received(), kind) for phone, kind in zip(phones, kinds, strict=True)]
    assert said[1] in heard[1] if kinds[1] else said[0] in heard[1]
    back = spoken if kinds[1] == 0 else g711.ALAW_TO_ULAW[np.frombuffer(said[1], np.uint8)].tobytes()
    assert back in heard[0]
    legs[1].unbridge()
    studio.advance(0.1)
    phones[0].received()
    studio.talk((phones[1], legs[1], said[1], kinds[1]))
    assert set(audio_of(phones[0].received())) == {0xFF}


async def test_a_sound_goes_before_the_bridge_on_its_leg_only(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Wave
) -> None:
    phones = [make_phone(), make_phone()]
    legs = [studio.engine.open_leg(make_ear()) for _ in phones]
    for phone, leg in zip(phones, legs, strict=True):
        leg.connect(phone.remote())
    legs[0].bridge(legs[1])
    legs[0].play([Sound("music", wave(0.1, 2000))], loop=True)
    spoken = wave(0.2)
    studio.talk(*((phone, leg, spoken) for phone, leg in zip(phones, legs, strict=True)))
    studio.advance(0.3)
    assert spoken[:160] not in audio_of(phones[0].received())
    assert spoken in audio_of(phones[1].received())


async def test_a_recording_holds_both_directions_on_one_timeline(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Wave
) -> None:
    phone = make_phone()
    leg = studio.engine.open_leg(make_ear())
    leg.connect(phone.remote())
    source = leg.start_recording()
    prompt, spoken = wave(0.2, 2000), wave(0.3)
    leg.play([Sound("prompt", prompt)])
    studio.talk((phone, leg, spoken))
    studio.advance(0.3)
    leg.stop_recording()
    studio.advance(0.05)
    frames, numbers = read_all(source)
    assert numbers == list(range(len(numbers)))
    assert spoken in frames[:, 0].tobytes()
    assert prompt in frames[:, 1].tobytes()
    assert (source.finished, source.dropped_frames) == (True, 0)
    leg.start_recording()


async def test_finding_32_alaw_is_recorded_as_it_travelled_bit_for_bit(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Wave
) -> None:
    phone = make_phone()
    leg = studio.engine.open_leg(make_ear())
    leg.connect(phone.remote(SoundCodec.PCMA))
    source = leg.start_recording()
    # All 256 codes: four of them do not survive the way through mu-law and back.
    spoken = bytes(range(256)) * 25
    prompt = wave(0.2, 2000)
    leg.play([Sound("prompt", prompt)])
    studio.talk((phone, leg, spoken, 8))
    studio.advance(0.3)
    blocks = []
    while (block := source.read()) is not None:
        blocks.append(block)
    assert {block.law for block in blocks} == {ALAW}
    said, heard = (b"".join(block.tracks[side].tobytes() for block in blocks) for side in range(2))
    assert spoken in said
    assert g711.ULAW_TO_ALAW[np.frombuffer(prompt, np.uint8)].tobytes() in heard


async def test_finding_32_what_was_made_up_was_silent_or_masked_is_marked_in_its_frames(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Wave
) -> None:
    phone = make_phone()
    leg = studio.engine.open_leg(make_ear())
    leg.connect(phone.remote())
    source = leg.start_recording()
    studio.advance(0.1)
    studio.talk((phone, leg, wave(0.2)))
    phone.sequence += 2
    phone.timestamp += 320
    studio.advance(0.04)
    studio.talk((phone, leg, wave(0.2)))
    leg.shield(True)
    studio.talk((phone, leg, wave(0.1)))
    leg.shield(False)
    studio.talk((phone, leg, wave(0.1)))
    leg.stop_recording()
    studio.advance(0.05)
    marks: list[int] = []
    while (block := source.read()) is not None:
        assert block.marks is not None
        marks += block.marks[0].tolist()
    runs = [(mark, len(list(run))) for mark, run in itertools.groupby(marks)]
    assert [mark for mark, _ in runs[:6]] == [SILENT, 0, CONCEALED, 0, MASKED, 0]
    # After the two that never came the next one is blended in.
    assert runs[1:3] == [(0, 10), (CONCEALED, 3)]
    assert runs[4][1] == 5


async def test_a_writer_that_stops_reading_loses_the_newest_frames_and_nobody_else_notices(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    leg = studio.engine.open_leg(make_ear())
    leg.connect(make_phone().remote())
    source = leg.start_recording()
    studio.advance(5.6)
    _, numbers = read_all(source)
    studio.advance(0.1)
    leg.close()
    studio.advance(0.05)
    _, later = read_all(source)
    assert len(numbers) == 256
    assert source.finished
    lost = later[0] - numbers[-1] - 1 - source.dropped_frames
    assert source.dropped_frames > 0
    assert 0 <= lost <= studio.engine.statistics().skipped_frames


async def test_talk_is_reported_and_can_be_heard(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Wave
) -> None:
    phone, ear = make_phone(), make_ear()
    leg = studio.engine.open_leg(ear)
    leg.connect(phone.remote())
    leg.listen(True)
    spoken = wave(0.4)
    studio.talk((phone, leg, SILENCE * 10 + spoken + SILENCE * 30))
    ended = studio.until(ear, TalkEnded)
    started = studio.until(ear, TalkStarted)
    assert started.at == ended.start
    assert ended.end - ended.start == pytest.approx(len(spoken), abs=320)
    heard = leg.heard(ended.start - 1600, ended.end + 1600)
    assert g711.ulaw_decode(np.frombuffer(spoken, np.uint8)).tobytes() in heard.tobytes()
    assert not leg.heard(ended.end + 400_000, ended.end + 400_160).any()


async def test_silence_of_the_peer_is_reported_and_its_return(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    phone, ear = make_phone(), make_ear()
    leg = studio.engine.open_leg(ear)
    leg.connect(phone.remote())
    silent = studio.until(ear, MediaSilent)
    assert silent.for_s >= 0.5
    phone.send(leg, SILENCE)
    studio.until(ear, MediaResumed)


async def test_a_held_leg_is_neither_sent_to_nor_missed(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Wave
) -> None:
    phone, ear = make_phone(), make_ear()
    leg = studio.engine.open_leg(ear)
    leg.connect(phone.remote())
    studio.advance(0.1)
    leg.connect(phone.remote(may_send=False, may_receive=False))
    studio.advance(0.05)
    phone.received()
    studio.advance(1.8)
    assert phone.received() == []
    assert ear == []
    leg.connect(phone.remote())
    studio.advance(0.1)
    assert phone.received()


async def test_only_the_negotiated_address_is_heard_and_its_true_port_wins(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    phone, stranger, ear = make_phone(), make_phone(), make_ear()
    leg = studio.engine.open_leg(ear)
    leg.connect(phone.remote())
    phone.send(leg, SILENCE)
    studio.advance(0.05)
    stranger.press(leg, 9)
    studio.advance(0.05)
    assert ear == []
    phone.press(leg, 3)
    studio.advance(0.05)
    assert ear == [DigitReceived("3")]
    assert stranger.received() == []


async def test_a_peer_behind_address_translation_is_answered_where_it_sends_from(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    told, true = make_phone(), make_phone()
    leg = studio.engine.open_leg(make_ear())
    leg.connect(told.remote())
    studio.talk((true, leg, SILENCE * 5))
    told.received()
    true.received()
    studio.advance(0.1)
    assert true.received()
    assert not told.received()


async def test_a_phone_that_sends_from_where_it_signals_is_heard_and_answered_there(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    told, true, stranger = make_phone(), make_phone("127.0.0.2"), make_phone("127.0.0.3")
    ear = make_ear()
    leg = studio.engine.open_leg(ear)
    leg.connect(told.remote(signalled_from="127.0.0.2"))
    stranger.press(leg, 9)
    true.press(leg, 4)
    studio.advance(0.1)
    true.received()
    studio.advance(0.1)
    assert ear == [DigitReceived("4")]
    assert true.received()
    assert not stranger.received()


async def test_reports_go_out_with_cname_and_a_bye_at_the_end(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    phone = make_phone()
    leg = studio.engine.open_leg(make_ear())
    leg.connect(phone.remote())
    studio.talk((phone, leg, SILENCE * 75))
    leg.close()
    studio.advance(0.1)
    reports = phone.received("rtcp")
    sender = reports[0]
    assert (sender[0], sender[1], len(sender) >= 52) == (0x81, 200, True)
    assert int.from_bytes(sender[28:32], "big") == 0x1234
    assert sender[52:54] == b"\x81\xca"
    assert sender[60] == 1
    assert len(sender) % 4 == 0
    assert reports[-1][-8:-4] == b"\x81\xcb\x00\x01"
    ssrc = sender[4:8]
    assert reports[-1][-4:] == ssrc


async def test_round_trip_loss_and_jitter_are_reported(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    phone = make_phone()
    leg = studio.engine.open_leg(make_ear())
    leg.connect(phone.remote())
    studio.talk((phone, leg, SILENCE * 40))
    phone.sequence += 3
    studio.talk((phone, leg, SILENCE * 40))
    sender = phone.received("rtcp")[-1]
    block = sender[4:8] + bytes([25, 0, 0, 7]) + bytes(8) + sender[10:14] + bytes(4)
    phone.rtcp.sendto(b"\x81\xc9\x00\x07peer" + block, (leg.address, leg.rtp_port + 1))
    studio.advance(1.1)
    report = leg.report()
    assert (report.lost, report.packets_received) == (3, 80)
    assert report.lost_by_peer == 7
    assert report.round_trip_ms is not None
    assert 0 <= report.round_trip_ms < 2000
    assert report.jitter_ms < 20
    assert report.packets_sent > 80


async def test_closed_rows_are_used_again_and_old_handles_are_harmless(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Wave
) -> None:
    for turn in range(3):
        legs = [studio.engine.open_leg(make_ear()) for _ in range(8)]
        with pytest.raises(MediaExhausted):
            studio.engine.open_leg(make_ear())
        phone = make_phone()
        legs[0].connect(phone.remote())
        legs[0].play([Sound(f"tune {turn}", wave(5.0))], loop=True)
        studio.advance(0.05)
        assert phone.received()
        for leg in legs:
            leg.close()
            leg.close()
        studio.advance(0.05)
        with pytest.raises(MediaStopped):
            legs[0].play([Sound("late", b"x")])
    assert studio.engine.statistics().legs == 0


async def test_bad_requests_are_refused_without_harm(studio: Studio, make_phone: Any, make_ear: Any) -> None:
    leg = studio.engine.open_leg(make_ear())
    with pytest.raises(MediaError):
        leg.connect(make_phone().remote(number=200))
    with pytest.raises(MediaError):
        leg.play([Sound("nothing", b"")])
    with pytest.raises(MediaError):
        leg.send_digits("1")
    leg.connect(make_phone().remote())
    with pytest.raises(MediaError):
        leg.send_digits("1x")
    with pytest.raises(MediaExhausted):
        leg.play([Sound("huge", bytes(2 << 20))])
    with pytest.raises(MediaError):
        leg.bridge(leg)


async def test_a_handler_that_fails_does_not_silence_the_others(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("handler")

    phones, ear = [make_phone(), make_phone()], make_ear()
    legs = [studio.engine.open_leg(fail), studio.engine.open_leg(ear)]
    for phone, leg in zip(phones, legs, strict=True):
        leg.connect(phone.remote())
        phone.press(leg, 1)
    studio.advance(0.1)
    assert ear == [DigitReceived("1")]


async def test_ports_come_from_the_range_in_pairs() -> None:
    engine = MediaEngine(MediaSettings(max_legs=4, port_range=(23500, 23539), prompt_memory_mb=1))
    await engine.start()
    try:
        ports = [engine.open_leg(lambda _: None).rtp_port for _ in range(4)]
        assert len(set(ports)) == 4
        assert all(port % 2 == 0 and 23500 <= port < 23539 for port in ports)
    finally:
        await engine.stop()
    with pytest.raises(MediaStopped):
        engine.open_leg(lambda _: None)


async def test_packets_are_paced_while_python_is_busy(
    engine: MediaEngine, make_phone: Any, make_ear: Any, wave: Wave
) -> None:
    phone = make_phone()
    leg = engine.open_leg(make_ear())
    leg.connect(phone.remote())
    leg.play([Sound("tune", wave(0.5))], loop=True)
    await asyncio.sleep(0.1)
    loop = asyncio.get_running_loop()
    until_s = loop.time() + 1.0
    while loop.time() < until_s:
        sum(range(1000))
    assert len(phone.received()) >= 50
    statistics = engine.statistics()
    assert (
        sum(count for _, count in statistics.tick_time_us)
        >= statistics.ticks - statistics.skipped_frames * 4 - 1
    )


async def test_finding_20_each_direction_has_its_own_payload_types(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    phone, ear = make_phone(), make_ear()
    leg = studio.engine.open_leg(ear)
    leg.connect(phone.remote(sends=PayloadTypes(0, 96), receives=PayloadTypes(0, 101)))
    phone.press(leg, 5)
    studio.advance(0.1)
    assert ear == [DigitReceived("5")]
    leg.send_digits("7")
    studio.advance(0.3)
    assert {packet[1] & 0x7F for packet in phone.received()} == {0, 96}


async def test_finding_37_sound_after_a_hold_begins_with_a_marker(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    phone = make_phone()
    leg = studio.engine.open_leg(make_ear())
    leg.connect(phone.remote())
    studio.advance(0.2)
    leg.connect(phone.remote(may_send=False))
    studio.advance(0.2)
    phone.received()
    leg.connect(phone.remote())
    studio.advance(0.2)
    assert [packet[1] >> 7 for packet in phone.received()][:3] == [1, 0, 0]


async def test_finding_37_reports_are_spread_over_half_to_one_and_a_half_intervals(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    phone = make_phone()
    leg = studio.engine.open_leg(make_ear())
    leg.connect(phone.remote())
    reported_at = []
    for frame in range(1500):
        studio.advance(0.02)
        reported_at += [frame] * len(phone.received("rtcp"))
    pauses = [later - earlier for earlier, later in itertools.pairwise(reported_at)]
    assert 25 <= min(pauses) < 40
    assert 60 < max(pauses) <= 76


async def test_finding_17_the_cost_of_news_does_not_grow_with_the_number_of_legs(
    studio: Studio, make_ear: Any
) -> None:
    def steps() -> int:
        count = 0

        def trace(frame: Any, event: str, _: object) -> Any:
            nonlocal count
            frame.f_trace_opcodes = True
            count += event == "opcode"
            return trace

        sys.settrace(trace)
        studio.engine.deliver_events()
        sys.settrace(None)
        return count

    one = studio.engine.open_leg(make_ear())
    steps()  # what was told at the start is delivered once
    alone = steps()
    for _ in range(7):
        studio.engine.open_leg(make_ear())
    assert steps() == alone
    one.close()
    studio.advance(0.02)
    assert studio.engine.statistics().legs == 7


async def test_finding_37_a_taken_port_range_costs_a_bounded_number_of_tries() -> None:
    ports = PortPairs(MediaSettings(port_range=(23600, 23999)), OwnAddress("192.0.2.1", "192.0.2.1"))
    assert len(list(ports.candidates())) <= 200
    with pytest.raises(MediaExhausted):
        ports.bind()


async def test_packets_that_come_in_pairs_or_late_are_all_heard_whatever_the_kernel_says_of_their_age(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Any
) -> None:
    studio.ticks.by_kernel_time = True
    phone, leg = make_phone(), studio.engine.open_leg(make_ear())
    leg.connect(phone.remote())
    feed = leg.start_recording()
    said = wave(2.0)
    for at in range(0, len(said), 320):
        phone.send(leg, said[at : at + 160])
        if at % 960 == 0:
            studio.advance(0.02)
            phone.send(leg, said[at + 160 : at + 320])
            studio.advance(0.02)
        else:
            phone.send(leg, said[at + 160 : at + 320])
            studio.advance(0.04)
    report = leg.report()
    studio.advance(0.2)
    recorded = b""
    while (frames := feed.read()) is not None:
        recorded += frames.samples[:, 0].tobytes()
    assert said in recorded
    assert (report.packets_received, report.concealed_ms) == (100, 0)
