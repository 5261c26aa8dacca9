"""What can be set about calls that agents make and transfers that they ask for."""

from __future__ import annotations

import re
from typing import Annotated, Self

import phonenumbers
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from config.words import DIALLED

Region = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
FeatureCode = Annotated[str, Field(pattern=r"^[*#][0-9*#]{1,7}$")]
Dialled = Annotated[str, Field(pattern=r"^[0-9*#]{2,16}$")]


class DialRule(BaseModel):
    """Numbers that look alike and go out through the same trunk. The first rule that fits counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pattern: str = Field(
        pattern=DIALLED,
        description="dialled digits: x any digit, [1-9] one of these, a last . for one or more of any",
    )
    trunk: str = Field(min_length=1, description="name of the trunk, which has targets, that it goes through")
    strip: int = Field(default=0, ge=0, le=16, description="digits to leave out at the beginning")
    prefix: str = Field(
        default="", pattern=r"^\+?[0-9*#]{0,16}$", description="what to dial before the digits that are left"
    )
    caller_id: str | None = Field(
        default=None, pattern=r"^\+?[0-9]{2,20}$", description="number to show; absent: the agent's name"
    )
    agents: tuple[str, ...] = Field(default=(), description="who may dial such numbers; absent: all agents")
    max_calls: int | None = Field(
        default=None, ge=1, description="calls by this rule at a time; absent: no limit"
    )

    @field_validator("pattern")
    @classmethod
    def _a_range_rises(cls, pattern: str) -> str:
        for low, high in re.findall("([0-9])-([0-9])", pattern):
            if low > high:
                raise ValueError(f"[{low}-{high}] holds no digit; write [{high}-{low}]")
        return pattern

    @property
    def expression(self) -> re.Pattern[str]:
        """What a whole dialled number is matched with."""
        digits = self.pattern.removesuffix(".")
        text = re.escape(digits).replace("x", "[0-9]")
        text = re.sub(r"\\\[(.*?)\\\]", lambda found: f"[{found[1].replace(chr(92), '')}]", text)
        return re.compile(text + ("[0-9]+" if self.pattern.endswith(".") else ""))


class CallSettings(BaseModel):
    """What agents' phones may dial, and who may transfer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dial: tuple[DialRule, ...] = Field(
        default=(), description="which numbers agents may dial; none: colleagues and our own numbers only"
    )
    country: Region | None = Field(
        default=None, description="ISO code of the country whose national numbers are dialled, say DE"
    )
    countries: tuple[Region, ...] = Field(
        default=(), description="ISO codes of countries that may be called; absent: `country` alone"
    )
    premium: bool = Field(default=False, description="premium-rate numbers may be called")
    emergency: tuple[Dialled, ...] = Field(
        default=(), description="emergency numbers: every agent may dial them, at once, without any limit"
    )
    emergency_trunk: str | None = Field(default=None, description="trunk that emergency calls go through")
    max_calls_per_agent: int = Field(default=2, ge=1, le=16, description="calls an agent may make at a time")
    max_calls_per_hour: int = Field(
        default=60, ge=1, description="calls to the outside that an agent may make within an hour"
    )
    ring_for_s: float = Field(
        default=45,
        ge=5,
        le=300,
        description="seconds that a called colleague, number or transfer target rings",
    )
    record: bool = Field(default=True, description="calls that agents make are recorded")
    break_code: FeatureCode = Field(default="*1", description="what an agent dials to take a break")
    ready_code: FeatureCode = Field(default="*0", description="to end a break or a wrap-up")
    wrap_up_code: FeatureCode = Field(
        default="*2",
        description="to say what the last contact was about, with a key of wrap_up_keys after it",
    )
    wrap_up_keys: dict[Annotated[str, Field(pattern=r"^[0-9]{1,4}$")], str] = Field(
        default_factory=dict, description="wrap-up codes of the queues by the digits that stand for them"
    )
    transfers_by_callers: bool = Field(
        default=False, description="customers may transfer themselves, to colleagues and our own numbers only"
    )

    @model_validator(mode="after")
    def _a_plan_knows_its_country(self) -> Self:
        if self.dial and self.country is None:
            raise ValueError("dial needs country, to tell national numbers from foreign ones")
        if self.emergency and self.emergency_trunk is None:
            raise ValueError("emergency needs emergency_trunk")
        known = phonenumbers.SUPPORTED_REGIONS
        unknown = [each for each in (self.country, *self.countries) if each and each not in known]
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: no country has that code; write two capitals, say DE")
        return self
