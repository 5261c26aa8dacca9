"""SRTP and SRTCP in the tick (RFC 3711): packets are sealed and opened in place by libsrtp.

A leg has contexts to send and to receive with, or none. What is not authentic or came before is counted and
goes no further: it is not heard, answered, or taken for the party's address.
"""

from typing import Final

import numpy as np

from media.compiled import stage
from media.pointers import call

REFUSED: Final = -1
_OK: Final = 0
_REPLAYED: Final = 9
_REPLAYED_LONG_AGO: Final = 10
_LAST_32: Final = 0xFFFF_FFFF


@stage
def open_packet(hub: np.void, leg: np.void, function: int, size: int) -> int:
    """Of what is in `packet`; its size without the tag, or REFUSED."""
    hub["length"][0] = size
    status = call(function, leg["srtp_in"], hub["packet_at"], hub["length_at"], 0)
    if status == _OK:
        return int(hub["length"][0] & _LAST_32)
    if status in (_REPLAYED, _REPLAYED_LONG_AGO):
        leg["replayed"] += 1
    else:
        leg["unauthentic"] += 1
    return REFUSED


@stage
def seal_packet(hub: np.void, leg: np.void, function: int, size: int) -> int:
    """Of what is in `outgoing`; its size with the tag, or REFUSED."""
    hub["length"][0] = size
    status = call(function, leg["srtp_out"], hub["outgoing_at"], hub["length_at"], 0)
    return int(hub["length"][0] & _LAST_32) if status == _OK else REFUSED
