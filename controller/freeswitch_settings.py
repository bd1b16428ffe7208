"""Settings of the telephone side: FreeSWITCH, calls out, and the console for fs_cli."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from controller.dialer.screening import USUAL, Kind
from controller.setting_types import Pattern, Port, Section


class OutboundSettings(Section):
    """Calls that the controller makes, transfers included: what guards against toll fraud."""

    allowed: tuple[Pattern, ...] = Field(
        (r"10\d\d",), description="numbers that may be called: regular expressions for the whole number"
    )
    kinds: tuple[Kind, ...] = Field(
        tuple(sorted(USUAL)),
        description="kinds of number that may be called, by lists too; our own numbers never may",
    )
    users: Pattern = Field(
        r"10\d\d", description="numbers that are registered users; all others go over the gateway"
    )
    domain: str = Field("127.0.0.1", description="SIP domain of the registered users")
    gateway: str = Field("", description="FreeSWITCH gateway for numbers outside; empty: none")
    caller_id: str = Field("", description="number shown to who is called over the gateway")
    caller_name: str = Field("SwitchTalk", description="name shown to who is called")
    ring_s: Annotated[int, Field(ge=5, le=120)] = Field(30, description="time a phone may ring")
    per_second: Annotated[float, Field(gt=0, le=100)] = Field(1.0, description="calls begun per second")
    burst: Annotated[int, Field(ge=1, le=100)] = Field(5, description="calls that may begin at once")
    max_calls: Annotated[int, Field(ge=0, le=1000)] = Field(
        10, description="such calls at once; 0: none"
    )


class FreeSwitchSettings(Section):
    """The FreeSWITCH to work with; off until its host is set."""

    host: str = Field("", description="event socket host; empty: no FreeSWITCH")
    port: Port = Field(8021, description="event socket port")
    password: str = Field("", description="event socket password (a secret)", repr=False)
    socket_host: str = Field("127.0.0.1", description="address on which FreeSWITCH hands us its calls")
    socket_port: Port = Field(8084, description="port of the same; 0 takes a free one")
    socket_address: str = Field(
        "", description="host:port by which FreeSWITCH reaches it; empty: as above"
    )
    media_url: str = Field(
        "", description="ws://host:port by which FreeSWITCH reaches the gateway; empty: loopback"
    )
    playback: Literal["files", "socket"] = Field(
        "files", description="files: through a directory that FreeSWITCH can read; socket: without one"
    )
    audio_dir: Path | None = Field(None, description="that directory; empty: var_dir/spool")
    audio_dir_there: str = Field("", description="its path as FreeSWITCH sees it; empty: the same")
    recordings_dir: Path | None = Field(None, description="recorded calls; empty: var_dir/recordings")
    recordings_dir_there: str = Field("", description="its path as FreeSWITCH sees it; empty: the same")
    numbers: dict[str, str] = Field(
        default_factory=dict, description="outside number (DID) → bot; 7000 and 70xx need no entry"
    )
    context: str = Field("default", description="dialplan context of transfers")
    hold_music: str = Field(
        "tone_stream://%(1000,4000,425);loops=-1",
        description="what is heard while a transfer rings: file, local_stream:// or tone_stream://",
    )
    transcribe_handover: bool = Field(
        True, description="write down what caller and agent say after a bot has handed the caller over"
    )
    max_calls: Annotated[int, Field(ge=1, le=1000)] = Field(
        40, description="calls that may be connected to this process; more are refused as busy"
    )
    outbound: OutboundSettings = OutboundSettings()


class ConsoleSettings(Section):
    """The port that fs_cli logs in to."""

    enabled: bool = Field(True, description="whether there is one")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: Port = Field(8031, description="port; 0 takes a free one")
    password: str = Field(
        "",
        description="its password (a secret); empty: made at start, in var_dir/console-password",
        repr=False,
    )
