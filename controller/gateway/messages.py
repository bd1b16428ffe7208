"""What a web client may send: bytes and text in, typed messages or a ProtocolError out.

Responsible for the words of the web audio protocol, client to server. Everything here comes from
outside and is hostile until it is one of these models. Pure: it must never know a socket or a session.

Errors before the session has begun are fatal. After that a frame that makes no sense is answered and
ignored; the handler counts them and ends the session at MAX_BAD_FRAMES.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

MAX_MESSAGE_BYTES = 65_536
"""Largest frame, by protocol."""
MAX_BAD_FRAMES = 20
"""Nonsense frames tolerated in one session."""
MAX_TYPED_CHARS = 2_000

Name = Annotated[str, Field(min_length=1, max_length=64)]


class CloseCode(IntEnum):
    """WebSocket close codes this gateway uses."""

    NORMAL = 1000
    GOING_AWAY = 1001
    BAD_FRAME = 1002
    BAD_TEXT = 1007
    REFUSED = 1008
    TOO_LARGE = 1009
    SERVER_ERROR = 1011
    TRY_LATER = 1013


class ProtocolError(Exception):
    """The client broke the protocol. `close` is None when the session can go on."""

    def __init__(self, code: str, message: str, close: CloseCode | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.close = close


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")  # fields may be added


class Start(_Message):
    """The first frame: what audio comes and goes, and which bot shall answer."""

    type: Literal["start"]
    format: Literal["pcm16"]
    sample_rate: Literal[8000, 16000, 24000, 48000]
    bot: Name | None = None
    variables: Annotated[dict[Name, Annotated[str, Field(max_length=500)]], Field(max_length=32)] = (
        Field(default_factory=dict)
    )


class Dtmf(_Message):
    """A key press."""

    type: Literal["dtmf"]
    digit: Annotated[str, Field(pattern=r"^[0-9*#A-D]$")]


class Typed(_Message):
    """A typed turn."""

    type: Literal["text"]
    text: Annotated[str, Field(min_length=1, max_length=MAX_TYPED_CHARS, pattern=r"\S")]


class Playback(_Message):
    """How much of a reply the client has really played."""

    type: Literal["playback"]
    reply_id: Name
    played_ms: Annotated[float, Field(ge=0, le=3_600_000, allow_inf_nan=False)]


class Hangup(_Message):
    """The caller ends the session."""

    type: Literal["hangup"]


ClientMessage = Dtmf | Typed | Playback | Hangup

_start: TypeAdapter[Start] = TypeAdapter(Start)
_message: TypeAdapter[ClientMessage] = TypeAdapter(
    Annotated[Dtmf | Typed | Playback | Hangup, Field(discriminator="type")]
)


def parse_start(frame: str | bytes) -> Start:
    """The first frame. Raises ProtocolError, always fatal."""
    if isinstance(frame, bytes):
        raise ProtocolError(
            "no_start", "audio came before the start message; send start first", CloseCode.REFUSED
        )
    try:
        return _start.validate_json(frame)
    except ValidationError as exc:
        code, message = _explain(exc)
        if code == "unknown_type":
            code, message = "no_start", "the first message must be of type start"
        raise ProtocolError(code, message, CloseCode.REFUSED) from None


def parse_text(frame: str) -> ClientMessage:
    """A text frame within a session. Raises ProtocolError, never fatal."""
    try:
        return _message.validate_json(frame)
    except ValidationError as exc:
        raise ProtocolError(*_explain(exc)) from None


def check_audio(frame: bytes) -> bytes:
    """A binary frame: whole PCM16 samples. Raises ProtocolError, not fatal."""
    if len(frame) % 2:
        raise ProtocolError(
            "odd_length",
            f"{len(frame)} bytes are not whole 16 bit samples; send an even number of bytes",
        )
    return frame


def too_large() -> ProtocolError:
    """For a frame above MAX_MESSAGE_BYTES (raised while it is still arriving)."""
    return ProtocolError(
        "too_large", f"a frame may have {MAX_MESSAGE_BYTES} bytes at most", CloseCode.TOO_LARGE
    )


def too_fast() -> ProtocolError:
    """For audio that comes faster than it can have been spoken."""
    return ProtocolError("too_fast", "audio comes faster than real time", CloseCode.REFUSED)


def _explain(exc: ValidationError) -> tuple[str, str]:
    """(code, message) of the first fault; never repeats what the client sent."""
    fault: Any = exc.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in fault["loc"])[:80]
    if fault["type"] == "json_invalid":
        return "not_json", "text frames must be JSON objects"
    if fault["type"] in ("union_tag_invalid", "union_tag_not_found") or where == "type":
        return "unknown_type", "type must be one of start, dtmf, text, playback, hangup"
    if where == "sample_rate":
        return "bad_rate", "sample_rate must be 8000, 16000, 24000 or 48000"
    return "bad_message", f"{where}: {fault['msg']}" if where else fault["msg"]
