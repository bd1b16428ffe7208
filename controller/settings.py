"""Every setting, in one typed and documented place.

Strength grows in this order: defaults, environment (`SWITCHTALK_HTTP__PORT=8080`), the TOML file
(`--config FILE` or `SWITCHTALK_CONFIG`), the command line (`--set http.port=8080`). `switchtalk
settings` prints them all with their documentation and where each value comes from.

Here are the settings themselves; `controller.configure` reads them.
"""

from __future__ import annotations

import os
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from controller.agent_settings import AgentSettings
from controller.dialer_settings import DialerSettings
from controller.flow_help_settings import FlowHelpSettings
from controller.freeswitch_settings import ConsoleSettings, FreeSwitchSettings
from controller.knowledge_settings import KnowledgeSettings
from controller.login_settings import LoginSettings
from controller.sample_texts import SUPPORT_GREETINGS, SUPPORT_PERSONAS, SUPPORT_SOURCES
from controller.session.profile import (
    BargeInSettings,
    EndpointSettings,
    LimitSettings,
    Phrases,
    SilenceSettings,
    phrases_for,
)
from controller.setting_types import Port, Section
from controller.tool_settings import ToolSettings
from controller.verto_settings import VertoSettings

PREFIX = "SWITCHTALK_"


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("must be a time zone of the IANA list, such as Asia/Shanghai")
    return name


class HttpSettings(Section):
    """The web gateway."""

    host: str = Field("127.0.0.1", description="address to listen on; loopback unless you say otherwise")
    port: Port = Field(8080, description="port; 0 takes a free one")
    allowed_hosts: frozenset[str] = Field(
        frozenset(), description="host names, besides loopback, under which the pages are reached"
    )
    allowed_origins: frozenset[str] = Field(
        frozenset(), description="other origins (https://app.example) whose pages may connect"
    )
    lead_ms: Annotated[int, Field(ge=40, le=200)] = Field(
        100, description="audio sent ahead of real time, against jitter"
    )


class EngineSettings(Section):
    """Speech engines of the whole process."""

    workers: Annotated[int, Field(ge=1, le=64)] = Field(
        min(4, os.cpu_count() or 2), description="native threads for ASR and TTS"
    )
    max_waiting: Annotated[int, Field(ge=8, le=10_000)] = Field(
        256, description="jobs that may wait for a thread"
    )
    models_dir: Path = Field(Path("var/models"), description="larger Vosk and Piper models")
    cache_mb: Annotated[int, Field(ge=0, le=100_000)] = Field(
        512, description="disk cache of synthesised speech"
    )
    partial_every_ms: Annotated[int, Field(ge=200, le=10_000)] = Field(
        1000, description="time between partial transcripts of the embedded recogniser"
    )


class DatabaseSettings(Section):
    """Where sessions are recorded."""

    url: str = Field("", description="SQLAlchemy URL; empty: SQLite at var_dir/switchtalk.db")
    keep_days: Annotated[int, Field(ge=0, le=3650)] = Field(
        90, description="records older than this are deleted; 0 keeps them"
    )


class LogSettings(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level shown")
    style: Literal["auto", "console", "json"] = Field("auto", description="auto: console on a terminal")


class NotificationSettings(Section):
    """Where `send_notification` delivers."""

    templates: Path | None = Field(None, description="own templates file; default: the built-in ones")
    webhooks: dict[str, str] = Field(default_factory=dict, description="name → URL of each webhook")
    webhook_secret: str = Field("", description="signs webhook deliveries", repr=False)
    allow_private: bool = Field(False, description="webhooks may go to private addresses")


class VadSettings(Section):
    """Voice activity detection."""

    engine: Literal["silero", "webrtc"] = Field("silero", description="silero withstands noise")
    aggressiveness: Annotated[int, Field(ge=0, le=3)] = Field(3, description="webrtc's mode")
    start_ms: Annotated[int, Field(ge=20, le=1000)] = Field(60, description="voice that opens a turn")
    on_probability: Annotated[float, Field(gt=0, lt=1)] = Field(0.5, description="this is voice")
    off_probability: Annotated[float, Field(gt=0, lt=1)] = Field(0.35, description="this no longer is")

    @model_validator(mode="after")
    def _hysteresis(self) -> VadSettings:
        if self.off_probability > self.on_probability:
            raise ValueError("off_probability must not be above on_probability")
        return self


class BotSettings(Section):
    """One conversational persona."""

    title: str = Field("", description="name on the page")
    language: Literal["en", "zh"] = Field("en", description="what the bot speaks and hears")
    strategy: str = Field("flow", description="flow, agent, or one that a plug-in brings")
    flow: str = Field("appointment", description="flow by name, or path of its YAML file")
    flow_help: FlowHelpSettings = FlowHelpSettings()
    agent: AgentSettings = AgentSettings()
    number: Annotated[int, Field(ge=0, le=99)] | None = Field(
        None, description="extension 70xx that reaches this bot"
    )
    asr: str = Field("auto", description="auto, whisper, vosk, or one that a plug-in brings")
    tts: str = Field("auto", description="auto, piper, espeak, or one that a plug-in brings")
    voice: str = Field("", description="voice name; empty: the language's default")
    speed: Annotated[float, Field(ge=0.5, le=2)] = Field(1.0, description="speaking rate")
    time_zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        "UTC", description="the caller's time zone, for 'tomorrow at ten'"
    )
    tools: tuple[str, ...] = Field(("hangup", "send_notification"), description="tools it may use")
    record: bool = Field(False, description="record its sessions in stereo")
    vad: VadSettings = VadSettings()
    endpoint: EndpointSettings = EndpointSettings()
    barge_in: BargeInSettings = BargeInSettings()
    silence: SilenceSettings = SilenceSettings()
    limits: LimitSettings = LimitSettings()
    phrases: dict[str, str] = Field(
        default_factory=dict, description="own words for fallback, repeat, filler, goodbye…"
    )

    @model_validator(mode="after")
    def _known_phrases(self) -> BotSettings:
        unknown = self.phrases.keys() - Phrases.model_fields.keys()
        if unknown:
            raise ValueError(f"unknown phrase {sorted(unknown)}; known: {sorted(Phrases.model_fields)}")
        return self

    def spoken_phrases(self) -> Phrases:
        """The kernel's phrases for this bot."""
        return phrases_for(self.language).model_copy(update=dict(self.phrases))

    def zone(self) -> ZoneInfo:
        """The caller's time zone."""
        return ZoneInfo(self.time_zone)


