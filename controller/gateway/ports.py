"""What the gateway needs from the rest of the product, given to `server.create_app` by the app.

Responsible for the shapes of these gifts only. The records' fields are those that the storage gives;
the gateway reads them and must never know where they lie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from controller.access.access import Access
from controller.gateway.campaign_ports import CampaignPort
from controller.gateway.limits import WebLimits
from controller.gateway.phone_ports import PhoneDesk
from controller.gateway.verto_ports import VertoDoor
from controller.session.registry import SessionOpener, SessionRegistry


class SessionSummary(Protocol):
    """One recorded session without its words. `ended_at` None: live, or its process died."""

    @property
    def id(self) -> str: ...
    @property
    def entry(self) -> str: ...
    @property
    def bot(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def duration_ms(self) -> float | None: ...
    @property
    def end_reason(self) -> str | None: ...
    @property
    def version(self) -> str: ...
    @property
    def turn_count(self) -> int: ...
    @property
    def barge_in_count(self) -> int: ...


class TurnRecord(Protocol):
    """One recorded turn; timings in ms as in `controller.session.happenings.Timings`."""

    @property
    def number(self) -> int: ...
    @property
    def by(self) -> str: ...
    @property
    def caller_text(self) -> str: ...
    @property
    def bot_text(self) -> str: ...
    @property
    def heard_text(self) -> str: ...
    @property
    def interrupted(self) -> bool: ...
    @property
    def failed(self) -> bool: ...
    @property
    def citations(self) -> Sequence[str]: ...
    @property
    def endpoint_ms(self) -> float | None: ...
    @property
    def asr_final_ms(self) -> float | None: ...
    @property
    def llm_first_token_ms(self) -> float | None: ...
    @property
    def tts_first_frame_ms(self) -> float | None: ...
    @property
    def response_ms(self) -> float | None: ...
    @property
    def speculative(self) -> bool: ...
    @property
    def at(self) -> datetime: ...


class ToolCallRecord(Protocol):
    """One recorded tool call."""

    @property
    def turn(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def arguments(self) -> Mapping[str, Any]: ...
    @property
    def ok(self) -> bool: ...
    @property
    def result(self) -> Mapping[str, Any]: ...
    @property
    def code(self) -> str: ...
    @property
    def took_ms(self) -> float: ...


class SessionDetail(Protocol):
    """A whole recorded session."""

    @property
    def session(self) -> SessionSummary: ...
    @property
    def turns(self) -> Sequence[TurnRecord]: ...
    @property
    def tool_calls(self) -> Sequence[ToolCallRecord]: ...


class RecordsReader(Protocol):
    """The read side of the records. May raise `GatewayDeps.records_unavailable`."""

    def recent_sessions(self, limit: int = 50, before: str | None = None) -> Sequence[SessionSummary]:
        """Newest first, at most `limit` (1-500), those after the one with id `before`."""
        ...

    def session_detail(self, session_id: str) -> SessionDetail | None:
        """One session; None when it is not known."""
        ...


class MediaSocket(Protocol):
    """A call's end of one media socket of FreeSWITCH; told by the greenlet that serves it."""

    def opened(self, send: Callable[[str], None]) -> None:
        """The handshake is done. `send` sends a text message, from any greenlet; it blocks, and
        raises ConnectionError when the socket is gone."""
        ...

    def feed(self, pcm: bytes) -> bool:
        """Audio: PCM16 mono 16 kHz, 20 ms a time usually. False: the call wants no more."""
        ...

    def closed(self, why: str) -> None:
        """The socket is gone. Always follows `opened`."""
        ...


class MediaSockets(Protocol):
    """Who waits for FreeSWITCH's media sockets."""

    def admit(self, token: str) -> MediaSocket | None:
        """Whom this token lets in, once; None for one that is unknown, used or too old."""
        ...


class FlowState(Protocol):
    """Which version of its flow a bot plays; `problems`: why a newer one is not used."""

    @property
    def bot(self) -> str: ...
    @property
    def flow(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def since(self) -> datetime: ...
    @property
    def problems(self) -> Sequence[str]: ...


class FlowDesk(Protocol):
    """The flows of this process."""

    def status(self) -> Sequence[FlowState]:
        """Every bot that plays a flow."""
        ...

    def reload(self) -> Sequence[FlowState]:
        """Take up changed files now; may take seconds. The state after it."""
        ...


@dataclass(frozen=True, slots=True)
class BotInfo:
    """What a page may know of a bot. `title` is for people, `language` a tag such as en or zh."""

    name: str
    title: str
    language: str


@dataclass(frozen=True, slots=True)
class GatewayDeps:
    """All that the gateway is given."""

    opener: SessionOpener
    registry: SessionRegistry
    records: RecordsReader
    bots: Sequence[BotInfo]
    default_bot: str
    missing: Callable[[], Sequence[str]]
    """What is not ready yet, in words for an operator; empty when calls can be taken."""
    render_metrics: Callable[[], bytes]
    """The text for `/metrics`, in Prometheus text format 0.0.4."""
    access: Access
    """Who may do what."""
    records_unavailable: type[Exception] = ConnectionError
    """What `records` raises when the database is down: answered with 503."""
    allowed_hosts: frozenset[str] = frozenset()
    """Host names, without port, under which the gateway may be reached besides loopback."""
    allowed_origins: frozenset[str] = frozenset()
    """Origins (`https://app.example`) besides its own whose pages may use the gateway."""
    limits: WebLimits = field(default_factory=WebLimits)
    media_sockets: MediaSockets | None = None
    """Given when there is a FreeSWITCH."""
    phone: PhoneDesk | None = None
    """Likewise."""
    flows: FlowDesk | None = None
    """Given when flows can be looked at and reloaded."""
    verto: VertoDoor | None = None
    """Given when pages can call through FreeSWITCH."""
    campaigns: CampaignPort | None = None
    """Given when there is a dialer."""
