"""Speech that was made once is not made again: a cache around any synthesiser.

Responsible for keys, for making a text only once however many ask, and for working through texts
prepared ahead. Files are `media.tts.clipstore`'s; knows nothing of engines.

A hit calls on_clip inside `speak()`, before it returns: nothing is faster.
"""

from __future__ import annotations

import hashlib
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from media.pool import Priority
from media.tts.base import Clip, OnClip, OnError, Synthesiser, Utterance
from media.tts.clipstore import ClipStore

log = logging.getLogger(__name__)

MS_PER_LETTER, MS_PER_IDEOGRAPH = 65, 220
"""Usual pace of speech (15 letters, 4.5 ideographs a second): how long a text will be."""


class _State(Enum):
    OPEN = auto()
    DONE = auto()


class _Listener:
    """One request; what `speak` returns."""

    def __init__(self, on_clip: OnClip, on_error: OnError) -> None:
        self._on_clip = on_clip
        self._on_error = on_error
        self._state = _State.OPEN
        self.on_cancel: Callable[[], None] | None = None

    def clip(self, clip: Clip) -> None:
        if self._state is _State.OPEN:
            if clip.last:
                self._state = _State.DONE
            self._on_clip(clip)

    def error(self, exc: Exception) -> None:
        if self._state is _State.OPEN:
            self._state = _State.DONE
            self._on_error(exc)

    def cancel(self) -> None:
        """Nothing is reported after this. The text is still made for the cache when it was
        prepared, or when half of it is there already; otherwise the engine stops."""
        if self._state is _State.OPEN:
            self._state = _State.DONE
            if self.on_cancel is not None:
                self.on_cancel()


@dataclass(eq=False, slots=True)
class _Making:
    """A text being synthesised, and who waits for it."""

    text: str
    priority: Priority
    prepared: bool
    listeners: list[_Listener] = field(default_factory=list)
    clips: list[Clip] = field(default_factory=list)
    utterance: Utterance | None = None

    @property
    def half_done(self) -> bool:
        expected = sum(MS_PER_IDEOGRAPH if c >= "\u2e80" else MS_PER_LETTER for c in self.text)
        return sum(clip.ms for clip in self.clips) >= expected / 2


class CachedSynthesiser:
    """A `Synthesiser` around another; all its methods run on the hub."""

    def __init__(self, inner: Synthesiser, store: ClipStore, identity: str) -> None:
        """`identity`: all besides the text that decides how it sounds (engine, voice, model file,
        rate, parameters)."""
        self.name = inner.name
        self.voice = inner.voice
        self.language = inner.language
        self.rate = inner.rate
        self.store = store
        self.hits = self.misses = 0
        self._inner = inner
        self._identity = identity
        self._making: dict[str, _Making] = {}
        self._ahead: deque[str] = deque()
        self._ahead_key: str | None = None

    def speak(
        self, text: str, on_clip: OnClip, on_error: OnError, priority: Priority = Priority.AUDIO
    ) -> Utterance:
        """See `Synthesiser.speak`. A hit calls on_clip before this returns; so do the clips that
        another request for the same text has already got."""
        listener = _Listener(on_clip, on_error)
        key = self._key(text)
        clip = self.store.get(key)
        if clip is not None:
            self.hits += 1
            listener.clip(clip)
            return listener
        self.misses += 1
        making = self._making.get(key)
        if making is not None and not making.clips and priority < making.priority:
            # Waiting in the queue as less urgent: the one who is in a hurry asks anew.
            self._abandon(key, making)
            making = self._make(key, text, priority, making.prepared, making.listeners)
        elif making is None:
            making = self._make(key, text, priority, prepared=False, listeners=[])
        self._join(key, making, listener)
        return listener

    def prepare(self, texts: list[str]) -> None:
        """Queue what isn't there yet; one text at a time is made, when the engines are idle."""
        self._ahead.extend(texts)
        self._prepare_next()

    def warm_up(self) -> None:
        """See `Synthesiser.warm_up`."""
        self._inner.warm_up()

    @property
    def preparing(self) -> int:
        """Texts still to be prepared."""
        return len(self._ahead) + (self._ahead_key is not None)

    def _key(self, text: str) -> str:
        return hashlib.sha256(f"{self._identity}\n{text}".encode("utf-8", "replace")).hexdigest()

    def _join(self, key: str, making: _Making, listener: _Listener) -> None:
        for clip in list(making.clips):
            listener.clip(clip)
        making.listeners.append(listener)
        listener.on_cancel = lambda: self._left(key, listener)

    def _make(
        self,
        key: str,
        text: str,
        priority: Priority,
        prepared: bool,
        listeners: list[_Listener],
    ) -> _Making:
        making = _Making(text, priority, prepared, listeners)
        self._making[key] = making
        making.utterance = self._inner.speak(
            text,
            lambda clip: self._made(key, making, clip),
            lambda exc: self._failed(key, making, exc),
            priority,
        )
        return making

    def _made(self, key: str, making: _Making, clip: Clip) -> None:
        making.clips.append(clip)
        if clip.last:
            self._making.pop(key, None)
            whole = b"".join(part.pcm for part in making.clips)
            self.store.put(key, Clip(whole, clip.rate))
        for listener in list(making.listeners):
            listener.clip(clip)
        if clip.last:
            self._settled(key)

    def _failed(self, key: str, making: _Making, exc: Exception) -> None:
        self._making.pop(key, None)
        if not making.listeners:
            log.warning("%s: a text was not prepared: %s", self.name, exc)
        for listener in list(making.listeners):
            listener.error(exc)
        self._settled(key)

    def _left(self, key: str, listener: _Listener) -> None:
        """A listener cancelled; nobody left may mean nobody needs the text."""
        making = self._making.get(key)
        if making is None or listener not in making.listeners:
            return
        making.listeners.remove(listener)
        if not making.listeners and not making.prepared and not making.half_done:
            self._abandon(key, making)

    def _abandon(self, key: str, making: _Making) -> None:
        self._making.pop(key, None)
        if making.utterance is not None:
            making.utterance.cancel()

    def _settled(self, key: str) -> None:
        if key == self._ahead_key:
            self._ahead_key = None
            self._prepare_next()

    def _prepare_next(self) -> None:
        while self._ahead and self._ahead_key is None:
            text = self._ahead.popleft()
            key = self._key(text)
            if key in self.store:
                continue
            if key in self._making:
                self._making[key].prepared = True
                continue
            self._ahead_key = key
            self._make(key, text, Priority.AHEAD, prepared=True, listeners=[])
