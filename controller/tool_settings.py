"""Settings of the tools: how notifications travel, what may be looked up, where tickets go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from controller.setting_types import Port, Section

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}$")]
"""A recipient, as conversations know it."""

_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-]{1,64}"
Address = Annotated[str, StringConstraints(pattern=rf"^{_LOCAL}@[A-Za-z0-9.\-]{{1,253}}$")]
Number = Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{3,20}$")]


def _identifier(name: str) -> str:
    if not name.isidentifier() or not name.isascii():
        raise ValueError("must be a plain name, such as phone_number")
    return name


class EmailSettings(Section):
    """The mail server; off until its host is set."""

    host: str = Field("", description="SMTP host; empty: no e-mail")
    port: Port = Field(587, description="usually 587 with starttls, 465 with tls")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="none sends in the clear: only for a server on this machine"
    )
    user: str = Field("", description="login; empty: none")
    password: str = Field("", description="its password (a secret)", repr=False)
    sender: str = Field("", description="address that mail comes from")
    ca_file: Path | None = Field(None, description="whom to trust; empty: the system's authorities")
    recipients: dict[Name, Address] = Field(default_factory=dict, description="name → address of each")

    @model_validator(mode="after")
    def _consistent(self) -> EmailSettings:
        if self.host and "@" not in self.sender:
            raise ValueError("sender must be an address when host is set")
        if self.user and self.security == "none":
            raise ValueError("a password must not travel in the clear: set security, or no user")
        return self


class SmsSettings(Section):
    """An HTTP provider of text messages; off until its url is set."""

    url: str = Field("", description="where to POST; empty: no SMS")
    secret: str = Field("", description="bearer token (a secret)", repr=False)
    body: dict[str, Any] = Field(
        default_factory=lambda: {"to": "$to", "text": "$text"},
        description="the provider's JSON form, with $to, $text and $message_id",
    )
    key_header: str = Field(
        "", description="header by which it knows a double, such as Idempotency-Key; empty: none"
    )
    allow_private: bool = Field(False, description="it may be at a private address")
    recipients: dict[Name, Number] = Field(default_factory=dict, description="name → number of each")


class OutboxSettings(Section):
    """Delivery of what waits in the outbox."""

    max_tries: Annotated[int, Field(ge=1, le=50)] = Field(6, description="then it is a dead letter")
    first_retry_s: Annotated[float, Field(ge=0.1, le=3600)] = Field(
        5, description="pause after the first failure; it doubles with each"
    )
    longest_retry_s: Annotated[float, Field(ge=1, le=86_400)] = Field(3600, description="longest pause")
    at_once: Annotated[int, Field(ge=1, le=100)] = Field(4, description="deliveries at the same time")


class LookupSettings(Section):
    """One prepared query of `lookup_record`."""

    url: str = Field(description="SQLAlchemy URL: sqlite:///path or postgresql://…", repr=False)
    sql: str = Field(min_length=1, description="one SELECT, with :name for each parameter")
    params: dict[
        Annotated[str, AfterValidator(_identifier)], Literal["string", "integer", "number", "boolean"]
    ] = Field(default_factory=dict, description="parameter → its JSON type")
    about: str = Field("", description="what it finds, for a model that chooses among queries")
    max_rows: Annotated[int, Field(ge=1, le=1000)] = Field(20, description="rows of an answer")
    timeout_s: Annotated[float, Field(gt=0, le=10)] = Field(5, description="longest run")


class TicketSettings(Section):
    """Where `create_ticket` tells of new tickets, besides keeping them."""

    webhook: str = Field("", description="name of one of notifications.webhooks; empty: none")


class ToolSettings(Section):
    """The tools."""

    email: EmailSettings = EmailSettings()
    sms: SmsSettings = SmsSettings()
    outbox: OutboxSettings = OutboxSettings()
    lookup: dict[Name, LookupSettings] = Field(
        default_factory=dict, description="queries of lookup_record by name"
    )
    tickets: TicketSettings = TicketSettings()
