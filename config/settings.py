"""All settings of a server in one frozen model: each package's own, and those of the program itself."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from acd.callback_settings import CallbackSettings
from acd.settings import AcdSettings, AgentSettings, QueueSettings
from config.calls import CallSettings
from config.capture import CaptureRule
from config.speech_rules import SpeechRule
from media.settings import MediaSettings
from media.speech.settings import SpeechSettings
from recordings.settings import RecordingSettings
from telephony.settings import SipSettings

SHORTEST_KEY_BYTES = 24


class HttpSettings(BaseModel):
    """The API: health, metrics, and everything that commands ask the running server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = Field(default="127.0.0.1", description="IP address to listen on; keep it on loopback")
    certificate: Path | None = Field(
        default=None, description="file of the TLS certificate and its chain (PEM); needed beyond loopback"
    )
    private_key: Path | None = Field(default=None, description="file of the certificate's private key (PEM)")
    port: int = Field(default=8080, ge=0, le=65535, description="TCP port; 0 lets the system choose")
    try_next_ports: int = Field(
        default=0, ge=0, le=100, description="how many following ports to try when it is taken"
    )


class ServerSettings(BaseModel):
    """What belongs to the program and to no package."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_directory: Path = Field(default=Path("var"), description="database and generated passwords")
    log_format: Literal["text", "json"] = Field(
        default="text", description="form of log lines on standard error"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least severe logged"
    )
    drain_s: float = Field(
        default=3600.0, ge=0, description="on SIGTERM: seconds that calls may go on before they are ended"
    )
    personal_days: int | None = Field(
        default=None,
        ge=1,
        description="days until numbers, names and what was keyed are erased from events; absent: never",
    )
    max_calls: int = Field(default=1000, ge=1, le=65536, description="callers at once; the next one gets 503")

    @property
    def database(self) -> Path:
        """The one SQLite file: journal and catalogue."""
        return self.data_directory / "trunkline.db"


class FlowSettings(BaseModel):
    """Where flow files are and which number reaches which."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    directory: Path | None = Field(default=None, description="folder of flow files; absent: those that ship")
    vocabulary: tuple[Path, ...] = Field(
        default=(),
        description="text files with sentences of your own vocabulary (scripts, FAQ), for the recogniser",
    )
    number_gateway: str | None = Field(
        default=None,
        description="host or host:port of the carrier through which transfers to numbers are dialled",
    )
    hooks: dict[str, Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s/?#]+[^\s#]*$")]] = Field(
        default_factory=dict,
        description="web addresses that flows may notify (`notify: NAME`), by name",
    )


class BusSettings(BaseModel):
    """The MQTT broker that is told what happens; without a url there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(
        default="",
        max_length=500,
        pattern=r"^(|mqtts?://[^\s/?#@]+)$",
        description="mqtt://host or mqtts://host (TLS), with :port where it is another one; absent: off",
    )
    username: str = Field(default="", description="at the broker")
    password: SecretStr | None = Field(default=None, description="at the broker")
    ca_file: Path | None = Field(
        default=None, description="certificates to trust for mqtts; absent: those of the system"
    )
    prefix: str = Field(
        default="trunkline",
        min_length=1,
        max_length=100,
        pattern=r"^[^\s+#/$][^\s+#]*$",
        description="the first level of every topic",
    )
    kinds: tuple[str, ...] = Field(
        default=(), description="kinds of events, or their beginnings (`queue.`); absent: all"
    )
    personal: bool = Field(default=False, description="with numbers, names and what callers keyed")
    commands: bool = Field(
        default=False,
        description="take commands from PREFIX/INSTANCE/commands: whoever may publish there acts for agents",
    )


class WebhookSettings(BaseModel):
    """A system that is sent the events of the journal, signed as Standard Webhooks say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=64, pattern=r"^\S+$", description="unique name without spaces")
    url: str = Field(
        max_length=2000, pattern=r"^https?://[^\s/?#]+[^\s#]*$", description="where each event is posted"
    )
    secret: SecretStr = Field(
        description="whsec_ and at least 24 random bytes in Base64: both sides sign with it; "
        'make one with `echo "whsec_$(openssl rand -base64 32)"`'
    )
    kinds: tuple[str, ...] = Field(
        default=(), description="kinds of events, or their beginnings (`contact.`); absent: all"
    )
    personal: bool = Field(default=False, description="with numbers, names and what callers keyed")
    timeout_s: float = Field(default=10.0, gt=0, le=60, description="seconds to wait for an answer")
    give_up_after_s: float = Field(
        default=86400.0, ge=0, description="seconds after which an event that is not taken is let go"
    )

    @field_validator("secret")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        _key(value)
        return value

    def key(self) -> bytes:
        """What is signed with."""
        return _key(self.secret)


def _key(secret: SecretStr) -> bytes:
    text = secret.get_secret_value()
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith("whsec_") or len(key) < SHORTEST_KEY_BYTES:
        raise ValueError("is no webhook secret: write whsec_ and at least 24 random bytes in Base64")
    return key


class AgentAccount(AgentSettings):
    """An agent and the SIP account of the agent's phones."""

    password: SecretStr | None = Field(
        default=None,
        description="digest password; absent: made once and saved in data_directory",
    )
    extension: str | None = Field(
        default=None, pattern=r"^[0-9]{2,8}$", description="digits by which colleagues dial them; unique"
    )


class Settings(BaseModel):
    """Everything a server can be told; `config.reader` makes it of a file and the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    server: ServerSettings = ServerSettings()
    http: HttpSettings = HttpSettings()
    sip: SipSettings = SipSettings()
    media: MediaSettings = MediaSettings()
    speech: SpeechSettings = SpeechSettings()
    recordings: RecordingSettings = RecordingSettings()
    flows: FlowSettings = FlowSettings()
    numbers: dict[str, str] = Field(
        default_factory=dict, description='called number -> flow file name; "*" is every other number'
    )
    agents: tuple[AgentAccount, ...] = ()
    queues: tuple[QueueSettings, ...] = ()
    calls: CallSettings = CallSettings()
    webhooks: tuple[WebhookSettings, ...] = ()
    bus: BusSettings = BusSettings()
    capture: tuple[CaptureRule, ...] = ()
    speech_rules: tuple[SpeechRule, ...] = ()
    callbacks: CallbackSettings = CallbackSettings()

    @property
    def extensions(self) -> dict[str, str]:
        """The agents by everything that they can be dialled by: name and extension."""
        named = {agent.name: agent.name for agent in self.agents}
        return named | {agent.extension: agent.name for agent in self.agents if agent.extension}

    @property
    def acd(self) -> AcdSettings:
        """Agents without their accounts, with the queues: what dispatch needs."""
        agents = tuple(
            AgentSettings(**agent.model_dump(exclude={"password", "extension"})) for agent in self.agents
        )
        return AcdSettings(agents=agents, queues=self.queues)
