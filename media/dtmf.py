"""RFC 4733 telephone-events: keys the peer presses and keys we send."""

from typing import Final

import numpy as np

from media.compiled import stage
from media.layout import DIGITS, FRAME, Octets
from media.octets import get16, get32, put16, signed32, wide

KEYS: Final = "0123456789*#ABCD"
NO_DIGIT: Final = -1
PAYLOAD: Final = 4

_LAST_KEY: Final = len(KEYS) - 1
_LONGEST: Final = 0xFFFF
_STALE: Final = 24_000
_PACKETS: Final = 5
_ENDS: Final = 3
_STEPS: Final = _PACKETS + _ENDS - 1
_PAUSE_FRAMES: Final = 4
_VOLUME: Final = 10
_END: Final = 0x80


@stage
def receive(leg: np.void, packet: Octets, start: int) -> int:
    """The key, once per press and at the first packet of it that arrives, else NO_DIGIT.

    A press is told by its source and timestamp alone: neither the marker nor the start nor the end is needed.
    A timestamp some seconds back is no late packet but a sender that began anew.
    One longer than 65535 samples goes on under a new timestamp that continues the full duration of the old.
    """
    event = wide(packet[start])
    ended = wide(packet[start + 1]) >> 7
    duration = get16(packet, start + 2)
    timestamp = get32(packet, 4)
    ssrc = get32(packet, 8)
    if event > _LAST_KEY:
        return NO_DIGIT
    if leg["digit_seen"] and ssrc == leg["digit_ssrc"]:
        ahead = signed32(timestamp - leg["digit_ts"])
        if -_STALE < ahead < 0:
            return NO_DIGIT
        if ahead == 0:
            leg["digit_duration"] = max(leg["digit_duration"], duration)
            leg["digit_ended"] |= ended
            return NO_DIGIT
    goes_on = continues(leg, event, timestamp)
    leg["digit_seen"] = 1
    leg["digit_ssrc"] = ssrc
    leg["digit_ts"] = timestamp
    leg["digit_event"] = event
    leg["digit_duration"] = duration
    leg["digit_ended"] = ended
    return NO_DIGIT if goes_on else event


@stage
def continues(leg: np.void, event: int, timestamp: int) -> bool:
    """RFC 4733 2.5.1.3: a new segment of a press that filled the duration field."""
    if not leg["digit_seen"] or leg["digit_ended"] or event != leg["digit_event"]:
        return False
    return leg["digit_duration"] == _LONGEST and signed32(timestamp - leg["digit_ts"]) == _LONGEST


@stage
def queue(leg: np.void, event: int) -> bool:
    """False if the leg's queue is full: the digit is dropped."""
    if leg["send_count"] >= DIGITS:
        return False
    leg["digits"][(leg["send_head"] + leg["send_count"]) % DIGITS] = np.uint8(event)
    leg["send_count"] += 1
    return True


@stage
def due(leg: np.void, timestamp: int) -> bool:
    """Whether this frame belongs to an event instead of audio; starts the next one, keeps pauses between."""
    if leg["send_step"] > 0:
        return True
    if leg["send_pause"] > 0:
        leg["send_pause"] -= 1
        return False
    if leg["send_count"] == 0:
        return False
    leg["send_event"] = wide(leg["digits"][leg["send_head"]])
    leg["send_head"] = (leg["send_head"] + 1) % DIGITS
    leg["send_count"] -= 1
    leg["send_step"] = _STEPS
    leg["send_ts"] = timestamp
    return True


@stage
def write_event(leg: np.void, packet: Octets, at: int) -> bool:
    """One packet of the event being sent; True for the first, which carries the marker."""
    sent = _STEPS - leg["send_step"]
    last = sent >= _PACKETS - 1
    packet[at] = np.uint8(leg["send_event"])
    packet[at + 1] = np.uint8((_END if last else 0) | _VOLUME)
    put16(packet, at + 2, min(sent + 1, _PACKETS) * FRAME)
    leg["send_step"] -= 1
    if leg["send_step"] == 0:
        leg["send_pause"] = _PAUSE_FRAMES
    return bool(sent == 0)
