"""One call of the own-stack softphone: its events passed on, what is heard kept for a WAV file."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from media.call_sound import RecordingFeed
from media.errors import MediaError
from media.events import PlaybackFinished, PlaybackId
from media.g711 import ULAW_SILENCE, ulaw_decode
from media.layout import FRAME
from media.sound import Sound
from server.softphone import events
from server.softphone.events import Event, PhoneParty
from server.softphone.wav_file import write_wav
from telephony.call import Call
from telephony.call_events import Answered, CallEvent, Digit, Held, Resumed, Ringing
from telephony.call_facts import CallDirection
from telephony.session import events as session_events

COLLECT_EVERY_S = 0.2


class Conversation:
    """Lives as long as the call, and a moment longer to finish the recording."""

    def __init__(self, call: Call, report: Callable[[Event], None]) -> None:
        self.call = call
        self._report = report
        self._recording: Path | None = None
        self._collecting: asyncio.Task[NDArray[np.int16]] | None = None
        self._playing: tuple[PlaybackId, Path] | None = None
        call.on_event = self._on_event

    def record(self, path: Path) -> None:
        self._recording = path
        if self.call.answered_at is not None and self._collecting is None:
            self._collecting = asyncio.create_task(_collect(self.call.leg.start_recording()))

    def play(self, sound: Sound, path: Path) -> None:
        self.require_sound()
        self._playing = (self.call.leg.play((sound,)), path)

    def require_sound(self) -> None:
        if self.call.answered_at is None:
            raise MediaError("there is no audio in this call yet")

    async def hang_up(self) -> None:
        if self.call.direction is CallDirection.INCOMING and self.call.answered_at is None:
            await self.call.reject(486)
        else:
            await self.call.hang_up()

    async def finish(self) -> None:
        """Say how the call ended and complete its recording."""
        hangup = await self.call.ended
        answered_at, ended_at = self.call.answered_at, self.call.ended_at
        duration_s = 0.0 if answered_at is None or ended_at is None else ended_at - answered_at
        by = PhoneParty.SELF if hangup.by is session_events.Party.US else PhoneParty.PEER
        self._report(events.Disconnected(hangup.status, hangup.reason, duration_s, by))
        if self._collecting is not None and self._recording is not None:
            samples = await self._collecting
            await asyncio.to_thread(write_wav, self._recording, samples)
            self._report(events.Recorded(self._recording))

    def _on_event(self, event: CallEvent) -> None:
        match event:
            case Ringing(status):
                self._report(events.PhoneRinging(status))
            case Answered():
                self._answered()
            case Held():
                self._report(events.PhoneHeld(PhoneParty.PEER))
            case Resumed():
                self._report(events.PhoneResumed())
            case Digit(digit):
                self._report(events.KeyReceived(digit))
            case PlaybackFinished(playback):
                self._playback_finished(playback)
            case _:
                # Talk and silence are of no use to a telephone; the end is told by `finish`.
                pass

    def _answered(self) -> None:
        self._report(events.PhoneAnswered())
        if self._recording is not None:
            self.record(self._recording)
        self._report(events.MediaActive("G.711"))

    def _playback_finished(self, playback: PlaybackId) -> None:
        if self._playing is not None and self._playing[0] == playback:
            self._report(events.PlaybackDone(self._playing[1]))
            self._playing = None


async def _collect(source: RecordingFeed) -> NDArray[np.int16]:
    """What the other party said, until the leg is closed; silence where frames were lost."""
    blocks: list[tuple[int, NDArray[np.uint8]]] = []
    while True:
        frames = source.read()
        if frames is not None:
            blocks.append((frames.first_frame, frames.samples[:, 0].copy()))
        elif source.finished:
            break
        else:
            await asyncio.sleep(COLLECT_EVERY_S)
    length = max((first + len(samples) for first, samples in blocks), default=0)
    whole = np.full((length, FRAME), ULAW_SILENCE, np.uint8)
    for first, samples in blocks:
        whole[first : first + len(samples)] = samples
    return ulaw_decode(whole.reshape(-1))
