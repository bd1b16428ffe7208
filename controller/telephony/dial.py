"""Whom to call, and the dial string for it.

Responsible for the one place where variables, an endpoint and an application share a line. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.telephony.checks import BadArgument as BadArgument
from controller.telephony.checks import (
    check_braced_value,
    check_free_variable,
    check_host,
    check_name,
    check_number,
    check_port,
    check_range,
    check_uuid,
    check_ws_url,
    quoted,
)

MAX_RING_S = 300
MAX_VARIABLES = 200


@dataclass(frozen=True, slots=True)
class GatewayEndpoint:
    """A number behind a SIP gateway of FreeSWITCH's configuration."""

    gateway: str
    number: str

    def __str__(self) -> str:
        return f"sofia/gateway/{check_name(self.gateway)}/{check_number(self.number)}"


@dataclass(frozen=True, slots=True)
class UserEndpoint:
    """A user that is registered at FreeSWITCH; `domain` "" is FreeSWITCH's own."""

    user: str
    domain: str = ""

    def __str__(self) -> str:
        user = f"user/{check_name(self.user)}"
        return f"{user}@{check_host(self.domain)}" if self.domain else user


Endpoint = GatewayEndpoint | UserEndpoint


@dataclass(frozen=True, slots=True)
class SocketApp:
    """The answered call connects to our outbound socket at `host`:`port`."""

    host: str
    port: int

    def __str__(self) -> str:
        # quotes keep the blanks together
        return f"'&socket({check_host(self.host)}:{check_port(self.port)} async full)'"


@dataclass(frozen=True, slots=True)
class ParkApp:
    """The answered call waits in silence."""

    def __str__(self) -> str:
        return "&park()"


@dataclass(frozen=True, slots=True)
class Dial:
    """A call to place. It is answered when the far end answers: early media never counts.

    `uuid`: the channel's id, ours. `caller_id_number`, `caller_id_name`: what is shown there, "" for
    FreeSWITCH's default. `ring_s`: 1..300; FreeSWITCH counts whole seconds and may give up one early.
    `variables`: set on the channel before anything happens. `audio_url`: a WebSocket that gets what is
    said there, from the answer on; "" for none.
    """

    endpoint: Endpoint
    uuid: str
    ring_s: int
    then: SocketApp | ParkApp
    caller_id_number: str = ""
    caller_id_name: str = ""
    audio_url: str = field(default="", repr=False)
    variables: Mapping[str, str] = field(default_factory=dict)


def dial_words(dial: Dial) -> str:
    """What follows ``originate``. Raises BadArgument for whatever can't be said safely."""
    if len(dial.variables) > MAX_VARIABLES:
        raise BadArgument(f"{len(dial.variables)} variables; at most {MAX_VARIABLES} are allowed")
    variables = {  # the id stands first: a list that began with ^^ would change its own delimiter
        "origination_uuid": check_uuid(dial.uuid),
        "ignore_early_media": "true",
        "originate_timeout": str(check_range(dial.ring_s, 1, MAX_RING_S, "a ring time in seconds")),
    }
    if dial.caller_id_number:
        variables["origination_caller_id_number"] = check_number(dial.caller_id_number)
    if dial.caller_id_name:
        variables["origination_caller_id_name"] = dial.caller_id_name
    if dial.audio_url:
        # no other way begins as soon: 22 ms from the 200 OK to the first frame, 65 ms when the start is
        # asked for at CHANNEL_ANSWER (n = 10 each), which FreeSWITCH tells 20 to 200 ms after the fact
        variables["api_on_answer"] = audio_words(dial.uuid, dial.audio_url)
    for name, value in dial.variables.items():
        variables[check_free_variable(name)] = value
    fields = ",".join(_field(name, value) for name, value in variables.items() if value)
    return f"{{{fields}}}{dial.endpoint} {dial.then}"


def audio_words(uuid: str, url: str) -> str:
    """What forks a caller's audio (mono, 16 kHz) to a WebSocket. Raises BadArgument."""
    return f"uuid_audio_stream {check_uuid(uuid)} start {check_ws_url(url)} mono 16k"


def _field(name: str, value: str) -> str:
    """``name=value`` as it must stand in the braces. FreeSWITCH takes three layers off: it splits
    the line at blanks, the braces at commas, and the field at its first equals sign."""
    inner = quoted(check_braced_value(value), "=")
    return f"{name}=" + quoted(quoted(inner, ","))
