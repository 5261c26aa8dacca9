"""What the two sides of a call have agreed about its sound, and what is on offer (core over offer/answer)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from telephony.sdp.description import Direction, SdpError, SessionDescription
from telephony.sdp.offer_answer import (
    Answer,
    LocalMedia,
    NegotiatedMedia,
    NotAcceptable,
    accept_answer,
    answer_offer,
    make_offer,
)
from telephony.sdp.protection import AgreedKeys, Protection, SrtpUse
from telephony.sdp.sdes import CryptoKey

_UNREADABLE = NotAcceptable(399, "session description cannot be read", status=400)


@dataclass(slots=True)
class MediaAgreement:
    """One stream of sound. `direction` is what we want it to be: less than both ways while we hold.

    `redraw` gives the keys that take the place of ours when the peer changes its own.
    """

    local: LocalMedia
    redraw: Callable[[], tuple[CryptoKey, ...]] = tuple
    direction: Direction = Direction.SENDRECV
    negotiated: NegotiatedMedia | None = None
    # Never printed: there are keys in them.
    _sent: SessionDescription | None = field(default=None, repr=False)
    _offered: SessionDescription | None = field(default=None, repr=False)
    _last_keys: AgreedKeys | None = None

    def offer(self, direction: Direction) -> bytes:
        """Our offer; nothing changes until it is answered."""
        self._offered = make_offer(self._offering(), direction=direction, previous=self._sent)
        return self._offered.to_bytes()

    def respond(self, body: bytes) -> bytes | NotAcceptable:
        """What goes back to an INVITE with that body: the answer to its offer, or to none our own offer."""
        if not body:
            return self.offer(self.direction)
        offer = _read(body)
        if isinstance(offer, NotAcceptable):
            return offer
        answer = self._answer(offer)
        if isinstance(answer, NotAcceptable):
            return answer
        self._sent = answer.description
        self._agree(answer.media)
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
        self._agree(negotiated)
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

    def _agree(self, negotiated: NegotiatedMedia) -> None:
        self.negotiated = negotiated
        self._last_keys = negotiated.srtp or self._last_keys

    def _offering(self) -> LocalMedia:
        """A stream that is encrypted stays so, in the suite and with the key that it has."""
        agreed = None if self.negotiated is None else self.negotiated.srtp
        if agreed is None:
            return self.local
        return replace(self.local, protection=Protection(SrtpUse.REQUIRE, (agreed.ours,)))

    def _answer(self, offer: SessionDescription) -> Answer | NotAcceptable:
        answer = answer_offer(offer, self.local, direction=self.direction, previous=self._sent)
        if not isinstance(answer, Answer) or not self._changes_keys(answer.media.srtp):
            return answer
        # Other keys begin with counters at zero: ours would seal two packets alike (RFC 3711 section 9.1).
        protection = replace(self.local.protection, keys=self.redraw())
        self.local = replace(self.local, protection=protection)
        return answer_offer(offer, self.local, direction=self.direction, previous=self._sent)

    def _changes_keys(self, agreed: AgreedKeys | None) -> bool:
        before = self._last_keys
        if agreed is None or before is None:
            return False
        return (agreed.theirs.suite, agreed.theirs.key) != (before.theirs.suite, before.theirs.key)


def _read(body: bytes) -> SessionDescription | NotAcceptable:
    try:
        return SessionDescription.parse(body)
    except SdpError:
        return _UNREADABLE
