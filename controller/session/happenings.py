"""What a session tells those who watch it: pages, records, metrics, consoles.

A watcher is called on the session's greenlet with one of these; it must not block and can't change
the session. Times `at` are seconds on the session's clock; `*_ms` are milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from controller.session.ports import ToolOutcome


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """The first happening of every session."""

    entry: str  # "web", "inbound" or "outbound"
    bot: str
    language: str
    variables: Mapping[str, str] = field(default_factory=dict)
    version: str = ""  # of what the strategy goes by (a prompt, a flow); "" when it has none


@dataclass(frozen=True, slots=True)
class StateChanged:
    """`state`: listening, thinking, speaking, tool_running or ending."""

    state: str


@dataclass(frozen=True, slots=True)
class VoiceHeard:
    """`event` is speech_start or speech_end; `at_ms` counts the audio received so far."""

    event: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class PartialHeard:
    """Best-effort text while the caller speaks."""

    text: str


@dataclass(frozen=True, slots=True)
class FinalHeard:
    """What the caller said in this turn. `by`: speech, dtmf or text."""

    turn: int
    text: str
    by: str = "speech"


@dataclass(frozen=True, slots=True)
class ChunkSpoken:
    """A chunk of a reply, as its audio starts."""

    turn: int
    reply_id: str
    text: str
    citations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BargedIn:
    """The caller took over; `heard` is what they heard of the reply."""

    turn: int
    reply_id: str


@dataclass(frozen=True, slots=True)
class InterruptionDismissed:
    """A cough or a backchannel: the reply goes on."""

    reply_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolRan:
    """A tool has ended, well or not."""

    turn: int
    outcome: ToolOutcome
    took_ms: float


@dataclass(frozen=True, slots=True)
class Timings:
    """Stages of one turn in ms; None where a stage did not happen (a typed turn has no endpoint).

    All but `tts_first_frame_ms` and `llm_first_token_ms` count from the acoustic end of the caller's
    speech; those two are the lengths of their own stage (chunk → first frame, request → first token).
    """

    endpoint_ms: float | None = None
    asr_final_ms: float | None = None
    llm_first_token_ms: float | None = None
    tts_first_frame_ms: float | None = None
    response_ms: float | None = None
    speculative: bool = False
    """True when the reply had been begun before the endpoint."""


@dataclass(frozen=True, slots=True)
class TurnMeasured:
    """The first reply sample of this turn has been sent: its timings are complete."""

    turn: int
    timings: Timings


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """One whole turn, for the record. Turn 0 is the bot's opening."""

    turn: int
    caller_text: str
    by: str  # opening, speech, dtmf, text, silence
    bot_text: str  # generated
    heard_text: str  # what the caller heard of it
    interrupted: bool
    failed: bool
    timings: Timings
    reply_id: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something failed and the session goes on; `message` is fit to be shown."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The last happening of the bot's part. `reason`: hangup, goodbye, silence, time_limit, media_lost,
    error, drain… `memory`: what the strategy last remembered; only who knows that can read it."""

    reason: str
    duration_ms: float
    memory: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class PersonSpoke:
    """A bot has handed its caller over, and now the two people talk: comes after SessionEnded.

    `who`: caller or agent; `agent`: who took the caller over, a login's name or "extension 1001";
    `at`: when they began to say it, UTC."""

    who: str
    agent: str
    text: str
    at: datetime


Happening = (
    SessionStarted
    | StateChanged
    | VoiceHeard
    | PartialHeard
    | FinalHeard
    | ChunkSpoken
    | BargedIn
    | InterruptionDismissed
    | ToolRan
    | TurnMeasured
    | TurnEnded
    | Trouble
    | SessionEnded
    | PersonSpoke
)

Watcher = Callable[[str, Happening], Any]
"""Called with the session's id and what happened."""
