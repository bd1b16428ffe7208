"""One reply: what was generated, what of it is audio, what of it was heard. Pure bookkeeping.

A reply is everything the bot says in answer to one turn, also after the tools it ran meanwhile. The
core owns at most one; everything made for it carries its id.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from controller.session.chunker import Chunker
from controller.session.events import ToolRequested
from controller.session.ports import Expect, Remember, ReplyRequest, ToolOutcome
from media.tts.base import Clip


@dataclass(slots=True)
class Chunk:
    """A speakable piece of a reply and how far it has come."""

    text: str
    interruptible: bool = True
    citations: tuple[str, ...] = ()
    clips: list[Clip] = field(default_factory=list)
    """Audio held back while the reply is only a guess."""
    total_ms: float = 0.0
    complete: bool = False  # all its audio is here
    skipped: bool = False  # it can't be spoken
    started_at: float | None = None
    heard: bool = False
    heard_ms: float = 0.0
    retried: bool = False

    def heard_text(self) -> str:
        """The words of this chunk that the caller heard, whole words only."""
        if self.heard:
            return self.text
        if not self.heard_ms or not self.total_ms:
            return ""
        upto = int(len(self.text) * min(1.0, self.heard_ms / self.total_ms))
        return _whole_words(self.text, upto)


@dataclass(frozen=True, slots=True)
class Promise:
    """What becomes true once chunk `before_chunk`, or a later one, is heard."""

    before_chunk: int
    value: Remember | Expect


@dataclass(slots=True)
class Reply:
    """The current reply. `speculative`: begun on a guess, nothing of it may be played yet."""

    id: str
    turn: int
    request: ReplyRequest
    asked_at: float
    speculative: bool = False
    chunker: Chunker = field(default_factory=Chunker)
    chunks: list[Chunk] = field(default_factory=list)
    streaming: bool = True  # the strategy's stream is open
    proposals: list[ToolRequested] = field(default_factory=list)
    running: ToolRequested | None = None
    tool_started_at: float = 0.0
    tools_run: int = 0
    outcome: ToolOutcome | None = None  # not told to the strategy yet
    failed: bool = False
    hang_up: str = ""
    interruptible: bool = True  # of the text that comes next
    citations: tuple[str, ...] = ()
    first_text_at: float | None = None
    first_synth_at: float | None = None
    tts_first_frame_at: float | None = None
    first_audio_at: float | None = None
    stopped_turn: Any = None  # the turn it answered, kept when it is dropped
    filler_used: bool = False
    paused_at: float | None = None
    promises: list[Promise] = field(default_factory=list)

    def promise(self, value: Remember | Expect) -> None:
        """Holds as soon as the words that come after it are heard."""
        self.promises.append(Promise(len(self.chunks), value))

    def kept(self, upto_chunk: int) -> list[Remember | Expect]:
        """Promises that hold now that this chunk is being heard; each is given once."""
        due = [p.value for p in self.promises if p.before_chunk <= upto_chunk]
        self.promises = [p for p in self.promises if p.before_chunk > upto_chunk]
        return due

    def memory_or(self, current: Any) -> Any:
        """The newest memory of this reply, heard or not; the strategy's own view of it."""
        memories = [p.value.memory for p in self.promises if isinstance(p.value, Remember)]
        return memories[-1] if memories else current

    @property
    def text(self) -> str:
        """All that was generated."""
        return join_text([c.text for c in self.chunks])

    @property
    def heard_text(self) -> str:
        """All that was heard."""
        return join_text([c.heard_text() for c in self.chunks])

    @property
    def audible(self) -> bool:
        """Whether the caller has heard any of it."""
        return self.first_audio_at is not None

    @property
    def all_heard(self) -> bool:
        """Whether everything so far has been played (or can't be)."""
        return all(c.heard or c.skipped for c in self.chunks)

    @property
    def working(self) -> bool:
        """Whether more may come: the stream is open, or a tool runs or waits or was not told."""
        return bool(self.streaming or self.proposals or self.running or self.outcome)

    @property
    def finished(self) -> bool:
        """Whether nothing more will come and all of it was heard."""
        return not self.working and self.all_heard

    @property
    def playing(self) -> Chunk | None:
        """The chunk that is being heard now."""
        return next((c for c in self.chunks if c.started_at is not None and not c.heard), None)

    @property
    def can_be_interrupted(self) -> bool:
        """Whether the caller may take the turn now."""
        current = self.playing or next((c for c in self.chunks if not c.heard), None)
        return not self.hang_up and (current is None or current.interruptible)

    def remaining_ms(self, now: float) -> float | None:
        """How much is still to be heard, or None while that is not known."""
        if self.working:
            return None
        rest = 0.0
        for chunk in self.chunks:
            if chunk.heard or chunk.skipped:
                continue
            if not chunk.complete:
                return None
            rest += chunk.total_ms
            if chunk.started_at is not None:
                rest -= (now - chunk.started_at) * 1000
        return rest

    def stopped(self, index: int, played_ms: float) -> None:
        """Playback was cut in chunk `index` after `played_ms` of it (-1: nothing was heard)."""
        for i, chunk in enumerate(self.chunks):
            if i < index and not chunk.skipped:
                chunk.heard = True
            elif i == index and not chunk.heard:
                chunk.heard_ms = played_ms

    def shift(self, paused_s: float) -> None:
        """Playback went on after a pause: the clock of what is being heard stood still."""
        if self.playing is not None and self.playing.started_at is not None:
            self.playing.started_at += paused_s

    def stopped_by_clock(self, now: float) -> None:
        """Playback was cut and nobody tells where: as far as the clock says."""
        chunk = self.playing
        if chunk is not None and chunk.started_at is not None and not chunk.heard_ms:
            until = now if self.paused_at is None else self.paused_at
            chunk.heard_ms = min(chunk.total_ms, (until - chunk.started_at) * 1000)


def join_text(pieces: list[str]) -> str:
    """Chunks as one text: spaces between Latin ones, none between CJK ones."""
    text = ""
    for piece in pieces:
        if text and piece and text[-1].isascii() and piece[0].isascii():
            text += " "
        text += piece
    return text


def _whole_words(text: str, upto: int) -> str:
    if upto >= len(text):
        return text
    cut = text[:upto]
    if re.match(r"[A-Za-z0-9'’]", text[upto : upto + 1] or " "):
        cut = re.sub(r"[A-Za-z0-9'’\-]+$", "", cut)
    return cut.rstrip(" ,，、;；")
