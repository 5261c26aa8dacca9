"""What of a contact's past decides its outcome."""

from __future__ import annotations

from dataclasses import dataclass, field

from contacts.facts.contact import ParticipantRole
from contacts.outcomes import ContactOutcome, QueueExit, TransferResult

_OF_EXIT = {
    QueueExit.ABANDONED: ContactOutcome.ABANDONED,
    QueueExit.SHORT_ABANDONED: ContactOutcome.SHORT_ABANDONED,
    QueueExit.OVERFLOWED: ContactOutcome.OVERFLOWED,
    QueueExit.NOBODY: ContactOutcome.NOT_SERVED,
    QueueExit.FAILED: ContactOutcome.FAILED,
}


@dataclass(slots=True)
class History:
    """Filled while the contact lives, read once at its end."""

    answered: bool = False
    served_by: list[str] = field(default_factory=list)
    """The agents whom the customer talked with, in order, each once."""
    talked_with: ParticipantRole | None = None
    """The last whom the customer talked with to the end; a lost agent does not count."""
    last_exit: QueueExit | None = None
    last_transfer: TransferResult | None = None
    flow_ended: bool = False
    not_reached: bool = False
    """A callback was given up."""
    failure: str = ""
    _began: float | None = None
    _now: float = 0.0
    _left: float | None = None

    def passed(self, now: float) -> None:
        """The time of the fact that is handled next."""
        self._began = now if self._began is None else self._began
        self._now = now

    def lasted_s(self) -> float:
        """From the first fact to the customer's last hang-up, or to the newest fact if they never called."""
        until = self._now if self._left is None else self._left
        return 0.0 if self._began is None else until - self._began

    def left(self) -> None:
        """The customer is off the line, as of now."""
        self._left = self._now

    def lost_agent(self) -> None:
        self.talked_with = None

    def talks(self, role: ParticipantRole, name: str) -> None:
        self.talked_with = role
        if role is ParticipantRole.AGENT and name not in self.served_by:
            self.served_by.append(name)

    def outcome(self) -> ContactOutcome:
        """In the order of what matters to whoever reads reports: the customer's success before our faults."""
        if self.talked_with is ParticipantRole.AGENT:
            return ContactOutcome.SERVED
        if self.talked_with is not None:
            return ContactOutcome.TRANSFERRED
        if self.failure:
            return ContactOutcome.FAILED
        if self.not_reached:
            return ContactOutcome.NOT_ANSWERED
        if not self.answered:
            return ContactOutcome.COMPLETED if self.flow_ended else ContactOutcome.NOT_ANSWERED
        return self._without_talk()

    def _without_talk(self) -> ContactOutcome:
        if self.last_exit in _OF_EXIT:
            return _OF_EXIT[self.last_exit]
        if self.last_exit is QueueExit.ANSWERED:
            # Whoever answered was lost, and the customer did not wait for another.
            return ContactOutcome.ABANDONED
        if self.last_transfer is not None:
            return ContactOutcome.NOT_SERVED
        return ContactOutcome.COMPLETED if self.flow_ended else ContactOutcome.LEFT_IN_FLOW
