"""A caller who does what a script says: for trying a flow, and for watching a line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from config.settings import Settings
from media.call_sound import RecordingFeed
from media.engine import MediaEngine
from media.events import PlaybackFinished
from media.g711 import ULAW_SILENCE, ulaw_decode
from media.layout import FRAME
from media.sound import Sound
from media.speech.synthesis import Synthesiser
from server.softphone.wav_file import write_wav
from telephony.call import Call
from telephony.call_events import CallEnded, CallEvent, Ended, Held, Resumed
from telephony.endpoint import SipEndpoint
from telephony.session.events import Hangup

COLLECT_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Script:
    """What the caller does, one after the other, once answered; times in seconds."""

    target: str
    caller: str
    listen_s: float
    press: tuple[str, ...]
    say: str
    stay_s: float
    record: Path | None
    context: str = ""
    """Sent with the call, in the header `X-Context`: a flow has it as a variable."""


@dataclass(frozen=True, slots=True)
class Result:
    """How the call went. `status` is 200 when it was answered; times are None when it was not."""

    status: int
    reason: str
    setup_ms: float | None
    duration_s: float | None
    ended_by: str
    packets_sent: int
    packets_received: int
    packets_lost: int
    recording: str | None


Told = Callable[[str], None]


async def carry_out(script: Script, settings: Settings, tell: Told) -> Result:
    """Calls from a port of its own. Raises SynthesisError, MediaError, TransportError or SipSyntaxError."""
    async with AsyncExitStack() as stack:
        words = await _render(script.say, settings, stack)
        engine = MediaEngine(settings.media)
        await engine.start(tell)
        stack.push_async_callback(engine.stop)
        own = settings.sip.model_copy(update={"port": 0, "address": settings.sip.address})
        endpoint = SipEndpoint(own, engine, lambda call: None)
        await endpoint.start()
        stack.push_async_callback(endpoint.stop)
        call = await endpoint.place_call(
            script.target,
            caller=script.caller,
            headers=(("X-Context", script.context),) if script.context else (),
        )
        return await ScriptedCall(script, call, words, tell).run()


async def _render(text: str, settings: Settings, stack: AsyncExitStack) -> Sound | None:
    if not text:
        return None
    synthesiser = Synthesiser(settings.speech)
    stack.callback(synthesiser.close)
    return await synthesiser.render(text)


class ScriptedCall:
    """One call that has been placed, to its BYE; whoever ends it early ends the script."""

    def __init__(self, script: Script, call: Call, words: Sound | None, tell: Told) -> None:
        self._script = script
        self._call = call
        self._words = words
        self._tell = tell
        self._said = asyncio.Event()
        call.on_event = self._on_event

    async def run(self) -> Result:
        try:
            await self._call.wait_answered()
        except CallEnded as ended:
            return self._result(ended.hangup, None)
        setup_ms = ((self._call.answered_at or 0.0) - self._call.invited_at) * 1000
        self._tell(f"answered after {setup_ms:.1f} ms")
        capture = StereoCapture(self._call.leg.start_recording()) if self._script.record else None
        collecting = asyncio.create_task(capture.collect()) if capture else None
        with suppress(TimeoutError):
            async with asyncio.timeout(self._script.stay_s):
                await self._act()
                await self._call.ended
        report = self._call.leg.report()
        await self._call.hang_up("script over")
        hangup = await self._call.ended
        if capture is not None and collecting is not None and self._script.record is not None:
            await collecting
            capture.write(self._script.record)
        return self._result(hangup, setup_ms, report.packets_sent, report.packets_received, report.lost)

    async def _act(self) -> None:
        await self._listen()
        for keys in self._script.press:
            if self._call.hangup is None:
                self._tell("pressing keys")
                self._call.leg.send_digits(keys)
                await self._listen()
        if self._words is not None and self._call.hangup is None:
            self._tell("speaking")
            self._call.leg.play((self._words,))
            await self._said.wait()

    async def _listen(self) -> None:
        await asyncio.wait({self._call.ended}, timeout=self._script.listen_s)

    def _on_event(self, event: CallEvent) -> None:
        match event:
            case PlaybackFinished() | Ended():
                self._said.set()
            case Held():
                self._tell("put on hold")
            case Resumed():
                self._tell("taken off hold")
            case _:
                pass

    def _result(
        self, hangup: Hangup, setup_ms: float | None, sent: int = 0, received: int = 0, lost: int = 0
    ) -> Result:
        answered, ended = self._call.answered_at, self._call.ended_at
        lasted = None if answered is None or ended is None else round(ended - answered, 3)
        return Result(
            200 if setup_ms is not None else hangup.status,
            hangup.reason,
            None if setup_ms is None else round(setup_ms, 2),
            lasted,
            hangup.by.value,
            sent,
            received,
            lost,
            str(self._script.record) if self._script.record and setup_ms is not None else None,
        )


class StereoCapture:
    """Keeps a call in memory (16 kB a second) for a stereo WAV: left what was heard, right what was said."""

    def __init__(self, source: RecordingFeed) -> None:
        self._source = source
        self._blocks: list[tuple[int, NDArray[np.uint8]]] = []

    async def collect(self) -> None:
        """Until the leg is closed."""
        while True:
            frames = self._source.read()
            if frames is not None:
                self._blocks.append((frames.first_frame, frames.samples))
            elif self._source.finished:
                return
            else:
                await asyncio.sleep(COLLECT_EVERY_S)

    def write(self, file: Path) -> None:
        length = max((first + len(samples) for first, samples in self._blocks), default=0)
        whole = np.full((length, 2, FRAME), ULAW_SILENCE, np.uint8)
        for first, samples in self._blocks:
            whole[first : first + len(samples)] = samples
        stereo = ulaw_decode(whole.transpose(0, 2, 1).reshape(-1, 2))
        write_wav(file, stereo)
