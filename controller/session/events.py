"""All that can happen to a session, as small frozen values.

An event says what happened, never what to do; `controller.session.states` says that. Events that
belong to a piece of work carry its id (`reply_id`, `utterance`, `call_id`), so that what comes from work
given up can be told apart and dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from controller.session.ports import Expect, ToolCall, ToolOutcome
from media.tts.base import Clip


@dataclass(frozen=True, slots=True)
class Started:
    """The entry is connected: greet."""


# --- the caller ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechStart:
    """The caller's voice began at `onset_ms` of the audio received so far."""

    onset_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Voice:
    """One frame later in a stretch of speech: how long the voice, how long the pause now."""

    at_ms: int
    voiced_ms: int
    silence_ms: int
    speaking: bool


@dataclass(frozen=True, slots=True)
class SpeechEnd:
    """The caller's turn is over. Raised by the core itself, when its endpointing says so."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Partial:
    """Best-effort text of the open utterance."""

    utterance: int
    text: str


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Text decoded in the caller's pause; it stands if nobody goes on talking."""

    utterance: int
    text: str


@dataclass(frozen=True, slots=True)
class Final:
    """The settled text of the utterance; empty when no words were recognised."""

    utterance: int
    text: str


@dataclass(frozen=True, slots=True)
class AsrFailed:
    """The recogniser raised; it is being rebuilt."""

    utterance: int
    message: str


@dataclass(frozen=True, slots=True)
class Dtmf:
    """A key press, one of 0-9*#A-D."""

    digit: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A typed turn."""

    text: str


# --- the reply -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReplyText:
    """A piece of the strategy's stream."""

    reply_id: str
    text: str
    interruptible: bool = True
    citations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyMemory:
    """The strategy's memory after this reply."""

    reply_id: str
    memory: Any


@dataclass(frozen=True, slots=True)
class ReplyExpects:
    """What the strategy waits for after this reply."""

    reply_id: str
    expect: Expect


@dataclass(frozen=True, slots=True)
class ToolRequested:
    """The strategy proposes a tool."""

    reply_id: str
    call: ToolCall
    cancellable: bool = False
    must_finish: bool = False  # also when the session ends meanwhile
    """Whether the caller may make it moot by taking the turn."""


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """The strategy's stream is complete."""

    reply_id: str


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    """The strategy raised or took too long."""

    reply_id: str
    message: str


@dataclass(frozen=True, slots=True)
class AudioReady:
    """Synthesised audio of a chunk; `clip.last` marks its end."""

    reply_id: str
    chunk: int
    clip: Clip


@dataclass(frozen=True, slots=True)
class AudioFailed:
    """The synthesiser raised; it is being rebuilt."""

    reply_id: str
    chunk: int
    message: str


@dataclass(frozen=True, slots=True)
class PlaybackStarted:
    """The first sample of a chunk has gone out."""

    reply_id: str
    chunk: int


@dataclass(frozen=True, slots=True)
class PlaybackDone:
    """The last sample of a chunk has been heard."""

    reply_id: str
    chunk: int


@dataclass(frozen=True, slots=True)
class PlaybackStopped:
    """Playback was cut; chunk -1: nothing had been heard."""

    reply_id: str
    chunk: int
    played_ms: float


@dataclass(frozen=True, slots=True)
class ToolDone:
    """A tool has run."""

    outcome: ToolOutcome


# --- time and endings ------------------------------------------------------------------------


class TimerKind(StrEnum):
    """A session has at most one timer of each kind."""

    SILENCE = "silence"  # the caller says nothing
    STALL = "stall"  # the reply's stream pauses with words waiting
    FILLER = "filler"  # the reply's first words are slow
    REPLY = "reply"  # … too slow
    FINAL = "final"  # the transcript is late
    RESUME = "resume"  # an interruption stays without words
    DTMF = "dtmf"  # a row of key presses is over
    LIMIT = "limit"  # the session is too long
    GOODBYE = "goodbye"  # the goodbye was not heard to its end
    TOOLS = "tools"  # a tool that must finish before the end does not


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer is due."""

    kind: TimerKind


@dataclass(frozen=True, slots=True)
class HangupRequested:
    """A tool asks for the end. Raised by the core itself."""

    reason: str


@dataclass(frozen=True, slots=True)
class GoodbyeRequested:
    """An operator or a drain wants a polite end."""

    reason: str


@dataclass(frozen=True, slots=True)
class RemoteHangup:
    """The caller, or an operator who won't wait, hung up."""

    reason: str = "hangup"


@dataclass(frozen=True, slots=True)
class MediaLost:
    """The caller's audio is gone, and its grace time too."""

    reason: str = "media_lost"


Event = (
    Started | SpeechStart | Voice | SpeechEnd | Partial | Hypothesis | Final | AsrFailed | Dtmf | Typed
    | ReplyText | ReplyMemory | ReplyExpects | ToolRequested | ReplyEnded | ReplyFailed
    | AudioReady | AudioFailed | PlaybackStarted | PlaybackDone | PlaybackStopped | ToolDone
    | TimerFired | HangupRequested | GoodbyeRequested | RemoteHangup | MediaLost
)  # fmt: skip