def default_bots() -> dict[str, BotSettings]:
    return {
        "demo": BotSettings(title="Appointments (demo)", number=0),
        "appointment_en": BotSettings(title="Appointments", number=1),
        "appointment_zh": BotSettings(title="预约", language="zh", number=2),
        "survey_en": BotSettings(title="Survey", flow="survey", number=3),
        "survey_zh": BotSettings(title="满意度调查", language="zh", flow="survey", number=4),
        "reminder_en": _reminder("Payment reminder", "en", 5),
        "reminder_zh": _reminder("还款提醒", "zh", 6),
        "support_en": _support("Help desk", "en", 7),
        "support_zh": _support("客服", "zh", 8),
    }


NEED_A_MODEL = ("support_en", "support_zh")
"""Built-in bots that are offered only once their `agent` names a server and a model."""


def _reminder(title: str, language: Literal["en", "zh"], number: int) -> BotSettings:
    tools = ("hangup", "send_notification", "create_ticket", "transfer_to_human", "do_not_call")
    return BotSettings(
        title=title, language=language, flow="payment_reminder", number=number, tools=tools
    )


def _support(title: str, language: Literal["en", "zh"], number: int) -> BotSettings:
    return BotSettings(
        title=title,
        language=language,
        strategy="agent",
        number=number,
        tools=("hangup", "lookup_record", "create_ticket", "transfer_to_human"),
        agent=AgentSettings(
            persona=SUPPORT_PERSONAS[language],
            greeting=SUPPORT_GREETINGS[language],
            knowledge=True,
            sources=SUPPORT_SOURCES[language],
        ),
    )


class Settings(BaseSettings):
    """All of SwitchTalk's settings."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    var_dir: Path = Field(Path("var"), description="database, caches, recordings")
    flows_dir: Path = Field(
        default_factory=lambda: Path(str(files("dialplans") / "flows")), description="flow scripts"
    )
    max_sessions: Annotated[int, Field(ge=1, le=1000)] = Field(
        20, description="sessions at once; more are refused"
    )
    drain_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        30, description="time that live sessions get when the process is told to stop"
    )
    default_bot: str = Field("demo", description="bot for who asks for none")
    http: HttpSettings = HttpSettings()
    login: LoginSettings = LoginSettings()
    engines: EngineSettings = EngineSettings()
    database: DatabaseSettings = DatabaseSettings()
    log: LogSettings = LogSettings()
    freeswitch: FreeSwitchSettings = FreeSwitchSettings()
    console: ConsoleSettings = ConsoleSettings()
    dialer: DialerSettings = DialerSettings()
    verto: VertoSettings = VertoSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    notifications: NotificationSettings = NotificationSettings()
    tools: ToolSettings = ToolSettings()
    bots: dict[str, BotSettings] = Field(
        default_factory=default_bots, validate_default=True, description="the bots by name"
    )

    @field_validator("bots")
    @classmethod
    def _offered(cls, bots: dict[str, BotSettings]) -> dict[str, BotSettings]:
        return {
            name: bot
            for name, bot in bots.items()
            if name not in NEED_A_MODEL
            or bot.strategy != "agent"
            or bot.agent.base_url
            or bot.agent.model
        }

    @model_validator(mode="after")
    def _consistent(self) -> Settings:
        if self.default_bot not in self.bots:
            raise ValueError(
                f"default_bot {self.default_bot!r} is not among the bots {sorted(self.bots)}"
            )
        numbers = [b.number for b in self.bots.values() if b.number is not None]
        if len(numbers) != len(set(numbers)):
            raise ValueError("two bots have the same number")
        if unknown := set(self.freeswitch.numbers.values()) - self.bots.keys():
            raise ValueError(f"freeswitch.numbers leads to {sorted(unknown)}, not among the bots")
        if self.freeswitch.host and not self.freeswitch.password:
            raise ValueError("freeswitch.host is set, freeswitch.password is not")
        return self

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database.url or f"sqlite:///{self.var_dir / 'switchtalk.db'}"

    @property
    def loopback_only(self) -> bool:
        """Whether nothing beyond this machine can connect."""
        if self.http.host == "localhost":
            return True
        try:
            return ip_address(self.http.host).is_loopback
        except ValueError:
            return False
