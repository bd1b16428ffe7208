"""What a speech synthesiser is to the rest of the product. Implementations: one file each beside it.

A `Synthesiser` is one engine with one voice, shared by all sessions. `speak()` makes one *chunk*
(a short speakable piece of text) into audio; buffers come as they are made. Called on the hub,
returns at once; callbacks are called later, on the hub.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from media.pool import Priority


@dataclass(frozen=True, slots=True)
class Clip:
    """A piece of audio: PCM16 mono at `rate` Hz. `last` marks the end of its chunk."""

    pcm: bytes
    rate: int
    last: bool = True

    @property
    def ms(self) -> float:
        """Length in milliseconds."""
        return len(self.pcm) / 2 / self.rate * 1000


OnClip = Callable[[Clip], None]
OnError = Callable[[Exception], None]


class Utterance(Protocol):
    """A chunk being synthesised."""

    def cancel(self) -> None:
        """Stop between buffers; nothing is reported after this. May be called at any time."""
        ...


class Synthesiser(Protocol):
    """One engine and voice. `rate` is what its clips come at, Hz."""

    name: str
    voice: str
    language: str
    rate: int

    def speak(
        self, text: str, on_clip: OnClip, on_error: OnError, priority: Priority = Priority.AUDIO
    ) -> Utterance:
        """Synthesise `text`; `on_clip` once or more, the last with `last=True`, or `on_error`."""
        ...

    def prepare(self, texts: list[str]) -> None:
        """Synthesise these ahead into the cache, at low priority, returning at once."""
        ...

    def warm_up(self) -> None:
        """Load and run once, blocking; called in a native thread before the first session."""
        ...
