"""Settings of which calls are recorded."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Keep(StrEnum):
    """What is recorded of a call."""

    ALWAYS = "always"
    ON_CONSENT = "on-consent"
    SAMPLED = "sampled"
    NEVER = "never"


class CaptureRule(BaseModel):
    """Which calls it is about, and what is recorded of them; the first rule that fits a call decides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep: Keep = Field(description="always, on-consent (of a flow's consent node), sampled or never")
    percent: float = Field(default=0, ge=0, le=100, description="of the calls, where they are sampled")
    flow: str = Field(default="", description="calls that this flow takes; absent: any")
    trunk: str = Field(default="", description="calls over this trunk; absent: any")
    number: str = Field(default="", description="calls to this number; absent: any")
    queue: str = Field(default="", description="callers who join this queue, from then on; absent: any")

    @model_validator(mode="after")
    def _a_sample_has_a_size(self) -> CaptureRule:
        if (self.keep is Keep.SAMPLED) != bool(self.percent):
            raise ValueError("percent belongs to keep = sampled, and has to be above 0 there")
        return self
