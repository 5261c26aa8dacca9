"""What owners of a call's sound rely on: the engine, ticked by hand, and the fake give the same."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

import numpy as np
import pytest

from media.call_sound import CallSound, RecordingFeed, RoomPart, SoundEngine
from media.description import LegDescription, PayloadTypes, SoundCodec
from media.engine import MediaEngine
from media.errors import MediaError, MediaExhausted, MediaStopped
from media.events import (
    DigitReceived,
    MediaEvent,
    MediaResumed,
    MediaSilent,
    PlaybackFinished,
    TalkEnded,
    TalkStarted,
)
from media.g711 import ulaw_decode
from media.settings import MediaSettings
from media.sound import Sound
from media.sound_tap import SoundTap
from tests.fakes.media import FakeEngine, FakeLeg
from tests.fakes.ticks import SteppedTicks

Wave = Callable[..., bytes]
SILENCE = b"\xff" * 160


class Party(Protocol):
    """A far end and the leg that talks to it."""

    events: list[MediaEvent]
    absent: bool

    @property
    def leg(self) -> CallSound: ...

    def say(self, ulaw: bytes) -> None: ...

    def press(self, digit: str) -> None: ...


class Rig(Protocol):
    """An engine and the hand on its clock."""

    @property
    def engine(self) -> SoundEngine: ...

    def party(self, *, connected: bool = True, events: int | None = 101) -> Party: ...

    def advance(self, seconds: float) -> None: ...

    @property
    def now_s(self) -> float: ...


def describe(port: int, events: int | None = 101) -> LegDescription:
    types = PayloadTypes(0, events)
    return LegDescription("127.0.0.1", port, SoundCodec.PCMU, types, types)


class FakeParty:
    def __init__(self, engine: FakeEngine) -> None:
        self.events: list[MediaEvent] = []
        self.leg: FakeLeg = engine.open_leg(self.events.append)

    @property
    def absent(self) -> bool:
        return self.leg.absent

    @absent.setter
    def absent(self, absent: bool) -> None:
        self.leg.absent = absent

    def say(self, ulaw: bytes) -> None:
        self.leg.say(ulaw)

    def press(self, digit: str) -> None:
        self.leg.press(digit)


class FakeRig:
    def __init__(self) -> None:
        self.engine = FakeEngine(max_legs=8, max_recordings=4, max_listeners=2)

    def party(self, *, connected: bool = True, events: int | None = 101) -> FakeParty:
        party = FakeParty(self.engine)
        if connected:
            party.leg.connect(describe(4000, events))
        return party

    def advance(self, seconds: float) -> None:
        self.engine.advance(seconds)

    @property
    def now_s(self) -> float:
        return self.engine.now_s


class RealParty:
    def __init__(self, engine: MediaEngine, phone: Any) -> None:
        self.events: list[MediaEvent] = []
        self.leg = engine.open_leg(self.events.append)
        self.phone = phone
        self.absent = False
        self._saying = bytearray()

    def say(self, ulaw: bytes) -> None:
        self._saying += ulaw

    def press(self, digit: str) -> None:
        self.phone.press(self.leg, "0123456789*#".index(digit))

    def send(self) -> None:
        """One packet, as a phone does every 20 ms."""
        if not self.absent:
            self.phone.send(self.leg, bytes(self._saying[:160]).ljust(160, b"\xff"))
            del self._saying[:160]
        self.phone.received()


class RealRig:
    def __init__(self, engine: MediaEngine, ticks: SteppedTicks, make_phone: Callable[[], Any]) -> None:
        self.engine = engine
        self._ticks = ticks
        self._make_phone = make_phone
        self._parties: list[RealParty] = []

    def party(self, *, connected: bool = True, events: int | None = 101) -> RealParty:
        party = RealParty(self.engine, self._make_phone())
        self._parties.append(party)
        if connected:
            party.leg.connect(describe(party.phone.port, events))
            self._ticks.advance()
        return party

    def advance(self, seconds: float) -> None:
        for _ in range(SteppedTicks.frames(seconds)):
            for party in self._parties:
                if not party.leg.closed:
                    party.send()
            self._ticks.advance()
            self.engine.deliver_events()

    @property
    def now_s(self) -> float:
        return self._ticks.now_s


@pytest.fixture(params=["fake", "engine"])
async def rig(request: pytest.FixtureRequest, make_phone: Any) -> AsyncIterator[Rig]:
    if request.param == "fake":
        yield FakeRig()
        return
    ticks = SteppedTicks()
    engine = MediaEngine(
        MediaSettings(max_legs=8, max_recordings=4, max_listeners=2, prompt_memory_mb=1), ticks
    )
    await engine.start()
    yield RealRig(engine, ticks, make_phone)
    await engine.stop()


def of(kind: type, events: list[MediaEvent]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def recorded(feed: RecordingFeed) -> tuple[bytes, bytes, list[int]]:
    """What the party said, what it heard, and the numbers of the frames."""
    said, heard = [], []
    numbers: list[int] = []
    while (frames := feed.read()) is not None:
        said.append(frames.samples[:, 0].tobytes())
        heard.append(frames.samples[:, 1].tobytes())
        numbers += range(frames.first_frame, frames.first_frame + len(frames.samples))
    return b"".join(said), b"".join(heard), numbers


def energy(ulaw: bytes) -> float:
    return float(np.sum(ulaw_decode(np.frombuffer(ulaw, np.uint8)).astype(float) ** 2))


async def test_the_end_of_a_playback_is_told_once_when_its_last_sound_is_over(rig: Rig, wave: Wave) -> None:
    party = rig.party()
    feed = party.leg.start_recording()
    first, second = wave(0.11), wave(0.2, 3000)
    playback = party.leg.play([Sound("one", first), Sound("empty", b""), Sound("two", second)])
    rig.advance(0.28)
    assert not of(PlaybackFinished, party.events)
    rig.advance(0.1)
    assert of(PlaybackFinished, party.events) == [PlaybackFinished(playback)]
    assert first + second in recorded(feed)[1]


async def test_a_loop_a_stopped_and_a_replaced_playback_have_no_end(rig: Rig, wave: Wave) -> None:
    party = rig.party()
    feed = party.leg.start_recording()
    tune = wave(0.1)
    party.leg.play([Sound("tune", tune)], loop=True)
    rig.advance(0.5)
    assert tune * 3 in recorded(feed)[1]
    party.leg.play([Sound("long", wave(5))])
    rig.advance(0.1)
    party.leg.stop_playback()
    rig.advance(0.1)
    recorded(feed)
    rig.advance(0.1)
    assert recorded(feed)[1] == SILENCE * 5
    assert not of(PlaybackFinished, party.events)


async def test_bridged_parties_hear_each_other_until_one_leaves(rig: Rig, wave: Wave) -> None:
    one, two, three = rig.party(), rig.party(), rig.party()
    feeds = [party.leg.start_recording() for party in (one, two, three)]
    one.leg.bridge(two.leg)
    one.say(wave(0.2))
    two.say(wave(0.2, 3000))
    rig.advance(0.5)
    assert wave(0.2, 3000) in recorded(feeds[0])[1]
    assert wave(0.2) in recorded(feeds[1])[1]
    three.leg.bridge(two.leg)
    rig.advance(0.1)
    one.say(wave(0.2, 5000))
    rig.advance(0.5)
    assert wave(0.2, 5000)[:160] not in recorded(feeds[1])[1]
    three.leg.close()
    rig.advance(0.1)
    recorded(feeds[1])
    rig.advance(0.1)
    assert recorded(feeds[1])[1] == SILENCE * 5


async def test_a_playback_goes_before_the_bridge_and_parting_gives_silence(rig: Rig, wave: Wave) -> None:
    one, two = rig.party(), rig.party()
    feed = one.leg.start_recording()
    one.leg.bridge(two.leg)
    two.say(wave(2.0))
    one.leg.play([Sound("whisper", wave(0.1, 3000))])
    rig.advance(0.5)
    assert wave(0.1, 3000) in recorded(feed)[1]
    one.leg.unbridge()
    rig.advance(0.1)
    recorded(feed)
    rig.advance(0.1)
    assert recorded(feed)[1] == SILENCE * 5


async def test_a_recording_has_both_sides_numbered_from_0_and_ends_when_told(rig: Rig, wave: Wave) -> None:
    party = rig.party()
    rig.advance(0.1)
    feed = party.leg.start_recording()
    party.say(wave(0.2))
    party.leg.play([Sound("prompt", wave(0.2, 3000))])
    rig.advance(0.5)
    said, heard, numbers = recorded(feed)
    assert wave(0.2) in said
    assert wave(0.2, 3000) in heard
    assert numbers == list(range(len(numbers)))
    assert 24 <= len(numbers) <= 25
    assert feed.started_at_frame >= 5
    assert not feed.finished
    party.leg.stop_recording()
    rig.advance(0.1)
    recorded(feed)
    assert (feed.finished, feed.dropped_frames) == (True, 0)


async def test_finding_29_keys_are_told_in_order_with_the_time_of_the_engine(rig: Rig) -> None:
    party = rig.party()
    rig.advance(0.1)
    party.press("7")
    rig.advance(0.1)
    before_s = rig.now_s
    party.press("#")
    rig.advance(0.1)
    digits = of(DigitReceived, party.events)
    assert digits == [DigitReceived("7"), DigitReceived("#")]
    assert digits[0].at_s < before_s <= digits[1].at_s <= before_s + 0.04


async def test_talk_is_told_and_kept_while_somebody_listens(rig: Rig, wave: Wave) -> None:
    party = rig.party()
    party.say(wave(0.3))
    rig.advance(1.0)
    assert party.events == []
    with pytest.raises(MediaError):
        party.leg.heard(0, 160)
    party.leg.listen(True)
    rig.advance(0.2)
    party.say(wave(0.4))
    rig.advance(1.2)
    started, ended = party.events
    assert isinstance(started, TalkStarted)
    assert isinstance(ended, TalkEnded)
    assert started.at == ended.start
    assert ended.end - ended.start == pytest.approx(3200, abs=320)
    assert started.at_s < ended.at_s == pytest.approx(rig.now_s, abs=0.6)
    spoken = ulaw_decode(np.frombuffer(wave(0.4), np.uint8))
    assert spoken.tobytes() in party.leg.heard(ended.start - 1600, ended.end + 1600).tobytes()
    party.leg.listen(False)
    party.say(wave(0.4))
    rig.advance(1.2)
    assert len(party.events) == 2


async def test_a_party_that_sends_nothing_is_told_and_so_is_its_return(rig: Rig) -> None:
    party = rig.party()
    rig.advance(0.5)
    party.absent = True
    rig.advance(8.0)
    [silent] = party.events
    assert isinstance(silent, MediaSilent)
    assert silent.for_s >= 5.0
    party.absent = False
    rig.advance(0.1)
    assert party.events[1:] == [MediaResumed()]


async def test_a_closed_leg_takes_no_orders_and_tells_nothing(rig: Rig, wave: Wave) -> None:
    party = rig.party()
    feed = party.leg.start_recording()
    party.leg.play([Sound("tune", wave(0.1))])
    party.leg.close()
    party.leg.close()
    party.press("1")
    rig.advance(0.3)
    recorded(feed)
    assert party.leg.closed
    assert feed.finished
    assert party.events == []
    party.leg.report()
    for order in (party.leg.stop_playback, party.leg.unbridge, party.leg.start_recording):
        with pytest.raises(MediaStopped):
            order()


async def test_what_makes_no_sense_is_refused(rig: Rig, wave: Wave) -> None:
    party, deaf = rig.party(), rig.party(events=None)
    with pytest.raises(MediaError):
        party.leg.play([Sound("nothing", b"")])
    with pytest.raises(MediaError):
        deaf.leg.send_digits("1")
    with pytest.raises(MediaError):
        party.leg.send_digits("1x")
    with pytest.raises(MediaError):
        party.leg.bridge(party.leg)
    with pytest.raises(MediaError):
        describe(0)
    with pytest.raises(MediaError):
        LegDescription("a.example", 4000, SoundCodec.PCMU, PayloadTypes(0), PayloadTypes(0))
    party.leg.send_digits("12")
    party.leg.play([Sound("tune", wave(0.1))])


async def test_pools_are_bounded_and_what_is_given_back_can_be_had_again(rig: Rig) -> None:
    parties = [rig.party() for _ in range(8)]
    with pytest.raises(MediaExhausted):
        rig.party()
    for party in parties[:2]:
        party.leg.listen(True)
    with pytest.raises(MediaExhausted):
        parties[2].leg.listen(True)
    for party in parties[:4]:
        party.leg.start_recording()
    with pytest.raises(MediaExhausted):
        parties[4].leg.start_recording()
    parties[0].leg.close()
    rig.advance(0.1)
    parties[2].leg.listen(True)
    rig.party()


async def test_the_load_is_a_share(rig: Rig) -> None:
    assert 0.0 <= rig.engine.load() <= 1.0


async def test_in_a_room_everybody_hears_the_others_and_nobody_themselves(rig: Rig, wave: Wave) -> None:
    parties = [rig.party() for _ in range(4)]
    feeds = [party.leg.start_recording() for party in parties]
    room = rig.engine.open_room()
    for party in parties:
        room.join(party.leg)
    parties[0].say(wave(0.2, 4000))
    rig.advance(0.4)
    heard = [recorded(feed)[1] for feed in feeds]
    assert [wave(0.2, 4000) in each for each in heard] == [False, True, True, True]
    assert set(heard[0]) == {0xFF}
    parties[0].say(wave(0.4, 2000))
    parties[1].say(wave(0.4, 2000))
    rig.advance(0.6)
    alone = energy(recorded(feeds[0])[1])
    assert energy(recorded(feeds[2])[1]) == pytest.approx(4 * alone, rel=0.3)
    room.leave(parties[1].leg)
    rig.advance(0.1)
    recorded(feeds[1])
    parties[0].say(wave(0.2))
    rig.advance(0.4)
    assert set(recorded(feeds[1])[1]) == {0xFF}
    assert len(room.members) == 3


async def test_a_monitor_is_not_heard_and_a_coach_by_the_coached_only(rig: Rig, wave: Wave) -> None:
    caller, agent, chief, watcher = (rig.party() for _ in range(4))
    feeds = [party.leg.start_recording() for party in (caller, agent, chief, watcher)]
    room = rig.engine.open_room()
    room.join(caller.leg)
    room.join(agent.leg, RoomPart.COACHED)
    room.join(chief.leg, RoomPart.COACH)
    room.join(watcher.leg, RoomPart.MONITOR)
    chief.say(wave(0.2, 4000))
    rig.advance(0.4)
    heard = [recorded(feed)[1] for feed in feeds]
    assert [wave(0.2, 4000) in each for each in heard] == [False, True, False, False]
    watcher.say(wave(0.2, 4000))
    caller.say(wave(0.2, 2000))
    rig.advance(0.4)
    heard = [recorded(feed)[1] for feed in feeds]
    assert [wave(0.2, 2000) in each for each in heard] == [False, True, True, True]
    room.join(chief.leg, RoomPart.SPEAKER)
    chief.say(wave(0.2, 4000))
    rig.advance(0.4)
    heard = [recorded(feed)[1] for feed in feeds]
    assert [wave(0.2, 4000) in each for each in heard] == [True, True, False, True]


async def test_a_room_of_two_a_gain_and_the_end_of_a_room(rig: Rig, wave: Wave) -> None:
    one, two = rig.party(), rig.party()
    feed = two.leg.start_recording()
    room = rig.engine.open_room()
    room.join(one.leg)
    room.join(two.leg)
    rig.advance(0.2)
    one.say(wave(0.4, 4000))
    rig.advance(0.6)
    loud = recorded(feed)[1]
    assert wave(0.4, 4000) in loud
    room.join(one.leg, gain_db=-6.02)
    rig.advance(0.2)
    recorded(feed)
    one.say(wave(0.4, 4000))
    rig.advance(0.6)
    assert energy(recorded(feed)[1]) == pytest.approx(energy(loud) / 4, rel=0.3)
    room.close()
    rig.advance(0.1)
    recorded(feed)
    one.say(wave(0.4))
    rig.advance(0.6)
    assert set(recorded(feed)[1]) == {0xFF}
    with pytest.raises(MediaError):
        room.join(one.leg)


async def test_a_shielded_party_is_heard_by_nobody_and_its_keys_are_told(rig: Rig, wave: Wave) -> None:
    one, two = rig.party(), rig.party()
    feeds = [party.leg.start_recording() for party in (one, two)]
    one.leg.bridge(two.leg)
    rig.advance(0.2)
    one.leg.shield(True)
    rig.advance(0.1)
    for feed in feeds:
        recorded(feed)
    one.say(wave(0.4))
    two.say(wave(0.4, 2000))
    one.press("4")
    rig.advance(0.6)
    said, heard, _ = recorded(feeds[0])
    assert set(said) == {0xFF}
    assert wave(0.2, 2000)[160:] in heard
    assert set(recorded(feeds[1])[1]) == {0xFF}
    assert of(DigitReceived, one.events) == [DigitReceived("4")]
    one.leg.shield(False)
    rig.advance(0.1)
    one.say(wave(0.4, 3000))
    rig.advance(0.6)
    assert wave(0.4, 3000) in recorded(feeds[1])[1]


def tapped(tap: SoundTap) -> tuple[bytes, list[int]]:
    """All that can be read, in pieces of at most 50 ms, and where the pieces begin."""
    pcm, starts = [], []
    while (heard := tap.read(400)) is not None:
        assert 0 < len(heard.pcm) <= 400
        pcm.append(heard.pcm.tobytes())
        starts.append(heard.start)
    return b"".join(pcm), starts


def as_pcm(ulaw: bytes) -> bytes:
    return ulaw_decode(np.frombuffer(ulaw, np.uint8)).tobytes()


async def test_a_tap_gives_all_that_the_party_says_in_order_and_nothing_else(rig: Rig, wave: Wave) -> None:
    party, other = rig.party(), rig.party()
    party.leg.bridge(other.leg)
    party.say(wave(0.2, 1000))
    rig.advance(0.5)
    tap = party.leg.tap()
    party.leg.play([Sound("prompt", wave(3.0, 2000))])
    other.say(wave(3.0, 4000))
    party.say(wave(0.4))
    rig.advance(0.4)
    first, starts = tapped(tap)
    rig.advance(0.6)
    second, more = tapped(tap)
    assert as_pcm(wave(0.4)) in first + second
    assert as_pcm(wave(0.2, 1000)) not in first + second
    assert len(first + second) == pytest.approx(16_000, abs=640)
    assert np.abs(np.frombuffer(first + second, np.int16)).max() <= 8300
    assert starts == list(range(starts[0], starts[0] + len(first) // 2, 400))
    assert more[0] == starts[0] + len(first) // 2
    assert starts[0] == pytest.approx(4000, abs=320)
    assert (tap.missed, tap.ended, tap.read(400)) == (0, False, None)


async def test_talk_is_told_while_somebody_taps(rig: Rig, wave: Wave) -> None:
    party = rig.party()
    tap = party.leg.tap()
    rig.advance(0.2)
    party.say(wave(0.4))
    rig.advance(1.2)
    started, ended = party.events
    assert isinstance(started, TalkStarted)
    assert isinstance(ended, TalkEnded)
    heard = tap.read(80_000)
    assert heard is not None
    spoken = heard.pcm[ended.start - heard.start : ended.end - heard.start]
    assert np.abs(spoken).max() > 4000
    tap.close()
    rig.advance(0.1)
    party.say(wave(0.4))
    rig.advance(1.2)
    assert len(party.events) == 2


async def test_taps_and_a_listener_share_a_leg_and_do_not_disturb_each_other(rig: Rig, wave: Wave) -> None:
    party, second, third = rig.party(), rig.party(), rig.party()
    early = party.leg.tap()
    rig.advance(0.2)
    party.leg.listen(True)
    second.leg.listen(True)
    with pytest.raises(MediaExhausted):
        third.leg.tap()
    late = party.leg.tap()
    party.say(wave(0.4))
    rig.advance(0.6)
    assert as_pcm(wave(0.4)) in tapped(early)[0]
    early.close()
    early.close()
    assert early.ended
    party.leg.listen(False)
    assert as_pcm(wave(0.4)) in tapped(late)[0]
    party.say(wave(0.2))
    rig.advance(0.4)
    assert as_pcm(wave(0.2)) in tapped(late)[0]
    assert early.read(400) is None
    late.close()
    third.leg.tap()


async def test_a_tap_that_is_not_read_loses_the_oldest_and_says_how_much(rig: Rig, wave: Wave) -> None:
    party = rig.party()
    tap = party.leg.tap()
    rig.advance(20.0)
    party.say(wave(0.4))
    rig.advance(0.6)
    heard = tap.read(160_000)
    assert heard is not None
    assert tap.missed == pytest.approx(heard.start, abs=320)
    assert tap.missed > 40_000
    assert as_pcm(wave(0.4)) in heard.pcm.tobytes()


async def test_what_was_said_before_a_leg_closed_can_still_be_read(rig: Rig, wave: Wave) -> None:
    party = rig.party()
    tap, unread = party.leg.tap(), party.leg.tap()
    rig.advance(0.1)
    party.say(wave(0.4))
    rig.advance(0.6)
    party.leg.close()
    rig.advance(0.2)
    other = rig.party()
    other.leg.listen(True)
    other.say(wave(0.4, 2000))
    rig.advance(0.6)
    assert not tap.ended
    pcm, _ = tapped(tap)
    assert as_pcm(wave(0.4)) in pcm
    assert as_pcm(wave(0.2, 2000)) not in pcm
    assert tap.ended
    unread.close()
    assert (unread.ended, unread.read(400)) == (True, None)
    with pytest.raises(MediaStopped):
        party.leg.tap()
