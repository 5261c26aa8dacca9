"""What agents say about themselves by dialling: a break, ready again, what the last contact was about."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from acd.agent_state import AcdError
from acd.events import AgentEvent, BreakEnded, BreakStarted, WrapUpDone
from acd.wrap_up import WrapUpCodeError
from config.calls import CallSettings
from contacts.ids import AgentId
from ivr_flows.segments import Text
from media.errors import MediaError
from media.events import PlaybackFinished
from media.speech.errors import SpeechError
from server.intake.services import Services
from telephony.call import Call
from telephony.call_events import CallEnded, CallEvent

log = structlog.get_logger(__name__)

ON_BREAK = "You take a break."
READY = "You take calls again."
CODE_TAKEN = "Thank you. You take calls again."
CODE_WANTED = "A code is required. Dial the wrap up code first."
CODE_UNKNOWN = "This code is not known in the queue of your last call."


class FeatureCodes:
    """The agent hears what came of it, and the call ends."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def take(self, call: Call, agent: AgentId) -> bool:
        """Says whether the dialled number is a code."""
        settings = self._services.exchange.plan.settings
        carry_out = self._meaning(call.facts.called or "", settings, agent)
        if carry_out is None:
            return False
        self._services.tasks.start(self._say(call, carry_out()))
        return True

    def _meaning(self, dialled: str, settings: CallSettings, agent: AgentId) -> Callable[[], str] | None:
        if dialled == settings.break_code:
            return lambda: self._tell(ON_BREAK, BreakStarted(agent))
        if dialled == settings.ready_code:
            return lambda: self._tell(READY, WrapUpDone(agent), BreakEnded(agent))
        code = settings.wrap_up_keys.get(dialled.removeprefix(settings.wrap_up_code))
        if dialled.startswith(settings.wrap_up_code) and code is not None:
            return lambda: self._tell(CODE_TAKEN, WrapUpDone(agent, code))
        return None

    def _tell(self, said: str, *events: AgentEvent) -> str:
        for event in events:
            try:
                self._services.post(event)
            except WrapUpCodeError:
                coded = isinstance(event, WrapUpDone) and event.code
                return CODE_UNKNOWN if coded else CODE_WANTED
            except AcdError as error:
                log.warning("feature_code.refused", agent=event.agent, reason=str(error))
                return "Nothing was changed."
        return said

    async def _say(self, call: Call, text: str) -> None:
        try:
            await call.answer()
            sounds = await self._services.prompts.sounds((Text(text),), None)
            call.on_event = lambda event: self._hang_up_after(call, event)
            call.leg.play(sounds)
        except CallEnded:
            return
        except (MediaError, SpeechError, OSError) as error:
            log.warning("feature_code.not_said", reason=type(error).__name__)
            await call.hang_up("nothing can be said")

    def _hang_up_after(self, call: Call, event: CallEvent) -> None:
        if isinstance(event, PlaybackFinished):
            self._services.tasks.start(call.hang_up("all is said"))
