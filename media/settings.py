"""Settings of the media engine."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

_RENAMED: Final = {
    "arena_mb": "prompt_memory_mb",
    "listen_rows": "max_listeners",
    "recording_rows": "max_recordings",
}


class MediaSettings(BaseModel):
    """Sizes are allocated as address space at start; memory is used only for rows that ever were busy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = Field(
        default="127.0.0.1",
        description="IPv4 address, or name of one, that RTP sockets bind to and SDP offers.",
    )
    advertised_address: str | None = Field(
        default=None,
        description="Address that SDP offers instead, for a server behind NAT or bound to 0.0.0.0.",
    )
    ipv6_address: str | None = Field(
        default=None,
        description="IPv6 address that the audio engine binds as well; calls do not offer it yet.",
    )
    port_range: tuple[int, int] | None = Field(
        default=None,
        description="First and last UDP port for RTP and RTCP; null lets the operating system choose.",
    )
    max_legs: int = Field(default=2048, ge=1, le=65536, description="Most legs open at the same time.")
    max_recordings: int = Field(default=2048, ge=1, description="Most legs recorded at the same time.")
    max_listeners: int = Field(default=2048, ge=1, description="Most legs listened to at the same time.")
    prompt_memory_mb: int = Field(
        default=64,
        ge=1,
        le=4096,
        description="Megabytes for sounds being played or kept ready (2 minutes per MB).",
    )
    playout_delay_ms: int = Field(
        default=40,
        ge=20,
        le=200,
        description="Initial and least playout delay in milliseconds; in a bridge it follows the network.",
    )
    max_playout_delay_ms: int = Field(
        default=200, ge=40, le=400, description="Greatest playout delay in milliseconds the buffer adapts to."
    )
    silence_after_s: float = Field(
        default=5.0,
        gt=0,
        description="Seconds without RTP, while some is expected, until media counts as silent.",
    )
    rtcp_interval_s: float = Field(default=5.0, ge=1, description="Seconds between RTCP reports of a leg.")
    talk_threshold_dbm0: float = Field(
        default=-45.0, ge=-70, le=0, description="Level in dBm0 below which nothing counts as talk."
    )
    talk_above_noise_db: float = Field(
        default=9.0,
        ge=3,
        le=30,
        description="Decibels above the noise floor from which sound counts as talk.",
    )
    talk_detector_mode: int = Field(
        default=2, ge=0, le=3, description="How sure webrtcvad must be that live sound is voice; 3 is surest."
    )
    talk_hangover_ms: int = Field(
        default=400, ge=40, le=3000, description="Milliseconds of quiet that end a talk spurt."
    )
    dscp: int = Field(default=46, ge=0, le=63, description="DiffServ code point of RTP and RTCP; 46 is EF.")
    realtime_priority: int = Field(
        default=1,
        ge=0,
        le=99,
        description="SCHED_RR priority of the tick thread where the system permits it; 0 leaves it alone.",
    )

    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, values: object) -> object:
        old = _RENAMED.keys() & values.keys() if isinstance(values, dict) else set()
        if old:
            raise ValueError("; ".join(f"{name} is now called {_RENAMED[name]}" for name in sorted(old)))
        return values

    @model_validator(mode="after")
    def _consistent(self) -> "MediaSettings":
        if self.playout_delay_ms > self.max_playout_delay_ms:
            raise ValueError("playout_delay_ms is greater than max_playout_delay_ms")
        if self.port_range is not None:
            first, last = self.port_range
            if not 1024 <= first < last <= 65535:
                raise ValueError("port_range must be two ascending ports between 1024 and 65535")
        return self
