"""Offer and answer for one stream of telephone audio (RFC 3264), with telephone-event (RFC 4733).

Offers may hold any number of streams: the first audio stream that fits is taken, the others are refused with
port 0. A description once sent is passed back as `previous`, so that the session keeps its identity, its
streams their places and its payload type numbers their meaning.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import cast

from telephony.sdp.description import (
    Attributes,
    Connection,
    Direction,
    Lines,
    MediaDescription,
    Origin,
    SessionDescription,
)
from telephony.sdp.peer_audio import (
    CLOCK_RATE,
    DEFAULT_PTIME_MS,
    EVENT,
    G711,
    PROTOCOL,
    Codec,
    NotAcceptable,
    PeerAudio,
    event_type,
    read_peer_audio,
)
from telephony.sdp.protection import (
    SECURE_PROTOCOL,
    AgreedKeys,
    Protection,
    SrtpUse,
    keys_answered,
    keys_to_answer,
)
from telephony.sdp.sdes import CryptoKey

__all__ = [
    "Answer",
    "Codec",
    "LocalMedia",
    "MediaProfile",
    "NegotiatedMedia",
    "NotAcceptable",
    "accept_answer",
    "answer_offer",
    "make_offer",
]

_EVENTS = "0-16"
_OTHER_VERSION = NotAcceptable(301, "other IP version than ours")
_UNBOUNDED: Lines = (("t", "0 0"),)


@dataclass(frozen=True, slots=True)
class MediaProfile:
    """How sound may travel to and from a trunk or a phone; codecs best first."""

    srtp: SrtpUse = SrtpUse.NEVER
    codecs: tuple[Codec, ...] = G711


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """Our end of the stream: where we receive, and what, best first."""

    address: str
    port: int
    session_id: int
    codecs: tuple[Codec, ...] = G711
    dtmf_payload_type: int = 101
    ptime_ms: int = DEFAULT_PTIME_MS
    protection: Protection = field(default_factory=Protection)


@dataclass(frozen=True, slots=True)
class NegotiatedMedia:
    """What was agreed, from our side: where and what to send, which way it flows.

    `dtmf_payload_type` is the number to send events with, `dtmf_receive_payload_type` the one they come with;
    the two sides may differ. `held_by_peer`: the peer flows less than we offered, whichever way it said so.
    Without `srtp` it flows in clear.
    """

    address: str
    port: int
    codec: Codec
    dtmf_payload_type: int | None
    dtmf_receive_payload_type: int | None
    ptime_ms: int
    send: bool
    receive: bool
    held_by_peer: bool
    srtp: AgreedKeys | None = None

    @property
    def payload_type(self) -> int:
        return self.codec.value


@dataclass(frozen=True, slots=True)
class Answer:
    """The description to send back, and what it means."""

    description: SessionDescription
    media: NegotiatedMedia


def make_offer(
    local: LocalMedia,
    *,
    direction: Direction = Direction.SENDRECV,
    previous: SessionDescription | None = None,
) -> SessionDescription:
    """A first offer, or with `previous` (what we sent last, offer or answer) a new one in that session."""
    dtmf = _our_dtmf(local, previous)
    audio = _audio(local, local.codecs, dtmf, direction, keys=local.protection.offered)
    if previous is None:
        return _description(local, (audio,), None, _UNBOUNDED)
    index = _live_audio(previous)
    media = tuple(
        audio if place == index else replace(section, port=0, attributes=(), others=(), connection=None)
        for place, section in enumerate(previous.media)
    )
    return _description(local, media if index is not None else (*media, audio), previous, _timing(previous))


def answer_offer(
    offer: SessionDescription,
    local: LocalMedia,
    *,
    direction: Direction = Direction.SENDRECV,
    previous: SessionDescription | None = None,
) -> Answer | NotAcceptable:
    """Answers with one codec, the first of the offer's that we speak, so that it cannot change in mid-call.

    `direction` is what we would like; the answer is never wider than the offer.
    """
    refusal = NotAcceptable(304, "no audio stream offered")
    for index, section in _audio_streams(offer, local):
        stream = _offered(offer, section, local)
        keys = keys_to_answer(section, local.protection)
        if isinstance(stream, NotAcceptable) or isinstance(keys, NotAcceptable):
            refusal = keys if isinstance(keys, NotAcceptable) else cast("NotAcceptable", stream)
            continue
        wanted = Direction.of(
            sends=direction.sends and stream.direction.receives,
            receives=direction.receives and stream.direction.sends,
        )
        ours = () if keys is None else (keys.ours,)
        audio = _audio(local, (stream.codec,), stream.dtmf, wanted, stream.ptime_ms, keys=ours)
        description = _description(local, _answered(offer, index, audio), previous, _timing(offer))
        agreed = _negotiated(stream, stream.dtmf, wanted, expected=Direction.SENDRECV)
        return Answer(description, replace(agreed, srtp=keys))
    return refusal


def _audio_streams(offer: SessionDescription, local: LocalMedia) -> list[tuple[int, MediaDescription]]:
    """In the order of the offer, but encrypted ones first where they are preferred."""
    streams = [(at, each) for at, each in enumerate(offer.media) if each.kind == "audio" and each.port]
    if local.protection.use is SrtpUse.PREFER:
        streams.sort(key=lambda stream: stream[1].protocol.upper() != SECURE_PROTOCOL)
    return streams


def _offered(
    offer: SessionDescription, section: MediaDescription, local: LocalMedia
) -> PeerAudio | NotAcceptable:
    stream = read_peer_audio(offer, section, local.codecs, None)
    if isinstance(stream, PeerAudio) and not _reachable(stream, local.address):
        return _OTHER_VERSION
    return stream


def accept_answer(offer: SessionDescription, answer: SessionDescription) -> NegotiatedMedia | NotAcceptable:
    """What the peer made of our offer."""
    index = _live_audio(offer)
    if index is None or index >= len(answer.media):
        return NotAcceptable(304, "answer without our audio stream")
    ours, section = offer.media[index], answer.media[index]
    if section.kind != "audio" or section.port == 0:
        return NotAcceptable(304, "audio stream refused")
    offered = tuple(codec for codec in Codec if str(codec.value) in ours.formats)
    our_dtmf = event_type(ours)
    keys = keys_answered(ours, section)
    if isinstance(keys, NotAcceptable):
        return keys
    stream = read_peer_audio(answer, section, offered, our_dtmf)
    if isinstance(stream, NotAcceptable):
        return stream
    if not _reachable(stream, offer.origin.address):
        return _OTHER_VERSION
    direction = offer.direction_of(ours)
    return replace(_negotiated(stream, our_dtmf, direction, expected=direction.reversed), srtp=keys)


def _reachable(stream: PeerAudio, from_address: str) -> bool:
    """Whether sound can go there from that address of ours; a name is looked up in our family."""
    return stream.ip_version is None or stream.ip_version == (6 if ":" in from_address else 4)


def _answered(offer: SessionDescription, index: int, audio: MediaDescription) -> tuple[MediaDescription, ...]:
    if len(offer.media) == 1:
        return (audio,)
    return tuple(
        audio if place == index else MediaDescription(section.kind, 0, section.protocol, section.formats)
        for place, section in enumerate(offer.media)
    )


def _timing(description: SessionDescription) -> Lines:
    # Section 6: the t= line of an answer equals that of the offer.
    return tuple([line for line in description.others if line[0] == "t"]) or _UNBOUNDED


def _negotiated(
    stream: PeerAudio, receive_dtmf: int | None, direction: Direction, *, expected: Direction
) -> NegotiatedMedia:
    theirs = stream.direction
    return NegotiatedMedia(
        address=stream.address,
        port=stream.port,
        codec=stream.codec,
        dtmf_payload_type=stream.dtmf,
        dtmf_receive_payload_type=receive_dtmf if stream.dtmf is not None else None,
        ptime_ms=stream.ptime_ms,
        send=direction.sends and theirs.receives,
        receive=direction.receives and theirs.sends,
        held_by_peer=(expected.sends and not theirs.sends) or (expected.receives and not theirs.receives),
    )


def _live_audio(description: SessionDescription) -> int | None:
    return next(
        (index for index, media in enumerate(description.media) if media.kind == "audio" and media.port), None
    )


def _our_dtmf(local: LocalMedia, previous: SessionDescription | None) -> int:
    # Section 8.3.2: a number keeps its meaning for the whole session.
    index = None if previous is None else _live_audio(previous)
    if previous is None or index is None:
        return local.dtmf_payload_type
    used = event_type(previous.media[index])
    return local.dtmf_payload_type if used is None else used


def _audio(
    local: LocalMedia,
    codecs: tuple[Codec, ...],
    dtmf: int | None,
    direction: Direction,
    ptime_ms: int | None = None,
    *,
    keys: tuple[CryptoKey, ...] = (),
) -> MediaDescription:
    formats, attributes = _said_of(codecs, dtmf, direction, ptime_ms or local.ptime_ms)
    if not keys:
        return MediaDescription("audio", local.port, PROTOCOL, formats, attributes=attributes)
    # Never into the cache of what is said: a key is of one call.
    attributes += tuple([("crypto", str(key)) for key in keys])
    return MediaDescription("audio", local.port, SECURE_PROTOCOL, formats, attributes=attributes)


@lru_cache(maxsize=256)
def _said_of(
    codecs: tuple[Codec, ...], dtmf: int | None, direction: Direction, ptime_ms: int
) -> tuple[tuple[str, ...], Attributes]:
    """The formats of a stream and its attributes: the same for nearly every call of a peer."""
    attributes: list[tuple[str, str | None]] = [
        ("rtpmap", f"{codec.value} {codec.name}/{CLOCK_RATE}") for codec in codecs
    ]
    formats = [str(codec.value) for codec in codecs]
    if dtmf is not None:
        formats.append(str(dtmf))
        attributes += [("rtpmap", f"{dtmf} {EVENT}/{CLOCK_RATE}"), ("fmtp", f"{dtmf} {_EVENTS}")]
    attributes += [("ptime", str(ptime_ms)), (direction.value, None)]
    return tuple(formats), tuple(attributes)


def _description(
    local: LocalMedia,
    media: tuple[MediaDescription, ...],
    previous: SessionDescription | None,
    timing: Lines,
) -> SessionDescription:
    family = "IP6" if ":" in local.address else "IP4"
    origin = Origin("-", local.session_id, local.session_id, family, local.address)
    if previous is not None:
        origin = previous.origin
    fresh = SessionDescription(origin, media, Connection(family, local.address), others=timing)
    if previous is None or fresh == previous:
        return fresh
    # Section 8: every change raises the version by one, and only a change does.
    return replace(fresh, origin=replace(origin, version=origin.version + 1))
