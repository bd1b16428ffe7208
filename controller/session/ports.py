"""What a session needs from the world, and the values that cross.

The kernel sees an entry, an engine, a strategy or a tool only through these. Implementations live in
other packages and are introduced to the kernel by `controller.app`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from media.tts.base import Clip

# --- dialogue -------------------------------------------------------------------------------


class Role(StrEnum):
    """Who a history entry belongs to."""

    CALLER = "caller"
    BOT = "bot"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a session's history. A bot's line holds what the caller *heard*."""

    role: Role
    text: str
    interrupted: bool = False


class Cause(StrEnum):
    """Why a reply is asked for."""

    OPENING = "opening"  # the session begins: greet
    SPEECH = "speech"  # the caller said `text`
    DTMF = "dtmf"  # the caller pressed `text`
    TEXT = "text"  # the caller typed `text`
    SILENCE = "silence"  # the caller said nothing for a while; `silence_count` times now
    TOOL = "tool"  # a proposed tool has run; see `tool`


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool the strategy proposes; the runner checks it before anything happens."""

    call_id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """How a tool ended: one form for success and for every failure.

    `code` and `say` are set when not ok: a machine-readable reason and words safe to tell the caller.
    `hang_up` holds a reason when the session shall end after what is being said.
    """

    call: ToolCall
    ok: bool
    data: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    say: str = ""
    retryable: bool = False
    hang_up: str = ""


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """All that a strategy is told. `memory` is the value it last gave by `Remember`; None at first.

    `tool`: the outcome for cause TOOL. With any other cause: one that `memory` doesn't know of, because
    the caller talked over the reply that would have told it."""

    cause: Cause
    text: str = ""
    history: tuple[Entry, ...] = ()
    memory: Any = None
    variables: Mapping[str, str] = field(default_factory=dict)
    silence_count: int = 0
    tool: ToolOutcome | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """Words to speak. Streams may give any pieces; the kernel cuts them into speakable chunks."""

    text: str
    interruptible: bool = True
    citations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remember:
    """The strategy's new memory. Takes effect only if this reply is really spoken."""

    memory: Any


@dataclass(frozen=True, slots=True)
class Expect:
    """What the strategy waits for after this reply; a hint for the ears, never a filter.

    `completes(text)`: True when these words already answer the question, so that the endpoint may
    come early. `hints`: words or phrases for the recogniser. `dtmf_digits`: how many key presses make
    one answer (`#` ends it early). `silence_s`: how long the caller may be silent; None: as the profile
    says.
    """

    completes: Callable[[str], bool] | None = None
    hints: tuple[str, ...] = ()
    dtmf_digits: int = 1
    silence_s: float | None = None


@dataclass(frozen=True, slots=True)
class Propose:
    """A tool call proposed by the strategy. Spoken text before it is said first or meanwhile."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


ReplyItem = Say | Remember | Expect | Propose


class Strategy(Protocol):
    """Decides what to say. Holds no per-session state: all of it is in `request.memory`, so a reply
    that was begun on a guess can be thrown away and asked for again.

    One that has a `version: str` (of its prompt, of its flow) has it recorded with the session."""

    def reply(self, request: ReplyRequest) -> Iterator[ReplyItem]:
        """Stream a reply. May block cooperatively (network); raises when it can't answer. Closing
        the iterator cancels it."""
        ...

    def prompts(self) -> Sequence[str]:
        """Texts known ahead, to be synthesised before anyone calls."""
        ...


class ToolRunner(Protocol):
    """Checks, runs and times proposed tools. Never raises: a failure is an outcome."""

    def run(self, call: ToolCall) -> ToolOutcome:
        """Run one call, blocking cooperatively at most its time limit."""
        ...

    def cancellable(self, name: str) -> bool:
        """Whether a running call of this tool may be abandoned when the caller goes on talking."""
        ...

    def must_finish(self, name: str) -> bool:
        """Whether a running call of this tool is let finish when the session ends."""
        ...


# --- audio ----------------------------------------------------------------------------------


class AudioIn(Protocol):
    """The caller's voice."""

    def frames(self) -> Iterator[bytes]:
        """20 ms frames of PCM16 mono 16 kHz as they arrive; ends when the entry is gone."""
        ...


class PlaybackListener(Protocol):
    """Told by an AudioOut what the caller hears. Call on the hub."""

    def playback_started(self, reply_id: str, chunk: int) -> None:
        """The first sample of this chunk has gone out."""
        ...

    def playback_done(self, reply_id: str, chunk: int) -> None:
        """The last sample of this chunk has been heard."""
        ...

    def playback_stopped(self, reply_id: str, chunk: int, played_ms: float) -> None:
        """Playback was cut in this chunk after `played_ms` of it (chunk -1: nothing was heard)."""
        ...


class AudioTap(Protocol):
    """Hears what goes out to the caller (a recording). Must not block."""

    def sent(self, pcm: bytes, rate: int) -> None:
        """This goes out now: PCM16 mono at `rate` Hz, at most 200 ms ahead of being heard."""
        ...

    def cut(self) -> None:
        """What was sent and not heard yet never will be."""
        ...


class AudioOut(Protocol):
    """The bot's voice. Nothing here blocks."""

    def bind(self, listener: PlaybackListener) -> None:
        """Called once, before anything is played: whom to tell."""
        ...

    def tap(self, tap: AudioTap) -> None:
        """Called at most once, before anything is played: who else hears what goes out."""
        ...

    def play(self, reply_id: str, chunk: int, clip: Clip) -> None:
        """Append audio of chunk `chunk`; `clip.last` marks the chunk's end."""
        ...

    def pause(self) -> None:
        """Silence now, keeping what has not been heard."""
        ...

    def resume(self) -> None:
        """Go on where `pause` cut."""
        ...

    def stop(self, reply_id: str) -> None:
        """Silence now and drop everything; `playback_stopped` follows when audio had been queued."""
        ...

    def close(self) -> None:
        """The session is over; release everything."""
        ...
