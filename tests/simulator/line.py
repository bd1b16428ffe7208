"""The web audio socket as a telephone line: one clock a call that drives both legs.

Responsible for: taking the call, sending 20 ms of microphone every 20 ms, playing what comes back,
obeying `clear`, and the record of all messages with their times. It must never decide what to say.

Drift-free: tick n is due at start + n * 20 ms whatever happened before. A late tick catches up; how
late it was is kept in `late_ms`, so that a measurement on a starved machine can be told apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import Any

import gevent
from gevent.event import AsyncResult

from tests.simulator.audio import FRAME_MS
from tests.simulator.legs import Loudspeaker, Microphone
from tests.simulator.wire import Closed, WebSocket

READY_LIMIT_S = 10.0


class Refused(ConnectionError):
    """The server did not take the call; `code` of its error, `close_code` of the WebSocket."""

    def __init__(self, code: str, message: str, close_code: int | None) -> None:
        super().__init__(f"refused: {code} ({message}), close {close_code}")
        self.code = code
        self.close_code = close_code


class Phase(StrEnum):
    """Life of a call."""

    DIALLING = "dialling"
    TALKING = "talking"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Message:
    """A text message from the server, `at_ms` of the call."""

    at_ms: float
    type: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LineOptions:
    """How the caller is connected. `rate` Hz both ways; `record` keeps both legs in memory."""

    bot: str | None = None
    rate: int = 16000
    noise_dbfs: float = -65
    variables: dict[str, Any] | None = None
    record: bool = False


class WebLine:
    """One call on `ws://host:port/ws/audio`. Times are ms since the server said `ready`."""

    def __init__(
        self, url: str, options: LineOptions, on_message: Callable[[Message], None] | None = None
    ) -> None:
        self.url = url
        self.options = options
        self.phase = Phase.DIALLING
        self.state = ""
        self.session_id = ""
        self.close_code: int | None = None
        self.messages: list[Message] = []
        self.clears_ms: list[float] = []
        self.late_ms: list[float] = []
        self.microphone = Microphone(options.rate, options.noise_dbfs)
        self.loudspeaker = Loudspeaker(options.rate)
        self.recording = (bytearray(), bytearray()) if options.record else None
        self._on_message = on_message
        self._reply_id: Any = None
        self._waiting: list[tuple[Callable[[], bool], AsyncResult]] = []
        self._greenlets: list[gevent.Greenlet] = []
        self._socket: WebSocket | None = None
        self._broken = False
        self._started_s = monotonic()

    @property
    def now_ms(self) -> float:
        """Time on the call."""
        return (monotonic() - self._started_s) * 1000

    @property
    def silent_for_good(self) -> bool:
        """The call is over and all of it has been heard."""
        return self.phase is Phase.OVER and self.loudspeaker.waiting_ms == 0

    def open(self) -> None:
        """Connect, start, and wait for `ready`. Raises Refused, HandshakeRefused, OSError."""
        self._socket = WebSocket(self.url, timeout_s=READY_LIMIT_S)
        start: dict[str, Any] = {
            "type": "start",
            "format": "pcm16",
            "sample_rate": self.options.rate,
            "variables": self.options.variables or {},
        }
        if self.options.bot is not None:
            start["bot"] = self.options.bot
        self.send(start)
        self._greenlets.append(gevent.spawn(self._listen, self._socket))
        self.wait(lambda: self.phase is not Phase.DIALLING, READY_LIMIT_S)
        if self.phase is not Phase.TALKING:
            self.close()
            error = next((each.body for each in self.messages if each.type == "error"), {})
            code, text = str(error.get("code", "no_answer")), str(error.get("message", ""))
            raise Refused(code, text, self.close_code)
        self._greenlets.append(gevent.spawn(self._keep_time))

    def send(self, message: dict[str, Any]) -> None:
        """A text message. A line that is gone ends the call."""
        self._transmit(json.dumps(message))

    def close(self) -> None:
        """Leave from this side. May be called twice."""
        self._end(self._socket.close if self._socket else None)

    def vanish(self) -> None:
        """Lose the network: the connection is reset with no goodbye."""
        self._end(self._socket.abort if self._socket else None)

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

    def _keep_time(self) -> None:
        tick = 0
        while not self.silent_for_good:
            due_s = self._started_s + tick * FRAME_MS / 1000
            gevent.sleep(max(0.0, due_s - monotonic()))
            self.late_ms.append((monotonic() - due_s) * 1000)
            heard = self.loudspeaker.play_frame()
            spoken = self.microphone.next_frame() if tick else b""
            if self.recording:
                self.recording[0].extend(spoken)
                self.recording[1].extend(heard)
            if tick and self.phase is Phase.TALKING:
                self._transmit(spoken)
            self._tell_waiting()
            tick += 1

    def _listen(self, socket: WebSocket) -> None:
        while True:
            message = socket.receive()
            if isinstance(message, Closed):
                self.close_code = message.code
                self.phase = Phase.OVER
                self._tell_waiting()
                return
            if isinstance(message, bytes):
                self.loudspeaker.receive(message, self.now_ms)
            else:
                self._take(json.loads(message))
                self._tell_waiting()

    def _take(self, body: dict[str, Any]) -> None:
        kind = str(body.get("type"))
        if kind == "ready":
            self.session_id = str(body.get("session_id"))
            self.phase = Phase.TALKING
            self._started_s = monotonic()
        elif kind == "clear":
            self.loudspeaker.clear()
            self.clears_ms.append(self.loudspeaker.frames_played * float(FRAME_MS))
        elif kind == "state":
            self.state = str(body.get("state"))
        elif kind == "reply" and body.get("reply_id") != self._reply_id:
            self._reply_id = body.get("reply_id")
            self.loudspeaker.begin_reply()
        message = Message(self.now_ms, kind, body)
        self.messages.append(message)
        if self._on_message:
            self._on_message(message)

    def _transmit(self, message: str | bytes) -> None:
        try:
            if self._socket and not self._broken:
                self._socket.send(message)
        except OSError:
            self._broken = True  # the call is over once `_listen` has read what they said before

    def _tell_waiting(self) -> None:
        for predicate, result in self._waiting:
            if not result.ready() and ((true := predicate()) or self.silent_for_good):
                result.set(true)

    def _end(self, close_socket: Callable[[], None] | None) -> None:
        self.phase = Phase.OVER
        gevent.killall(self._greenlets)
        if close_socket:
            close_socket()
