"""All that the core can ask for, as small frozen values. The shell carries them out in order."""

from __future__ import annotations

from dataclasses import dataclass

from controller.session.events import TimerKind
from controller.session.happenings import Happening
from controller.session.ports import ReplyRequest, ToolCall
from media.tts.base import Clip


@dataclass(frozen=True, slots=True)
class OpenUtterance:
    """Begin recognising from `onset_ms` (pre-roll included); drops an utterance still open."""

    utterance: int
    onset_ms: int
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HypothesiseUtterance:
    """Decode what was said so far."""

    utterance: int


@dataclass(frozen=True, slots=True)
class FinaliseUtterance:
    """The turn is over: settle its text. The utterance stays open in case the caller goes on."""

    utterance: int


@dataclass(frozen=True, slots=True)
class CloseUtterance:
    """Nothing more of this utterance is wanted."""

    utterance: int


@dataclass(frozen=True, slots=True)
class AskStrategy:
    """Stream a reply."""

    reply_id: str
    request: ReplyRequest


@dataclass(frozen=True, slots=True)
class CancelStream:
    """Give up the strategy's stream; what was made of it so far is still spoken."""

    reply_id: str


@dataclass(frozen=True, slots=True)
class CancelReply:
    """Give up the strategy's stream and all synthesis of this reply."""

    reply_id: str


@dataclass(frozen=True, slots=True)
class Synthesise:
    """Make audio of a chunk; `urgent`: the caller hears silence until it comes."""

    reply_id: str
    chunk: int
    text: str
    urgent: bool


@dataclass(frozen=True, slots=True)
class Play:
    """Append audio to the playback."""

    reply_id: str
    chunk: int
    clip: Clip


@dataclass(frozen=True, slots=True)
class PausePlayback:
    """Fall silent, keeping what has not been heard."""

    reply_id: str


@dataclass(frozen=True, slots=True)
class ResumePlayback:
    """Go on where the pause cut."""

    reply_id: str


@dataclass(frozen=True, slots=True)
class StopPlayback:
    """Fall silent and drop everything."""

    reply_id: str


@dataclass(frozen=True, slots=True)
class RunTool:
    """Check and run a proposed tool."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class CancelTool:
    """Give up a running tool; no ToolDone follows."""

    call_id: str


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Fire once `at` (seconds on the session's clock); replaces the timer of this kind."""

    kind: TimerKind
    at: float


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget the timer of this kind."""

    kind: TimerKind


@dataclass(frozen=True, slots=True)
class Publish:
    """Tell those who watch."""

    happening: Happening


@dataclass(frozen=True, slots=True)
class End:
    """The session is over; release everything. Always the last effect."""

    reason: str


Effect = (
    OpenUtterance | HypothesiseUtterance | FinaliseUtterance | CloseUtterance | AskStrategy
    | CancelStream | CancelReply | Synthesise | Play | PausePlayback | ResumePlayback | StopPlayback
    | RunTool | CancelTool | SetTimer | CancelTimer | Publish | End
)  # fmt: skip
