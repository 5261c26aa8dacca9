"""What the two sides of a call have agreed about its sound, and what is on offer (core over offer/answer)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from telephony.sdp.description import Direction, SdpError, SessionDescription
from telephony.sdp.offer_answer import (
    LocalMedia,
    NegotiatedMedia,
    NotAcceptable,
    accept_answer,
    answer_offer,
    make_offer,
)

_UNREADABLE = NotAcceptable(399, "session description cannot be read", status=400)


@dataclass(slots=True)
class MediaAgreement:
    """One stream of sound. `direction` is what we want it to be: less than both ways while we hold."""

    local: LocalMedia
    direction: Direction = Direction.SENDRECV
    negotiated: NegotiatedMedia | None = None
    _sent: SessionDescription | None = None
    _offered: SessionDescription | None = None

    def offer(self, direction: Direction) -> bytes:
        """Our offer; nothing changes until it is answered."""
        self._offered = make_offer(self.local, direction=direction, previous=self._sent)
        return self._offered.to_bytes()

    def respond(self, body: bytes) -> bytes | NotAcceptable:
        """What goes back to an INVITE with that body: the answer to its offer, or to none our own offer."""
        if not body:
            return self.offer(self.direction)
        offer = _read(body)
        if isinstance(offer, NotAcceptable):
            return offer
        answer = answer_offer(offer, self.local, direction=self.direction, previous=self._sent)
        if isinstance(answer, NotAcceptable):
            return answer
        self._sent = answer.description
        self.negotiated = answer.media
        return answer.description.to_bytes()

    def accept(self, body: bytes) -> NotAcceptable | None:
        """The peer's answer to our offer; with a refusal everything stays as it was."""
        offered = self._offered
        if offered is None:
            return None
        answer = _read(body)
        if isinstance(answer, NotAcceptable):
            return answer
        negotiated = accept_answer(offered, answer)
        if isinstance(negotiated, NotAcceptable):
            return negotiated
        self._sent, self._offered = offered, None
        self.negotiated = negotiated
        return None

    def preview(self, body: bytes) -> NegotiatedMedia | None:
        """What an answer in a provisional response says; the final one may say something else."""
        answer = _read(body)
        if self._offered is None or isinstance(answer, NotAcceptable):
            return None
        negotiated = accept_answer(self._offered, answer)
        return None if isinstance(negotiated, NotAcceptable) else replace(negotiated, held_by_peer=False)

    def withdraw(self) -> None:
        """The peer refused our offer."""
        self._offered = None


def _read(body: bytes) -> SessionDescription | NotAcceptable:
    try:
        return SessionDescription.parse(body)
    except SdpError:
        return _UNREADABLE
