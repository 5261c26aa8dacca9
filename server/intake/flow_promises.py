"""What flows ask about calls back, answered for one contact."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

import structlog

from acd.agent_state import AcdError
from acd.events import CallFirst
from contacts.facts.queue import QueueJoined
from contacts.ids import ContactId, QueueId
from ivr_flows.engine.inputs import RequestOutcome
from ivr_flows.engine.requests import CallbackCheck, CallbackRequest, CallbackWanted
from server.intake.customer import CallbackWish, PromisedPlaces
from server.outside.asking import DONE, REFUSED, OutsideAnswer

log = structlog.get_logger(__name__)


class FlowPromises:
    """`waited_s` is how long the customer has waited in that queue already: the place has that age."""

    def __init__(self, contact: ContactId, places: PromisedPlaces) -> None:
        self._contact = contact
        self._places = places

    def answer(self, wanted: CallbackRequest, waited_s: float) -> OutsideAnswer:
        try:
            match wanted:
                case CallbackCheck(typed, queue, times):
                    return self._checked(typed, QueueId(queue), times)
                case CallbackWanted():
                    self._places.promise(self._wish(wanted, waited_s))
                    return DONE
                case _:
                    assert_never(wanted)
        except AcdError as error:
            log.info("callback.refused", contact=self._contact, reason=type(error).__name__)
            return REFUSED

    def _checked(self, typed: str, queue: QueueId, times: int) -> OutsideAnswer:
        number = self._places.number(typed)
        found = self._places.slots(typed, queue, times) if times else ()
        told = tuple((f"time{n}", at.isoformat()) for n, at in enumerate(found, 1))
        return OutsideAnswer(RequestOutcome.DONE, (("number", number), *told))

    def _wish(self, wanted: CallbackWanted, waited_s: float) -> CallbackWish:
        place = QueueJoined(
            contact=self._contact,
            queue=QueueId(wanted.queue),
            skills=dict(wanted.skills),
            priority=wanted.priority,
            callback=True,
            age_s=round(waited_s, 3),
        )
        first = CallFirst(wanted.first) if wanted.first else None
        at = datetime.fromisoformat(wanted.at) if wanted.at else None
        return CallbackWish(wanted.number, place, first, at)
