"""What the console needs from the rest of the product, given to `server.ConsoleServer` by the app.

Responsible for the shapes of these gifts only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.gateway.campaign_ports import CampaignPort
from controller.gateway.phone_ports import PhoneDesk
from controller.gateway.ports import FlowDesk, RecordsReader
from controller.observe.transcripts import TranscriptHub
from controller.session.registry import SessionRegistry


@dataclass(frozen=True, slots=True)
class ConsoleLimits:
    """What a console is allowed. The defaults are the product's; tests shorten them."""

    connections: int = 20
    auth_s: float = 10.0
    """From the connection to the right password."""
    wrong_passwords: int = 3
    """So many, and the connection is closed."""
    wrong_pause_s: float = 0.5
    """The answer to a wrong password waits, against guessing."""
    block_bytes: int = 16_384
    """One command with its headers, and a body the same again. fs_cli sends at most 2 KiB."""
    reply_chars: int = 200_000
    """A longer answer is cut."""
    queued: int = 256
    """Messages that wait for a reader; one who lets more pile up is dropped."""
    send_s: float = 10.0
    """One write may take so long."""
    jobs: int = 4
    """`bgapi` commands of one connection that run at once."""


@dataclass(frozen=True, slots=True)
class ConsoleDeps:
    """All that the console is given."""

    registry: SessionRegistry
    transcripts: TranscriptHub
    stats: Callable[[], Mapping[str, object]]
    """Name → number or short text; must not block."""
    drain: Callable[[], Any]
    """Begins to drain the process and returns at once."""
    phone: PhoneDesk | None = None
    """The same desk that serves the API; None: no FreeSWITCH is configured."""
    records: RecordsReader | None = None
    """For sessions that the transcripts no longer know."""
    records_unavailable: type[Exception] = ConnectionError
    """What `records` raises when the database is down."""
    flows: FlowDesk | None = None
    """The same that serves the API."""
    campaigns: CampaignPort | None = None
    """Likewise; None: there is no dialer."""
    limits: ConsoleLimits = field(default_factory=ConsoleLimits)
