"""What a speech recogniser is to the rest of the product. Implementations: one file each beside it.

A `Recogniser` is an engine loaded for one language, shared by all sessions. `open()` gives a
`RecogniserStream`: one caller utterance. Every method is called on the hub and returns at once; the
work runs in the EnginePool and `on_transcript` / `on_error` are called later, on the hub.

    open ── feed feed feed … ── hypothesise ── finalise ─┬─ close
                                   ▲  caller goes on     │
                                   └──── feed … ◄────────┘
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class TranscriptKind(StrEnum):
    """How settled a transcript is."""

    PARTIAL = "partial"  # best effort, while the caller speaks
    HYPOTHESIS = "hypothesis"  # asked for in the caller's pause; stands if nobody goes on talking
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class Transcript:
    """Text of the whole utterance so far (never a delta). Empty text: no speech was recognised."""

    kind: TranscriptKind
    text: str
    audio_ms: int
    """How much of the utterance, from its first fed frame, this text covers."""
    decode_ms: float = 0.0


OnTranscript = Callable[[Transcript], None]
OnError = Callable[[Exception], None]


class RecogniserStream(Protocol):
    """One utterance, from the caller's first sound to the end of the turn."""

    def feed(self, frame: bytes) -> None:
        """Add 20 ms of PCM16 mono 16 kHz (640 bytes). Partials follow when the engine has time."""
        ...

    def hypothesise(self) -> None:
        """The caller fell silent: decode all that was fed now. A HYPOTHESIS follows."""
        ...

    def finalise(self) -> None:
        """The turn is over. Exactly one FINAL follows (or on_error): at once, for free, when a
        hypothesis with the same speech is there or under way. The stream stays usable: if the
        caller goes on, feed more and finalise again for the text of the whole."""
        ...

    def close(self) -> None:
        """Drop the utterance. Nothing is reported after this. May be called twice."""
        ...


class Recogniser(Protocol):
    """An engine loaded for one language; `open` may be called for many streams at once."""

    name: str
    language: str

    def open(
        self,
        on_transcript: OnTranscript,
        on_error: OnError,
        hints: Sequence[str] = (),
    ) -> RecogniserStream:
        """Begin an utterance. `hints`: words or phrases expected now (a grammar where the engine
        supports one; otherwise a bias or nothing)."""
        ...

    def warm_up(self) -> None:
        """Load and run once, blocking; called in a native thread before the first session."""
        ...
