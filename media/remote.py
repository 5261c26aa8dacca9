"""The far end of a leg as negotiated in SDP."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RemoteMedia:
    """`send` and `receive` are ours: False for the directions a hold has closed."""

    address: str
    port: int
    payload_type: int
    dtmf_payload_type: int | None
    send: bool = True
    receive: bool = True
    ptime_ms: int = 20
