"""The core of a session: an event and the time in, effects out.

Rules of this package:
1. The core never sleeps, reads a clock, opens a socket or calls an engine. It is told the time.
2. What happens in which state is the table in `controller.session.table`, and nothing else.
3. Work in flight carries the id of its reply or utterance. What comes from work given up is dropped
   in `handle`, before the table: so nothing of a cancelled reply can ever be played.

This file holds the session's data and the small verbs that the table's actions are made of. The
actions stand in `listening` (the caller's turn), `speaking` (the bot's), `interrupting` (both) and
`ending`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from controller.session import events as ev
from controller.session.bargein import BargeIn
from controller.session.effects import (
    CancelTimer,
    CloseUtterance,
    Effect,
    End,
    Publish,
    SetTimer,
)
from controller.session.endpointing import Endpointing
from controller.session.happenings import Happening, StateChanged, Timings
from controller.session.ports import Cause, Entry, Expect, ToolOutcome
from controller.session.profile import Profile
from controller.session.reply import Reply

TOOLS_S = 65.0
"""Wait at the end for tools that must finish: their own limits, at most 60 s, come first."""


class State(StrEnum):
    """What a session is doing. ENDED has no row in the table: nothing happens any more."""

    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    TOOL_RUNNING = "tool_running"
    ENDING = "ending"
    ENDED = "ended"


@dataclass(slots=True)
class Turn:
    """A caller's turn, from the first sound to its settled text. Times are on the session's clock."""

    by: Cause
    utterance: int = 0
    endpointing: Endpointing | None = None
    number: int = 0
    text: str = ""
    hypothesis: str | None = None
    silence_ms: int = 0
    at_ms: int = 0  # audio received by now
    ended_at: float = 0.0  # acoustic end of speech, or the moment of a key press
    endpoint_at: float | None = None
    final_at: float | None = None
    speculative: bool = False
    measured: Timings | None = None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A tool that must finish although its reply was given up: whose turn it is recorded with."""

    turn: int
    started_at: float


@dataclass(slots=True)
class Interruption:
    """The caller's voice while the bot has the turn. It becomes a turn, or nothing."""

    utterance: int
    endpointing: Endpointing
    policy: BargeIn | None  # None: this reply can't be interrupted
    early_answer: bool
    voiced_ms: int = 0
    ended_at: float = 0.0
    over: bool = False  # waiting for its final transcript


class Core:
    """One session's state and decisions. Use only `handle`, `state` and `unexpected` from outside."""

    def __init__(self, profile: Profile, variables: Mapping[str, str] | None = None) -> None:
        self.profile = profile
        self.variables: Mapping[str, str] = dict(variables or {})
        self.state = State.LISTENING
        self.now = 0.0
        self.started_at = 0.0
        self.turn: Turn | None = None
        self.reply: Reply | None = None
        self.stopping: Reply | None = None  # cut off; how much of it was heard is still to be told
        self.unfinished: dict[str, Unfinished] = {}  # by call id
        self.leaving = ""  # why the session ends, while it waits for these
        self.interruption: Interruption | None = None
        self.history: list[Entry] = []
        self.memory: Any = None
        self.untold: ToolOutcome | None = None  # ran; no memory that knows of it holds yet
        self.expect = Expect()
        self.digits = ""
        self.queued: list[tuple[Cause, str]] = []
        self.silence_count = 0
        self.failures = 0
        self.turns = 0
        self.unexpected: Counter[str] = Counter()
        self.stale = 0
        self._utterances = 0
        self._replies = 0
        self._timers: set[ev.TimerKind] = set()
        self._out: list[Effect] = []

    def handle(self, event: ev.Event, now: float) -> list[Effect]:
        """What must be done because of `event` at `now` (seconds, never going back)."""
        self.now = now
        self._out = []
        if self.state is not State.ENDED:
            if self._is_stale(event):
                self.stale += 1
            else:
                self.dispatch(event)
        return self._out

    def dispatch(self, event: ev.Event) -> None:
        """Apply the table's cell for this event. Actions raise further events through it."""
        from controller.session.table import TABLE  # the table names the actions, which need Core

        key = event.kind if isinstance(event, ev.TimerFired) else type(event)
        action = TABLE[key].get(self.state)
        if action is None:
            self.unexpected[f"{key if isinstance(key, str) else key.__name__} in {self.state}"] += 1
            return
        action(self, event)

    # --- verbs -------------------------------------------------------------------------------

    def do(self, effect: Effect) -> None:
        """Ask for an effect."""
        self._out.append(effect)

    def tell(self, happening: Happening) -> None:
        """Tell those who watch."""
        self._out.append(Publish(happening))

    def enter(self, state: State) -> None:
        """Change the state, telling it once."""
        if state is not self.state:
            self.state = state
            if state is not State.ENDED:
                self.tell(StateChanged(state.value))

    def set_timer(self, kind: ev.TimerKind, after_s: float) -> None:
        """(Re)start the timer of this kind."""
        self._timers.add(kind)
        self.do(SetTimer(kind, self.now + after_s))

    def cancel_timer(self, *kinds: ev.TimerKind) -> None:
        """Forget timers that are running."""
        for kind in kinds:
            if kind in self._timers:
                self._timers.discard(kind)
                self.do(CancelTimer(kind))

    def cancel_all_timers(self) -> None:
        """Forget every timer."""
        self.cancel_timer(*sorted(self._timers))

    def next_utterance(self) -> int:
        """A fresh utterance id."""
        self._utterances += 1
        return self._utterances

    def next_reply_id(self) -> str:
        """A fresh reply id."""
        self._replies += 1
        return f"r{self._replies}"

    def endpointing(self) -> Endpointing:
        """A fresh endpoint policy for what is expected now."""
        return Endpointing(self.profile.endpoint, self.profile.language, self.expect.completes)

    def forget_interruption(self) -> None:
        """Drop the voice over the bot, if any."""
        if self.interruption is not None:
            self.do(CloseUtterance(self.interruption.utterance))
            self.interruption = None
        self.cancel_timer(ev.TimerKind.RESUME)

    def finish(self, reason: str) -> None:
        """The very end; with tools that must finish, once they have."""
        self.cancel_all_timers()
        if self.unfinished:
            self.leaving = self.leaving or reason
            self.set_timer(ev.TimerKind.TOOLS, TOOLS_S)
            self.enter(State.ENDING)
            return
        self.enter(State.ENDED)
        self.do(End(self.leaving or reason))

    # --- stale work --------------------------------------------------------------------------

    def _is_stale(self, event: ev.Event) -> bool:
        if isinstance(event, ev.PlaybackStopped):
            return self.stopping is None or self.stopping.id != event.reply_id
        if isinstance(event, ev.ToolDone):
            call_id = event.outcome.call.call_id
            running = self.reply.running if self.reply else None
            return call_id not in self.unfinished and (
                running is None or running.call.call_id != call_id
            )
        if isinstance(event, ev.TimerFired):
            known = event.kind in self._timers
            self._timers.discard(event.kind)
            return not known
        reply_id = getattr(event, "reply_id", None)
        if reply_id is not None:
            reply = self.reply
            chunk = getattr(event, "chunk", -1)
            return reply is None or reply.id != reply_id or chunk >= len(reply.chunks)
        utterance = getattr(event, "utterance", None)
        if utterance is not None:
            return utterance not in self._open_utterances()
        return False

    def _open_utterances(self) -> tuple[int, ...]:
        return tuple(x.utterance for x in (self.turn, self.interruption) if x is not None)
