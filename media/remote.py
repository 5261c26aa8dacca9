"""The far end of a leg as negotiated in SDP."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RemoteMedia:
    """`send` and `receive` are ours: False for the directions a hold has closed.

    `signalled_from` is the IPv4 address that the party's signalling comes from, when known: sound may come
    from there too, whatever SDP says.
    """

    address: str
    port: int
    payload_type: int
    dtmf_payload_type: int | None
    send: bool = True
    receive: bool = True
    ptime_ms: int = 20
    signalled_from: str | None = None
