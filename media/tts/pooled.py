"""What engines that run in the EnginePool have in common: streaming back to the hub, cancelling.

An engine implements `render`, which runs in a native thread and calls `emit` for each buffer.
Knows nothing of any one engine, nor of caching.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import Enum, auto

from media.pool import EnginePool, Job, PoolFull, Priority
from media.tts.base import Clip, OnClip, OnError

Emit = Callable[[Clip], bool]
"""Hands a clip to the hub, from a native thread. False: nobody wants more, stop."""


class _State(Enum):
    OPEN = auto()
    DONE = auto()  # all reported, failed, or cancelled


class PooledUtterance:
    """One chunk on its way through the pool. All but `_emit` runs on the hub."""

    def __init__(self, pool: EnginePool, on_clip: OnClip, on_error: OnError) -> None:
        self._pool = pool
        self._on_clip = on_clip
        self._on_error = on_error
        self._state = _State.OPEN
        self._job: Job | None = None

    def start(self, render: Callable[[Emit], None], priority: Priority) -> None:
        """Queue `render(emit)`; a full pool is reported through on_error like any failure."""
        try:
            self._job = self._pool.submit(
                lambda: render(self._emit), priority=priority, on_error=self._fail
            )
        except PoolFull as exc:
            self._pool.post(self._fail, exc)

    def cancel(self) -> None:
        """Stop between buffers; nothing is reported after this."""
        self._state = _State.DONE
        if self._job is not None:
            self._job.cancel()

    def _emit(self, clip: Clip) -> bool:
        if self._state is _State.DONE:
            return False
        self._pool.post(self._report, clip)
        return True

    def _report(self, clip: Clip) -> None:
        if self._state is _State.OPEN:
            if clip.last:
                self._state = _State.DONE
            self._on_clip(clip)

    def _fail(self, exc: Exception) -> None:
        if self._state is _State.OPEN:
            self._state = _State.DONE
            self._on_error(exc)


class PooledSynthesiser(ABC):
    """A `Synthesiser` whose work is `render`, run in the pool."""

    name: str
    voice: str
    language: str
    rate: int

    def __init__(self, pool: EnginePool) -> None:
        self._pool = pool

    @property
    @abstractmethod
    def identity(self) -> str:
        """All that decides how a text sounds, model file included: the cache's key."""

    @abstractmethod
    def render(self, text: str, emit: Emit) -> None:
        """In a native thread: make `text`, `emit` each buffer, the last with `last=True`.

        Must end early, quietly, once `emit` returns False. Raises TtsError."""

    def speak(
        self, text: str, on_clip: OnClip, on_error: OnError, priority: Priority = Priority.AUDIO
    ) -> PooledUtterance:
        """See `Synthesiser.speak`; on_error gets TtsError or PoolFull."""
        utterance = PooledUtterance(self._pool, on_clip, on_error)
        utterance.start(lambda emit: self.render(text, emit), priority)
        return utterance

    def prepare(self, texts: list[str]) -> None:  # noqa: B027 - an engine may, none must
        """Nothing to keep them in: the cache around an engine prepares."""

    def warm_up(self) -> None:
        """Load and run once, blocking; in a native thread."""
        self.render("ok", lambda _clip: True)
