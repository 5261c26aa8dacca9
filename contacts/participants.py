"""Who takes part in a contact, and through which leg at the moment."""

from __future__ import annotations

from dataclasses import dataclass, replace

from contacts.facts.contact import ParticipantRole
from contacts.ids import LegId, ParticipantId

CUSTOMER = ParticipantId("customer")


@dataclass(frozen=True, slots=True)
class Participant:
    """One party. `leg` is None while they have no call; they keep their part without one."""

    id: ParticipantId
    role: ParticipantRole
    name: str
    leg: LegId | None = None
    answered: bool = False


class Participants:
    """Everybody who has or had a part, by id; at most one leg each."""

    def __init__(self) -> None:
        self._all: dict[ParticipantId, Participant] = {}

    def join(self, participant: ParticipantId, role: ParticipantRole, name: str) -> None:
        """Who comes back keeps their leg, if they have one."""
        self._all.setdefault(participant, Participant(participant, role, name))

    def get(self, participant: ParticipantId) -> Participant | None:
        return self._all.get(participant)

    def start_leg(self, participant: ParticipantId, leg: LegId) -> None:
        self._change(participant, leg=leg, answered=False)

    def answer_leg(self, participant: ParticipantId, leg: LegId) -> bool:
        """False when that leg is not theirs any more."""
        if not self.holds(participant, leg):
            return False
        self._change(participant, leg=leg, answered=True)
        return True

    def end_leg(self, participant: ParticipantId, leg: LegId) -> bool:
        """False when that leg is not theirs any more."""
        if not self.holds(participant, leg):
            return False
        self._change(participant, leg=None, answered=False)
        return True

    def holds(self, participant: ParticipantId, leg: LegId) -> bool:
        known = self._all.get(participant)
        return known is not None and known.leg == leg

    def on_line(self) -> tuple[Participant, ...]:
        """Those with a leg, answered or not."""
        return tuple(each for each in self._all.values() if each.leg is not None)

    def with_role(self, role: ParticipantRole) -> tuple[Participant, ...]:
        return tuple(each for each in self._all.values() if each.role is role)

    def _change(self, participant: ParticipantId, leg: LegId | None, answered: bool) -> None:
        known = self._all.get(participant)
        if known is not None:
            self._all[participant] = replace(known, leg=leg, answered=answered)
