"""Settings of rules for what is said while a call goes on."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Talker(StrEnum):
    """Whose words count."""

    CUSTOMER = "customer"
    AGENT = "agent"
    ANYBODY = "anybody"


class SpeechRule(BaseModel):
    """Words that somebody should know of at once: frustration, abuse, a named risk."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=64, pattern=r"^[\w -]+$", description="unique name")
    phrases: tuple[Annotated[str, Field(min_length=2, max_length=100)], ...] = Field(
        min_length=1, max_length=200, description="any of them, said in this order of words"
    )
    said_by: Talker = Field(default=Talker.CUSTOMER, description="customer, agent or anybody")
