"""A line as a simulated person holds it: one clock a call that drives both legs.

Responsible for: the phases of a call, 20 ms of microphone every 20 ms, waiting for what may happen on
a call, the recording, and the record of all messages with their times. It must never know how audio
travels (web_line, phone_line), nor decide what to say.

Drift-free: tick n is due at start + n * 20 ms whatever happened before. A late tick catches up; how
late it was is kept in `late_ms`, so that a measurement on a starved machine can be told apart.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import Any

import gevent
from gevent.event import AsyncResult

from tests.simulator.audio import FRAME_MS
from tests.simulator.legs import Gap, Microphone, Sound
from tests.simulator.turns import Said


class Refused(ConnectionError):
    """The call was not taken: `code` of an error or a hang-up cause, `close_code` of a WebSocket."""

    def __init__(self, code: str, message: str, close_code: int | None = None) -> None:
        closed = "" if close_code is None else f", close {close_code}"
        super().__init__(f"refused: {code} ({message}){closed}")
        self.code = code
        self.close_code = close_code


class Phase(StrEnum):
    """Life of a call."""

    DIALLING = "dialling"
    TALKING = "talking"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Message:
    """Something the server told, `at_ms` of the call."""

    at_ms: float
    type: str
    body: dict[str, Any]


OnMessage = Callable[[Message], None]


class Line(ABC):
    """One call. Times are ms since `_start_clock`."""

    def __init__(
        self, rate: int, noise_dbfs: float, record: bool, on_message: OnMessage | None = None
    ) -> None:
        self.rate = rate
        self.phase = Phase.DIALLING
        self.messages: list[Message] = []
        self.late_ms: list[float] = []
        self.microphone = Microphone(rate, noise_dbfs)
        self.recording = (bytearray(), bytearray()) if record else None
        self._on_message = on_message
        self._waiting: list[tuple[Callable[[], bool], AsyncResult]] = []
        self._greenlets: list[gevent.Greenlet] = []
        self._started_s = monotonic()

    # What each kind of line does its own way

    @abstractmethod
    def open(self) -> None:
        """Have a call that both sides take part in. Raises Refused, OSError."""

    @abstractmethod
    def ask_to_end(self) -> None:
        """What a caller does to hang up; the call may go on for a moment."""

    @abstractmethod
    def close(self) -> None:
        """Leave from this side. May be called twice."""

    @abstractmethod
    def press(self, digit: str) -> None:
        """One DTMF key."""

    @property
    @abstractmethod
    def sounds(self) -> Sequence[Sound]:
        """What was heard so far."""

    @property
    @abstractmethod
    def gaps(self) -> Sequence[Gap]:
        """Where a reply had a hole."""

    @property
    @abstractmethod
    def waiting_ms(self) -> float:
        """Audio that has come and will be heard."""

    @property
    @abstractmethod
    def bot_is_speaking(self) -> bool:
        """As far as a person on this line can tell."""

    @property
    @abstractmethod
    def bot_is_busy(self) -> bool:
        """Speaking or, as far as this line shows it, about to."""

    @property
    @abstractmethod
    def bot_is_leaving(self) -> bool:
        """The bot says goodbye, as far as this line shows it."""

    @property
    @abstractmethod
    def end_reason(self) -> str | None:
        """Why the call ended; None if nobody has said so."""

    @abstractmethod
    def clears_ms(self, said: Said) -> Sequence[float]:
        """When playback was cut, from the start of `said` on."""

    @abstractmethod
    def finals_ms(self, said: Said) -> Sequence[float]:
        """When the bot took words as a turn, from the start of `said` on."""

    @abstractmethod
    def _hear(self) -> None:
        """One tick of hearing, before the microphone's frame is sent."""

    @abstractmethod
    def _say(self, frame: bytes) -> None:
        """Send a microphone frame."""

    # What is the same on all

    @property
    def now_ms(self) -> float:
        """Time on the call."""
        return (monotonic() - self._started_s) * 1000

    @property
    def silent_for_good(self) -> bool:
        """The call is over and all of it has been heard."""
        return self.phase is Phase.OVER and self.waiting_ms == 0

    def wait(self, predicate: Callable[[], bool], limit_s: float) -> bool:
        """Until `predicate()` (looked at on every message and tick) or the end of the call."""
        if predicate() or self.silent_for_good:
            return predicate()
        result = AsyncResult()
        entry = (predicate, result)
        self._waiting.append(entry)
        try:
            return bool(result.get(timeout=limit_s))  # as it was then: it may be over by now
        except gevent.Timeout:
            return predicate()
        finally:
            self._waiting.remove(entry)

    def _start_clock(self) -> None:
        self._started_s = monotonic()

    def _keep_time(self) -> None:
        """Body of the clock's greenlet."""
        tick = 0
        while not self.silent_for_good:
            due_s = self._started_s + tick * FRAME_MS / 1000
            gevent.sleep(max(0.0, due_s - monotonic()))
            self.late_ms.append((monotonic() - due_s) * 1000)
            self._hear()
            spoken = self.microphone.next_frame() if tick else b""
            if self.recording:
                self.recording[0].extend(spoken)
            if tick and self.phase is Phase.TALKING:
                self._say(spoken)
            self._tell_waiting()
            tick += 1

    def _note(self, kind: str, body: dict[str, Any]) -> None:
        message = Message(self.now_ms, kind, body)
        self.messages.append(message)
        if self._on_message:
            self._on_message(message)

    def _tell_waiting(self) -> None:
        for predicate, result in self._waiting:
            if not result.ready() and ((true := predicate()) or self.silent_for_good):
                result.set(true)

    def _leave(self) -> None:
        self.phase = Phase.OVER
        gevent.killall(self._greenlets)
