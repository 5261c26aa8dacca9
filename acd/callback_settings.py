"""What can be set about calls that customers are promised."""

from __future__ import annotations

from collections.abc import Container
from datetime import date, time
from enum import Enum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from acd.callback_book import RetryPolicy
from acd.calling_windows import CallingRules
from acd.events import CallFirst


class CallingDay(Enum):
    """In the order of `date.weekday`."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class CallbackSettings(BaseModel):
    """Hours are those of where the customer's number is; of several such places the strictest counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: CallFirst = Field(
        default=CallFirst.CUSTOMER,
        description="who is called first when it is their turn: the customer, while an agent is kept free, "
        "or the agent",
    )
    opens: time = Field(default=time(9), description="nobody is called before")
    closes: time = Field(default=time(20), description="nor from then on")
    weekdays: tuple[CallingDay, ...] = Field(
        default=tuple(CallingDay), description="days on which customers are called"
    )
    holidays: tuple[date, ...] = Field(default=(), description="days on which nobody is called")
    home_country: str | None = Field(
        default=None,
        pattern=r"^[A-Z]{2}$",
        description="two letters: where numbers without a country code are (`DE`)",
    )
    home_zone: str = Field(
        default="UTC", description="time zone of numbers whose place is unknown (`Europe/Berlin`)"
    )
    retry_after_s: tuple[Annotated[float, Field(ge=10, le=7 * 86400)], ...] = Field(
        default=(900.0, 3600.0),
        max_length=10,
        description="seconds from a call that nobody took to the next; after the last it is given up",
    )
    ring_for_s: float = Field(default=30.0, ge=5, le=180, description="how long a customer's phone rings")
    shown_number: str = Field(
        default="",
        pattern=r"^\+?[0-9]{0,20}$",
        description="our number on the customer's phone; absent: the trunk's own",
    )
    slot_minutes: int = Field(
        default=30, ge=5, le=240, description="length of the times that customers may choose"
    )
    calls_per_slot_and_agent: int = Field(
        default=2,
        ge=1,
        le=100,
        description="promises for one time and agent who serves the queue; beyond that it is not offered",
    )
    return_within_s: float = Field(
        default=180.0,
        ge=0,
        le=3600,
        description="a caller who was cut off while waiting and calls again so soon gets the place back",
    )

    @field_validator("home_zone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f'"{value}" is no time zone; write one like Europe/Berlin') from None
        return value

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> CallbackSettings:
        if self.opens >= self.closes:
            raise ValueError("opens must come before closes")
        return self

    def rules(self, do_not_call: Container[str] = frozenset()) -> CallingRules:
        return CallingRules(
            self.opens,
            self.closes,
            frozenset(list(CallingDay).index(day) for day in self.weekdays),
            frozenset(self.holidays),
            do_not_call,
            self.home_country,
            ZoneInfo(self.home_zone),
        )

    @property
    def policy(self) -> RetryPolicy:
        return RetryPolicy(self.retry_after_s)
