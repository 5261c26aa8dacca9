"""Settings of speech synthesis and recognition."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass


class Engine(StrEnum):
    """The recognisers that this package can drive."""

    POCKETSPHINX = "pocketsphinx"
    VOSK = "vosk"


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Voice:
    """A voice of espeak-ng; part of the key under which a rendered prompt is cached."""

    # Of espeak-ng 1.52's voices the recogniser understands klatt3 to klatt6 best, plain klatt half as well
    # (in 1.51 it was as good).
    name: Annotated[str, Field(min_length=1, description="espeak-ng voice, with a variant: en-us+klatt3")] = (
        "en-us+klatt3"
    )
    rate_wpm: Annotated[int, Field(ge=80, le=450, description="words a minute")] = 175
    pitch: Annotated[int, Field(ge=0, le=99, description="pitch, 0 to 99; 50 is the voice's own")] = 40


class SpeechSettings(BaseModel):
    """How prompts are spoken and how callers and agents are transcribed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: Engine = Field(
        default=Engine.POCKETSPHINX,
        description="recogniser: pocketsphinx (its model ships with it; for demonstrations) or vosk",
    )
    vosk_model_dir: Path | None = Field(
        default=None, description="directory of an unpacked vosk model; required by engine = vosk"
    )
    workers: int = Field(
        default=1, ge=1, le=64, description="recogniser processes; as many recordings are transcribed at once"
    )
    menu_workers: int = Field(
        default=1,
        ge=0,
        le=64,
        description="further processes that only understand callers in menus; 0: these wait for the others",
    )
    server_url: str = Field(
        default="",
        max_length=500,
        pattern=r"^(|wss?://[^\s/?#@]+(/[^\s]*)?)$",
        description="ws:// or wss:// of a Vosk server that understands live calls; absent: the workers do",
    )
    server_token_file: Path | None = Field(
        default=None, description="file with the token that this server asks for, where it does"
    )
    live_tracks: int = Field(
        default=16,
        ge=0,
        le=1000,
        description="voices that are followed while they speak; the rest is transcribed after the call",
    )
    worker_niceness: int = Field(
        default=10, ge=0, le=19, description="added to the nice value of the workers"
    )
    voice: Voice = Field(default=Voice(), description="voice of the prompts")
    cache_dir: Path = Field(
        default=Path("var/speech"), description="directory of rendered prompts and language models"
    )
    queue_limit: int = Field(
        default=32, ge=1, description="recordings that may wait for a worker; one more is refused"
    )
    start_timeout_s: float = Field(default=60.0, gt=0, description="seconds a worker has to load its model")
    job_timeout_s: float = Field(
        default=10.0, gt=0, description="seconds a worker has for any recording, however short"
    )
    job_timeout_per_audio_second_s: float = Field(
        default=4.0, gt=0, description="further seconds for every second of audio"
    )

    @model_validator(mode="after")
    def _vosk_needs_a_model(self) -> "SpeechSettings":
        if self.engine is Engine.VOSK and self.vosk_model_dir is None:
            raise ValueError("vosk_model_dir is required by engine = vosk; no model is ever downloaded")
        return self

    def job_timeout_for_s(self, audio_s: float) -> float:
        return self.job_timeout_s + audio_s * self.job_timeout_per_audio_second_s
