"""Settings of the recordings."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contacts.outcomes import ContactOutcome
from recordings.retention import Retention, RetentionRule


class KeepRule(BaseModel):
    """How long the recordings of some contacts are kept; the first rule that fits counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    queue: str | None = Field(
        default=None, description="for contacts that waited in this queue last; absent: in any, or in none"
    )
    outcome: ContactOutcome | None = Field(
        default=None, description="for contacts that ended so; absent: however they ended"
    )
    days: int = Field(ge=0, description="as `recordings.keep_days`")


class RecordingSettings(BaseModel):
    """Where recordings are kept and how much of one a failure may cost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    directory: Path = Field(
        default=Path("var/recordings"),
        description="folder of the recordings; created when absent, one folder per UTC day inside",
    )
    sealed: bool = Field(
        default=True,
        description="recordings are encrypted, each with a key of its own (AES-256-GCM)",
    )
    key_directory: Path = Field(
        default=Path("var/keys"),
        description="folder of the keys; back up its wrapping.key apart from the recordings: without it "
        "nobody can hear them",
    )
    keep_days: int = Field(
        default=0,
        ge=0,
        description="recordings older than so many days are erased at night, unless held; 0: for ever",
    )
    pause_max_s: float = Field(
        default=300.0, gt=0, le=86_400, description="seconds after which a paused recording is resumed"
    )
    pause_keys: str = Field(
        default="",
        pattern=r"^([0-9*#]{2,6})?$",
        description="keys with which an agent pauses and resumes the recording; empty: none",
    )
    withdrawal_keys: str = Field(
        default="",
        pattern=r"^([0-9*#]{2,6})?$",
        description="keys with which an agent ends the recording because the customer wants it; empty: none",
    )
    destroy_withdrawn: bool = Field(
        default=True, description="a recording whose consent is withdrawn is destroyed"
    )
    keep: tuple[KeepRule, ...] = Field(
        default=(),
        description="other numbers of days for some queues and outcomes; the first that fits counts, and "
        "`keep_days` where none does",
    )
    drain_interval_s: float = Field(
        default=0.6,
        gt=0,
        le=0.9,
        description="seconds between two writes of a recording; a killed server loses at most this much",
    )
    sync_every_s: float = Field(
        default=2.0,
        gt=0,
        le=60,
        description="seconds of a recording that a loss of power may cost; must exceed drain_interval_s",
    )

    spool_mb: int = Field(
        default=256,
        ge=8,
        description="memory for what the disk has not taken yet; 1 MB holds 64 seconds of one call",
    )
    retry_after_end_s: float = Field(
        default=120.0,
        gt=0,
        description="seconds after a call's end for which a disk that fails is tried again",
    )
    disk_threads: int = Field(
        default=2, ge=1, le=16, description="files that may be written to at the same time"
    )

    @property
    def retention(self) -> Retention:
        """The rules of `keep`, and `keep_days` for all others."""
        rules = (
            RetentionRule(rule.queue, None if rule.outcome is None else rule.outcome.value, rule.days)
            for rule in self.keep
        )
        return Retention(self.keep_days, tuple(rules))

    @model_validator(mode="after")
    def _sync_is_rarer_than_drain(self) -> RecordingSettings:
        if self.sync_every_s <= self.drain_interval_s:
            raise ValueError(
                f"sync_every_s ({self.sync_every_s}) must exceed drain_interval_s ({self.drain_interval_s})"
            )
        return self
