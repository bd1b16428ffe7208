"""Settings of calls that pages make through FreeSWITCH's mod_verto."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from controller.setting_types import Pattern, Section
from controller.verto.caller import Right


class VertoSettings(Section):
    """The page's telephone over FreeSWITCH (WebRTC); off until its password is set."""

    url: Annotated[str, Field(pattern=r"^wss?://[^\s/]+/?$")] = Field(
        "ws://127.0.0.1:8081", description="where mod_verto listens"
    )
    verify: bool = Field(True, description="check the certificate of a wss:// server")
    password: str = Field(
        "", description="password of its users (a secret: VERTO_PASSWORD of FreeSWITCH)", repr=False
    )
    domain: str = Field("", description="domain of its users; empty: FreeSWITCH's own")
    user: Annotated[str, Field(pattern=r"^\w{1,32}$")] = Field(
        "1019", description="FreeSWITCH user of those who have no extension of their own"
    )
    extensions: dict[str, Pattern] = Field(
        default_factory=dict, description="login name → own extension, where calls to them ring"
    )
    public: frozenset[Right] = Field(
        frozenset({Right.BOTS}),
        description="what the open softphone on loopback may do: bots, calls, receive, stand_by",
    )
    agents_number: str = Field(
        "1099", description="number that a bot's transfer dials for whoever stands by on a page"
    )
    ice_servers: tuple[str, ...] = Field(
        (), description="STUN servers for pages beyond the local network (stun:host:port)"
    )
    grace_s: Annotated[float, Field(ge=0, le=110)] = Field(
        20, description="how long the calls of a page that vanished go on"
    )
    max_pages: Annotated[int, Field(ge=1, le=1000)] = Field(100, description="pages at once")
