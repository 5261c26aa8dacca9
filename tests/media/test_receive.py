"""The receive path of one leg, packets in and frames out, without sockets or clocks."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media.g711 import ulaw_decode

Listen = Callable[..., dict[str, Any]]
MakeRtp = Callable[..., bytes]
Wave = Callable[..., bytes]

REJECTED = -1
DIGIT_5 = 5


def paced(packets: Sequence[bytes | None], drain: int = 12) -> list[tuple[list[bytes], int]]:
    """One packet a frame; None is a packet that never comes."""
    turns = [([packet] if packet is not None else [], 20 * number) for number, packet in enumerate(packets)]
    return turns + [([], 20 * (len(packets) + number)) for number in range(drain)]


def cut(audio: bytes, make_rtp: MakeRtp, size: int = 160, first: int = 0) -> list[bytes]:
    return [
        make_rtp(first + number, at, audio[at : at + size])
        for number, at in enumerate(range(0, len(audio), size))
    ]


def event(
    make_rtp: MakeRtp, sequence: int, timestamp: int, key: int, duration: int, end: bool = False
) -> bytes:
    return make_rtp(sequence, timestamp, bytes([key, 0x80 * end | 10]) + duration.to_bytes(2, "big"), 101)


def test_audio_is_played_unchanged_one_cushion_later(listen: Listen, make_rtp: MakeRtp, wave: Wave) -> None:
    audio = wave(0.4)
    heard = listen(paced(cut(audio, make_rtp)))["heard"]
    assert heard[160 : 160 + len(audio)] == audio
    assert set(heard[:160]) == {0xFF}


@pytest.mark.parametrize("size", [80, 160, 240, 320, 400, 480])
def test_any_packet_size_is_played_unchanged(
    listen: Listen, make_rtp: MakeRtp, wave: Wave, size: int
) -> None:
    audio = wave(0.48)
    packets = cut(audio, make_rtp, size)
    turns: list[tuple[list[bytes], int]] = [([], 20 * n) for n in range(60)]
    for number, packet in enumerate(packets):
        turns[(number * size) // 160][0].append(packet)
    assert audio in listen(turns)["heard"]


def test_sequence_and_timestamp_wrap_around(listen: Listen, make_rtp: MakeRtp, wave: Wave) -> None:
    audio = wave(0.4)
    packets = [
        make_rtp(65530 + n, 0xFFFFFFFF - 900 + at, audio[at : at + 160])
        for n, at in enumerate(range(0, len(audio), 160))
    ]
    result = listen(paced(packets))
    assert audio in result["heard"]
    assert result["leg"]["rx_received"] == len(packets)
    assert result["leg"]["rx_highest"] - result["leg"]["rx_base"] + 1 == len(packets)


def test_neighbours_that_change_places_are_put_in_order(
    listen: Listen, make_rtp: MakeRtp, wave: Wave
) -> None:
    audio = wave(0.4)
    packets: list[Any] = cut(audio, make_rtp)
    turns = paced(packets)
    turns[7], turns[8] = ([], turns[7][1]), ([packets[8], packets[7]], turns[8][1])
    result = listen(turns)
    assert audio in result["heard"]
    assert result["leg"]["late"] == 0


def test_a_duplicate_is_counted_and_not_heard(listen: Listen, make_rtp: MakeRtp, wave: Wave) -> None:
    audio = wave(0.4)
    packets = cut(audio, make_rtp)
    turns = paced(packets)
    turns[9][0].append(packets[5])
    result = listen(turns)
    assert audio in result["heard"]
    assert (result["leg"]["rx_duplicates"], result["leg"]["rx_received"]) == (1, len(packets))


def test_a_lost_packet_is_concealed_without_a_click(listen: Listen, make_rtp: MakeRtp, wave: Wave) -> None:
    audio = wave(0.6)
    packets: list[bytes | None] = list(cut(audio, make_rtp))
    steepest = np.abs(np.diff(ulaw_decode(np.frombuffer(audio, np.uint8)).astype(int))).max()
    packets[15] = None
    result = listen(paced(packets, drain=1))
    heard = ulaw_decode(np.frombuffer(result["heard"], np.uint8)).astype(int)
    around = heard[160 * 15 : 160 * 19]
    assert np.abs(np.diff(around)).max() <= 1.5 * steepest
    concealed = heard[160 * 16 : 160 * 17]
    assert np.sqrt(np.mean(concealed**2)) > 0.5 * np.sqrt(np.mean(heard[160 * 8 : 160 * 15] ** 2))
    assert result["leg"]["concealed"] == 160
    assert result["leg"]["rx_highest"] - result["leg"]["rx_base"] + 1 - result["leg"]["rx_received"] == 1


def test_a_stream_that_stops_fades_to_silence(listen: Listen, make_rtp: MakeRtp, wave: Wave) -> None:
    audio = wave(0.3)
    heard = listen(paced(cut(audio, make_rtp), drain=30))["heard"]
    assert set(heard[-160 * 20 :]) == {0xFF}


def test_a_stream_that_comes_late_gets_a_longer_delay_and_no_loss(
    listen: Listen, make_rtp: MakeRtp, wave: Wave
) -> None:
    audio = wave(1.0)
    packets = cut(audio, make_rtp)
    turns = paced(packets, drain=20)
    held = [packet for turn in turns[20:24] for packet in turn[0]]
    for index in range(20, 24):
        turns[index] = ([], turns[index][1])
    turns[24] = (held + turns[24][0], turns[24][1])
    result = listen(turns)
    assert result["leg"]["cushion"] > 160
    assert audio[160 * 20 + 40 :] in result["heard"]


def test_what_was_held_too_much_is_left_out_in_the_quiet(listen: Listen, make_rtp: MakeRtp) -> None:
    quiet = b"\xff" * 160
    packets = [make_rtp(n, 160 * n, quiet) for n in range(400)]
    turns = paced(packets, drain=0)
    for ahead in range(1, 6):
        turns[10][0].extend(turns[10 + ahead][0])
    turns[11:] = [(turn[0], 20 * (11 + n)) for n, turn in enumerate(turns[16:])]
    result = listen(turns)
    assert result["levels"][20] >= 160 * 5
    assert result["levels"][-1] <= 160 * 2


def test_one_stray_packet_of_another_source_changes_nothing(
    listen: Listen, make_rtp: MakeRtp, wave: Wave
) -> None:
    audio = wave(0.4)
    turns = paced(cut(audio, make_rtp))
    turns[6][0].append(make_rtp(9, 77777, b"\x00" * 160, ssrc=99))
    result = listen(turns)
    assert audio in result["heard"]
    assert result["leg"]["rx_rejected"] == 1


def test_a_new_source_takes_over_and_its_losses_are_counted_anew(
    listen: Listen, make_rtp: MakeRtp, wave: Wave
) -> None:
    audio = wave(0.4)
    packets: list[bytes | None] = list(cut(audio, make_rtp))
    packets += [
        make_rtp(30000 + n, 999_000 + 160 * n, audio[160 * n : 160 * n + 160], ssrc=7) for n in range(20)
    ]
    result = listen(paced(packets))
    assert audio[160 + 40 :] in result["heard"]
    assert (result["leg"]["rx_ssrc_changes"], result["leg"]["rx_received"]) == (1, 19)


def test_a_sender_that_restarts_its_sequence_is_followed(
    listen: Listen, make_rtp: MakeRtp, wave: Wave
) -> None:
    audio = wave(0.4)
    packets = cut(audio, make_rtp) + cut(audio, make_rtp, first=40000)
    assert audio[160 + 40 :] in listen(paced(list(packets)))["heard"][len(audio) + 320 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:11],
        lambda data: b"\x40" + data[1:],
        lambda data: b"\x8f" + data[1:20],
        lambda data: b"\x90" + data[1:12] + b"\x00\x00\xff\xff" + data[12:],
        lambda data: b"\xa0" + data[1:-1] + b"\xff",
        lambda data: b"\xa0" + data[1:-1] + b"\x00",
        lambda data: data[:1] + b"\x12" + data[2:],
    ],
    ids=[
        "short",
        "version",
        "csrc",
        "extension",
        "padding too long",
        "padding of zero",
        "unknown payload type",
    ],
)
def test_a_malformed_packet_is_refused(
    listen: Listen, make_rtp: MakeRtp, damage: Callable[[bytes], bytes]
) -> None:
    result = listen([([damage(make_rtp(1, 160, b"\x11" * 160))], 0)])
    assert result["verdicts"] == [REJECTED]


def test_csrc_extension_and_padding_are_stepped_over(listen: Listen, make_rtp: MakeRtp) -> None:
    audio = bytes(range(160))
    plain = make_rtp(1, 160, audio)
    dressed = b"\xb1" + plain[1:12] + b"CSRC" + b"\x00\x00\x00\x01" + b"ext!" + audio + b"\x00\x00\x00\x04"
    assert audio in listen([([dressed], 0), ([], 20), ([], 40)])["heard"]


def test_a_key_is_told_at_its_first_packet_and_once(listen: Listen, make_rtp: MakeRtp) -> None:
    packets = [event(make_rtp, n, 800, DIGIT_5, 160 * (n + 1), n >= 5) for n in range(8)]
    assert [v for v in listen(paced(list(packets)))["verdicts"] if v >= 0] == [DIGIT_5]
    assert listen(paced(list(packets)))["verdicts"][0] == DIGIT_5


@pytest.mark.parametrize("lost", [range(3), range(5, 8), range(7)], ids=["start", "end", "all but one"])
def test_a_key_survives_the_loss_of_most_of_its_packets(
    listen: Listen, make_rtp: MakeRtp, lost: range
) -> None:
    packets: list[bytes | None] = [event(make_rtp, n, 800, DIGIT_5, 160 * (n + 1), n >= 5) for n in range(8)]
    for number in lost:
        packets[number] = None
    packets += [event(make_rtp, 20 + n, 4000, DIGIT_5, 160 * (n + 1)) for n in range(3)]
    assert [v for v in listen(paced(packets))["verdicts"] if v >= 0] == [DIGIT_5, DIGIT_5]


def test_a_key_held_longer_than_its_duration_field_is_one_press(listen: Listen, make_rtp: MakeRtp) -> None:
    packets = [
        event(make_rtp, 0, 800, DIGIT_5, 0xFF00),
        event(make_rtp, 1, 800, DIGIT_5, 0xFFFF),
        event(make_rtp, 2, 800 + 0xFFFF, DIGIT_5, 160),
        event(make_rtp, 3, 800 + 0xFFFF, DIGIT_5, 320, True),
    ]
    assert [v for v in listen(paced(list(packets)))["verdicts"] if v >= 0] == [DIGIT_5]


def test_a_late_packet_of_the_key_before_is_not_a_new_press(listen: Listen, make_rtp: MakeRtp) -> None:
    packets = [
        event(make_rtp, 0, 800, 1, 160),
        event(make_rtp, 2, 4000, 2, 160),
        event(make_rtp, 1, 800, 1, 320, True),
    ]
    assert [v for v in listen(paced(list(packets)))["verdicts"] if v >= 0] == [1, 2]


def test_keys_from_a_source_of_their_own_are_told_once_and_leave_the_sound_alone(
    listen: Listen, make_rtp: MakeRtp, wave: Wave
) -> None:
    """As SIPp sends them: key and audio packets take turns, with different SSRCs."""
    audio = wave(0.4)
    sound = cut(audio, make_rtp)
    turns = []
    for number, packet in enumerate(sound):
        payload = bytes([DIGIT_5, 0x80 * (number >= 8) | 10]) + (160 * (number + 1)).to_bytes(2, "big")
        key = make_rtp(number, 90_000, payload, 101, ssrc=0x99)
        turns.append(([packet, key] if 2 <= number < 12 else [packet], 20 * number))
    turns += [([], 20 * (len(sound) + number)) for number in range(12)]
    result = listen(turns)
    assert [verdict for verdict in result["verdicts"] if verdict >= 0] == [DIGIT_5]
    assert result["heard"][160 : 160 + len(audio)] == audio


def test_the_time_of_a_key_is_quiet_and_not_lost(listen: Listen, make_rtp: MakeRtp, wave: Wave) -> None:
    audio = wave(0.4)
    packets = cut(audio, make_rtp)
    packets += [event(make_rtp, 20 + n, 3200, DIGIT_5, 160 * min(n + 1, 5), n >= 5) for n in range(8)]
    packets += [make_rtp(28 + n, 3200 + 160 * (8 + n), audio[160 * n : 160 * n + 160]) for n in range(20)]
    result = listen(paced(list(packets), drain=1))
    assert result["leg"]["concealed"] == 0
    assert result["heard"][160:].startswith(audio + b"\xff" * (8 * 160) + audio)


def test_talk_starts_with_the_sound_and_ends_after_it(listen: Listen, make_rtp: MakeRtp, wave: Wave) -> None:
    audio = b"\xff" * 4000 + wave(1.0) + b"\xff" * 8000
    result = listen(paced(cut(audio, make_rtp)))
    assert [talk for talk in result["talks"] if talk] == [1, 2]
    assert abs(result["leg"]["talk_start"] - (4000 + 160)) <= 160
    assert abs(result["leg"]["talk_end"] - (12000 + 160)) <= 320


def test_steady_noise_is_not_talk_for_long(listen: Listen, make_rtp: MakeRtp) -> None:
    from media.g711 import ulaw_encode

    noise = np.random.default_rng(1).normal(0, 300, 8000 * 20).astype(np.int16)
    result = listen(paced(cut(ulaw_encode(noise).tobytes(), make_rtp)))
    assert result["leg"]["talking"] == 0


def test_round_trip_is_read_from_the_receiver_report(listen: Listen) -> None:
    sent_at_ms, held_ms, arrived_ms = 10_000, 200, 10_250

    def short(ms: int) -> int:
        return ((ms // 1000 + 2208988800) & 0xFFFF) << 16 | (ms % 1000) * 65536 // 1000

    block = bytes(4) + b"\x40" + (3).to_bytes(3, "big") + bytes(8)
    block += short(sent_at_ms).to_bytes(4, "big") + (held_ms * 65536 // 1000).to_bytes(4, "big")
    report = b"\x81\xc9\x00\x07" + b"peer" + block
    leg = listen([([report], arrived_ms)])["leg"]
    assert leg["round_trip_q16"] * 1000 / 65536 == pytest.approx(50, abs=0.1)
    assert (leg["peer_lost"], leg["peer_fraction_q8"]) == (3, 64)


packets_like_rtp = st.builds(
    lambda head, kind, sequence, timestamp, ssrc, body: (
        bytes([head, kind])
        + sequence.to_bytes(2, "big")
        + timestamp.to_bytes(4, "big")
        + ssrc.to_bytes(4, "big")
        + body
    ),
    st.sampled_from([0x80, 0x80, 0x80, 0x90, 0xA0, 0xBF, 0x81, 0x00]),
    st.sampled_from([0, 0, 0, 101, 101, 128, 200, 201, 13]),
    st.one_of(st.integers(0, 40), st.integers(0, 65535)),
    st.one_of(st.integers(0, 60).map(lambda n: n * 80), st.integers(0, 2**32 - 1)),
    st.sampled_from([1, 1, 1, 2]),
    st.one_of(
        st.binary(max_size=40), st.binary(min_size=160, max_size=160), st.binary(min_size=480, max_size=700)
    ),
)
anything = st.lists(st.one_of(packets_like_rtp, packets_like_rtp, st.binary(max_size=90)), max_size=3)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(anything, max_size=40), st.sampled_from([0, 8]))
def test_compiled_and_interpreted_stages_agree_to_the_bit_on_any_input(
    listen: Listen, interpreted_listen: Listen, packets: list[list[bytes]], payload_type: int
) -> None:
    turns = [(batch, 1000 + 20 * number) for number, batch in enumerate(packets)]
    assert listen(turns, payload_type) == interpreted_listen(turns, payload_type)


def test_finding_21_keys_of_a_stream_that_began_anew_are_heard(
    listen: Listen, make_rtp: MakeRtp, wave: Wave
) -> None:
    """The same source number, a lower timestamp: a sender that restarted."""
    audio = wave(0.2)
    before = [make_rtp(n, 900_000 + 160 * n, audio[:160]) for n in range(10)]
    before += [event(make_rtp, 10 + n, 901_600, 1, 160 * (n + 1), n >= 3) for n in range(6)]
    after = [make_rtp(40_000 + n, 160 * n, audio[:160]) for n in range(10)]
    after += [event(make_rtp, 40_010 + n, 1600, 2, 160 * (n + 1), n >= 3) for n in range(6)]
    assert [v for v in listen(paced(before + after))["verdicts"] if v >= 0] == [1, 2]


def test_finding_21_keys_with_a_source_of_their_own_survive_its_restart(
    listen: Listen, make_rtp: MakeRtp, wave: Wave
) -> None:
    audio = wave(0.2)
    sound = [make_rtp(n, 160 * n, audio[:160]) for n in range(20)]
    key = bytes([1, 10, 0, 160])
    packets = [*sound[:10], make_rtp(5, 900_000, key, 101, ssrc=9)]
    packets += [*sound[10:], make_rtp(6, 1_000, key, 101, ssrc=9)]
    assert [v for v in listen(paced(packets))["verdicts"] if v >= 0] == [1, 1]


def test_finding_22_comfort_noise_is_neither_lost_nor_concealed_and_sounds_as_loud_as_announced(
    listen: Listen, make_rtp: MakeRtp, wave: Wave
) -> None:
    audio = wave(0.4)
    packets: list[bytes | None] = list(cut(audio, make_rtp))
    packets.append(make_rtp(20, 3200, bytes([40]), 13))
    packets += [None] * 59
    packets.append(make_rtp(21, 3200 + 60 * 160, audio[:160], marker=True))
    packets += [make_rtp(22 + n, 3200 + (61 + n) * 160, audio[160:320]) for n in range(3)]
    result = listen(paced(packets, drain=0))
    leg = result["leg"]
    assert leg["rx_rejected"] == 0
    assert leg["rx_highest"] - leg["rx_base"] + 1 == leg["rx_received"] == len(packets) - 59
    assert leg["concealed"] == 0
    noise = ulaw_decode(np.frombuffer(result["heard"], np.uint8)).astype(float)[160 * 30 : 160 * 70]
    assert 20 * np.log10(np.sqrt(np.mean(noise**2)) / 32768) == pytest.approx(-40, abs=1.5)


def test_a_clock_that_runs_fast_or_slow_costs_no_sound_but_quiet(
    listen: Listen, make_rtp: MakeRtp, wave: Wave
) -> None:
    """Crystals of 100 ppm are a frame in 200 s; ten times as much for a tenth of the time."""
    spoken = (wave(0.5) + b"\xff" * 4000) * 20
    for ppm in (1000, -1000):
        turns: list[tuple[list[bytes], int]] = [([], 20 * n) for n in range(1010)]
        for number, packet in enumerate(cut(spoken, make_rtp)):
            turns[int(number * (1 - ppm / 1e6))][0].append(packet)
        result = listen(turns)
        assert result["leg"]["late"] == 0
        assert max(result["levels"][50:-20]) <= 160 * 4
        loud = ulaw_decode(np.frombuffer(result["heard"], np.uint8)).astype(float).reshape(-1, 160)
        energetic = int((np.abs(loud).max(axis=1) > 1000).sum())
        assert abs(energetic - 20 * 25) <= 25
