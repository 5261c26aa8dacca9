"""What a caller leaves, like a voicemail: after a beep, until they are silent, press a key, or hang up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
import structlog

from contacts.facts.contact import ContactFact
from contacts.facts.recording import StatementKept, StatementLost, StatementStarted
from contacts.ids import ContactId
from ivr_flows.engine.inputs import RecordingEnded
from ivr_flows.engine.instructions import Record
from media import events as media
from media.errors import MediaError
from media.g711 import ulaw_encode
from media.sound import SAMPLES_PER_SECOND, Sound
from recordings.errors import RecordingsError
from recordings.segment import RecordingId
from server.intake.branching_feed import FeedBranch
from server.intake.contact_recording import ContactRecording
from server.intake.services import Services
from telephony.call import Call
from telephony.call_events import CallEvent, Digit

log = structlog.get_logger(__name__)

BEEP_HZ, BEEP_S, BEEP_GAIN = 1000, 0.4, 6000


@lru_cache(maxsize=1)
def beep() -> Sound:
    """The tone after which callers speak."""
    at = np.arange(int(BEEP_S * SAMPLES_PER_SECOND)) / SAMPLES_PER_SECOND
    tone = (BEEP_GAIN * np.sin(2 * np.pi * BEEP_HZ * at)).astype(np.int16)
    return Sound(name="builtin:beep", ulaw=ulaw_encode(tone).tobytes())


class StatementTaking:
    """One at a time, from `begin` to its end, which is told as RecordingEnded, or given by `break_off`.

    An item is made only once somebody speaks. The item is a part of what the contact's recording holds, kept
    on its own; where there is no such recording there is no item.
    """

    def __init__(
        self,
        contact: ContactId,
        call: Call,
        recording: ContactRecording,
        services: Services,
        tell: Callable[[ContactFact], None],
        on_end: Callable[[RecordingEnded], None],
    ) -> None:
        self._contact = contact
        self._call = call
        self._recording = recording
        self._services = services
        self._tell = tell
        self._on_end = on_end
        self._order: Record | None = None
        self._branch: FeedBranch | None = None
        self._beep: media.PlaybackId | None = None
        self._item: RecordingId | None = None
        self._began_at = 0.0
        self._timers: list[asyncio.TimerHandle] = []
        self._silence: asyncio.TimerHandle | None = None
        self._talking = False
        """Also before the beep: who speaks through it is not told of anew."""

    @property
    def active(self) -> bool:
        return self._order is not None

    def begin(self, order: Record) -> None:
        """A beep that cannot be played costs the beep."""
        self.break_off()
        self._order = order
        try:
            self._beep = self._call.leg.play((beep(),))
        except MediaError as error:
            log.warning("statement.no_beep", contact=self._contact, reason=type(error).__name__)
            self._open()

    def on_event(self, event: CallEvent) -> bool:
        """Whether it belongs to the statement; a key never is one of the flow's meanwhile."""
        if isinstance(event, media.TalkStarted | media.TalkEnded):
            self._talking = isinstance(event, media.TalkStarted)
        if self._order is None:
            return False
        match event:
            case media.PlaybackFinished(playback) if playback == self._beep:
                self._open()
            case Digit(digit) if self._branch is not None and digit in self._order.ends_with:
                self._end()
            case media.TalkStarted() if self._branch is not None:
                self._speaks()
            case media.TalkEnded() if self._branch is not None:
                self._pauses()
            case Digit() | media.TalkStarted() | media.TalkEnded():
                pass
            case _:
                return False
        return True

    def break_off(self) -> RecordingEnded | None:
        """The caller is gone, or the flow is: what was said until now is kept. None: there was nothing."""
        return self._close() if self._order is not None else None

    def _open(self) -> None:
        """The beep is over."""
        order, self._beep = self._order, None
        self._branch = self._recording.branch()
        if order is None or self._branch is None:
            self._end()
            return
        loop = asyncio.get_running_loop()
        self._began_at = loop.time()
        self._timers.append(loop.call_later(order.max_s, self._end))
        try:
            self._call.leg.listen(True)
        except MediaError as error:
            # Nobody can tell whether the caller speaks: keep all until the key, or the longest time.
            log.warning("statement.not_listening", reason=type(error).__name__)
            self._keep()
            return
        if self._talking:
            self._speaks()
        else:
            self._pauses()

    def _speaks(self) -> None:
        self._quiet()
        if self._item is None:
            self._keep()

    def _pauses(self) -> None:
        self._quiet()
        if self._order is not None:
            self._silence = asyncio.get_running_loop().call_later(self._order.silence_s, self._end)

    def _quiet(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None

    def _keep(self) -> None:
        """The item is made."""
        if self._branch is None or self._order is None:
            return
        facts, what = self._call.facts, self._order.what
        self._branch.keep()
        try:
            self._item = self._services.recordings.begin(
                self._contact,
                self._branch,
                started_at=datetime.now(UTC),
                caller=facts.caller,
                called=facts.called or "",
                what=what,
            )
        except RecordingsError as error:
            log.exception("statement.not_started", contact=self._contact)
            self._tell(StatementLost(contact=self._contact, what=what, reason=type(error).__name__))
            self._end()
            return
        self._tell(StatementStarted(contact=self._contact, recording=self._item, what=what))

    def _end(self) -> None:
        self._on_end(self._close())

    def _close(self) -> RecordingEnded:
        order, item, self._order, self._item = self._order, self._item, None, None
        self._beep = None
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._quiet()
        branch, self._branch = self._branch, None
        if branch is not None:
            branch.end()
            if self._call.hangup is None:
                self._call.leg.listen(False)
        if item is None or order is None:
            return RecordingEnded("")
        lasted_s = asyncio.get_running_loop().time() - self._began_at
        self._services.tasks.start(self._finish(item, order.what))
        return RecordingEnded(str(item), lasted_s)

    async def _finish(self, item: RecordingId, what: str) -> None:
        try:
            entry = await self._services.recordings.finish(item)
        except Exception as error:
            # The contact must close whatever became of the item; what is on disk is found at the next start.
            log.exception("statement.not_finished", contact=self._contact)
            lost = StatementLost(
                contact=self._contact, recording=item, what=what, reason=type(error).__name__
            )
            self._tell(lost)
            return
        kept = StatementKept(
            contact=self._contact,
            recording=item,
            what=what,
            duration_s=round(entry.duration_s, 3),
            state=entry.state.value,
        )
        self._tell(kept)
        self._services.transcribing.transcribe(self._contact, item)
