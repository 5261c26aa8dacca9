"""Speech as an input: a caller's utterances, each understood as one of the phrases a flow expects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from ivr_flows.engine.inputs import ListenId, SpeechHeard
from ivr_flows.engine.instructions import Listen
from media.errors import MediaError
from media.events import TalkEnded
from media.sound import SAMPLES_PER_SECOND
from media.speech.errors import SpeechError
from server.intake.ports import Recognition
from telephony.call import Call

log = structlog.get_logger(__name__)


class Listening:
    """From `begin` to `end`; one utterance is decoded at a time, one that comes meanwhile replaces none."""

    def __init__(
        self,
        call: Call,
        recognition: Recognition,
        tasks: asyncio.TaskGroup,
        heard: Callable[[SpeechHeard], None],
    ) -> None:
        self._call = call
        self._recognition = recognition
        self._tasks = tasks
        self._heard = heard
        self._phrases: tuple[str, ...] = ()
        self._anything = False
        self.listen = ListenId(0)
        self._decoding: asyncio.Task[None] | None = None

    @property
    def active(self) -> bool:
        return bool(self._phrases) or self._anything

    def begin(self, order: Listen) -> None:
        """A caller who cannot be listened to, because too many are, still has the keypad."""
        self.end()
        try:
            self._call.leg.listen(True)
        except MediaError as error:
            log.warning("speech.not_listening", reason=type(error).__name__)
            return
        self._phrases, self._anything, self.listen = order.phrases, order.anything, order.listen

    def end(self) -> None:
        """What is still being decoded is of no interest any more."""
        if self._decoding is not None:
            self._decoding.cancel()
            self._decoding = None
        if self.active:
            self._phrases, self._anything = (), False
            if self._call.hangup is None:
                self._call.leg.listen(False)

    def talk_ended(self, talk: TalkEnded) -> None:
        """An utterance is complete: endpoint first, decode whole. What goes on and on is no answer."""
        if talk.cut:
            return
        if not self.active or (self._decoding is not None and not self._decoding.done()):
            return
        began_at = talk.at_s - (talk.end - talk.start) / SAMPLES_PER_SECOND
        self._decoding = self._tasks.create_task(self._understand(talk, self._phrases, self.listen, began_at))

    async def _understand(
        self, talk: TalkEnded, phrases: tuple[str, ...], listen: ListenId, began_at: float
    ) -> None:
        try:
            pcm = self._call.leg.heard(talk.start, talk.end)
            speech = await self._recognition.understand(pcm, phrases)
        except (SpeechError, MediaError) as error:
            # The caller still has the keypad; the flow's own no-input prompt says so.
            log.warning("speech.not_understood", reason=type(error).__name__)
            return
        self._heard(SpeechHeard(speech.text, listen, began_at, speech.confidence))
