"""What a customer hears when the flow has not got them: music, announcements, ringing, the other party."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import structlog

from contacts.contact import CUSTOMER
from contacts.facts.contact import ContactFact, HoldEnded, HoldStarted, PromptFailed
from contacts.ids import ContactId, ParticipantId
from media.errors import MediaError
from media.events import PlaybackFinished, PlaybackId
from media.sound import Sound
from media.speech.errors import SpeechError
from server.intake.prompts import Prompts
from server.intake.queue_sound import QueueSound, ringback, waiting_sound
from server.intake.talk import Side, Talk
from telephony.call import Call
from telephony.call_events import CallEvent, Held, Resumed

log = structlog.get_logger(__name__)


class CustomerSound:
    """Either waiting, or talking, or neither; which of them is the contact core's decision."""

    def __init__(self, contact: ContactId, prompts: Prompts, tell: Callable[[ContactFact], None]) -> None:
        self._contact = contact
        self._prompts = prompts
        self._tell = tell
        self._waiting: QueueSound | None = None
        self._talk: Talk | None = None
        self._early: Call | None = None
        """Whoever is being called for the customer, and is heard already."""
        self._telling: tuple[PlaybackId, Callable[[], None]] | None = None
        """What the agent is being told before the talk, and what follows it."""

    @property
    def talking(self) -> bool:
        return self._talk is not None

    def start_waiting(self, customer: Call, music: Sound | None) -> None:
        """With the music of the queue, or ours where none was chosen."""
        self._waiting = waiting_sound(customer, music or self._prompts.hold_music())

    def start_ringing(self, customer: Call) -> None:
        """Somebody is being called for them."""
        self._waiting = waiting_sound(customer, ringback())

    def hear_early(self, customer: Call, other: Call) -> None:
        """What the called side lets hear before it answers takes the place of our ringing."""
        if self._waiting is None or self._early is not None or self._talk is not None:
            return
        self._waiting.end()
        self._early = other
        if customer.hangup is None and other.hangup is None:
            with suppress(MediaError):
                customer.leg.bridge(other.leg)

    def stop_waiting(self) -> None:
        """Who waited is joined, or has left: an agent who is still being told something joins nobody then."""
        self._telling = None
        early, self._early = self._early, None
        if early is not None and early.hangup is None:
            early.leg.unbridge()
        if self._waiting is not None:
            self._waiting.end()
            self._waiting = None

    async def announce(self, position: int, voice: str | None) -> None:
        """A position that cannot be said is not said: the caller goes on waiting."""
        waiting = self._waiting
        if waiting is None:
            return
        try:
            waiting.announce(await self._prompts.position(position, voice))
        except (MediaError, SpeechError, OSError) as error:
            log.warning("queue.position_not_said", contact=self._contact, reason=type(error).__name__)
            self._tell(PromptFailed(contact=self._contact, reason=type(error).__name__))

    def tell_agent(self, agent: Call, sounds: tuple[Sound, ...], then: Callable[[], None]) -> bool:
        """Says whether the agent hears something first; `then` is called when they have, if they stay."""
        if not sounds or agent.hangup is not None:
            return False
        try:
            self._telling = agent.leg.play(sounds), then
        except MediaError as error:
            log.warning("agent.not_told", contact=self._contact, reason=type(error).__name__)
            return False
        return True

    def connect(self, customer: Call, other: Call, participant: ParticipantId) -> None:
        """Raises MediaError."""
        music = self._prompts.hold_music()
        self._talk = Talk(customer, other, music, lambda side, on: self._held(side, on, participant))
        self._talk.begin()

    def hold(self, on: bool) -> bool:
        """As if the other party's phone had done it; False outside of talks."""
        if self._talk is None:
            return False
        self._talk.on_event(Side.OTHER, Held() if on else Resumed())
        return True

    def disconnect(self) -> None:
        if self._talk is not None:
            self._talk.end()
            self._talk = None

    def on_other(self, call: Call, event: CallEvent) -> None:
        """What somebody else's call told: the one they talk with, or one that is not needed at the moment."""
        if self._talk is not None and self._talk.side_of(call) is not None:
            self._talk.on_event(Side.OTHER, event)
        else:
            self._told(event)

    def on_customer(self, event: CallEvent) -> bool:
        """Says whether the event was for here, and not for the flow."""
        if self._talk is not None:
            self._talk.on_event(Side.CUSTOMER, event)
            return True
        if self._waiting is not None and isinstance(event, PlaybackFinished):
            self._waiting.playback_finished(event.playback)
            return True
        return False

    def _told(self, event: CallEvent) -> None:
        if self._telling is None or not isinstance(event, PlaybackFinished):
            return
        playback, then = self._telling
        if event.playback == playback:
            self._telling = None
            then()

    def _held(self, side: Side, on: bool, other: ParticipantId) -> None:
        by = other if side is Side.OTHER else CUSTOMER
        kind = HoldStarted if on else HoldEnded
        self._tell(kind(contact=self._contact, participant=by))
