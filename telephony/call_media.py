"""The sound of one call: its leg in the media engine, kept in step with what signalling agrees."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from media.call_sound import CallSound
from media.description import LegDescription, PayloadTypes, SoundCodec, SrtpKeys, SrtpSuite
from media.errors import MediaError
from media.events import MediaEvent
from media.srtp_sessions import srtp_available
from telephony.call_facts import Line
from telephony.sdp.description import Direction
from telephony.sdp.media_agreement import MediaAgreement
from telephony.sdp.offer_answer import LocalMedia, MediaProfile, NegotiatedMedia, NotAcceptable
from telephony.sdp.protection import AgreedKeys, Protection, SrtpUse, fresh_keys
from telephony.sdp.sdes import CryptoKey
from telephony.sip.hop import is_address


class CallMedia:
    """Opens the leg when it is made (raises MediaError) and connects it whenever an agreement changes.

    SRTP that is required and that nothing here can speak is such an error: never is it left out silently.
    """

    def __init__(
        self,
        line: Line,
        session_id: int,
        on_event: Callable[[MediaEvent], None],
        signalled_from: str | None,
        profile: MediaProfile,
    ) -> None:
        draw = partial(fresh_keys, line.random_bytes)
        protection = _protection(profile.srtp, draw)
        self._signalled_from = signalled_from
        self._lookup = line.lookup
        self._wanted: NegotiatedMedia | None = None
        self.leg: CallSound = line.media.open_leg(on_event)
        local = LocalMedia(
            self.leg.address, self.leg.rtp_port, session_id, codecs=profile.codecs, protection=protection
        )
        self._agreement = MediaAgreement(local, draw)

    @property
    def held_by_peer(self) -> bool:
        agreed = self._agreement.negotiated
        return agreed is not None and agreed.held_by_peer

    @property
    def held_by_us(self) -> bool:
        return self._agreement.direction is not Direction.SENDRECV

    def offer(self, direction: Direction = Direction.SENDRECV) -> bytes:
        return self._agreement.offer(direction)

    def respond(self, body: bytes) -> bytes | NotAcceptable:
        """What to answer an INVITE with; an offer of the peer is agreed to at once."""
        response = self._agreement.respond(body)
        if body and not isinstance(response, NotAcceptable):
            self._connect(self._agreement.negotiated)
        return response

    def accept(self, body: bytes, direction: Direction | None = None) -> NotAcceptable | None:
        """The peer's answer to our offer, which asked for that direction if for a new one."""
        refusal = self._agreement.accept(body)
        if refusal is None:
            self._agreement.direction = direction or self._agreement.direction
            self._connect(self._agreement.negotiated)
        return refusal

    def hear_early(self, body: bytes) -> None:
        """Sound before the answer: ringing tones and announcements of the called side."""
        self._connect(self._agreement.preview(body))

    def withdraw(self) -> None:
        """Our offer was refused."""
        self._agreement.withdraw()

    def close(self) -> None:
        self._wanted = None
        self.leg.close()

    def _connect(self, agreed: NegotiatedMedia | None) -> None:
        if agreed is None:
            return
        self._wanted = agreed
        if is_address(agreed.address):
            self._connect_to(agreed, agreed.address)
            return

        def found(address: str | None) -> None:
            # A name that nobody knows is most likely where the signalling comes from.
            if self._wanted is agreed and (where := address or self._signalled_from) is not None:
                self._connect_to(agreed, where)

        self._lookup(agreed.address, found)

    def _connect_to(self, agreed: NegotiatedMedia, address: str) -> None:
        number = agreed.codec.value
        self.leg.connect(
            LegDescription(
                address,
                agreed.port,
                SoundCodec[agreed.codec.name],
                sends=PayloadTypes(number, agreed.dtmf_payload_type),
                receives=PayloadTypes(number, agreed.dtmf_receive_payload_type),
                may_send=agreed.send,
                may_receive=agreed.receive,
                ptime_ms=agreed.ptime_ms,
                signalled_from=self._signalled_from,
                srtp=None if agreed.srtp is None else _engine_keys(agreed.srtp),
            )
        )


def _protection(use: SrtpUse, draw: Callable[[], tuple[CryptoKey, ...]]) -> Protection:
    if use is SrtpUse.NEVER:
        return Protection()
    if srtp_available():
        return Protection(use, draw())
    if use is SrtpUse.REQUIRE:
        raise MediaError("SRTP is required, and there is no library for it")
    return Protection(use)


def _engine_keys(agreed: AgreedKeys) -> SrtpKeys:
    return SrtpKeys(SrtpSuite[agreed.ours.suite.name], agreed.ours.key, agreed.theirs.key)
