"""The web audio socket as a telephone line.

Responsible for: taking the call, sending the microphone, playing what comes back, and obeying `clear`.
It must never decide what to say. The bot's state is known here, because the server tells it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gevent

from tests.simulator.audio import FRAME_MS
from tests.simulator.legs import Gap, Loudspeaker, Sound
from tests.simulator.line import Line, OnMessage, Phase, Refused
from tests.simulator.turns import Said
from tests.simulator.wire import Closed, WebSocket

READY_LIMIT_S = 10.0
QUIET_STATES = ("", "listening", "ending")


@dataclass(frozen=True, slots=True)
class LineOptions:
    """How the caller is connected. `rate` Hz both ways; `record` keeps both legs in memory."""

    bot: str | None = None
    rate: int = 16000
    noise_dbfs: float = -65
    variables: dict[str, Any] | None = None
    record: bool = False


class WebLine(Line):
    """One call on `ws://host:port/ws/audio`. Times are ms since the server said `ready`."""

    def __init__(self, url: str, options: LineOptions, on_message: OnMessage | None = None) -> None:
        super().__init__(options.rate, options.noise_dbfs, options.record, on_message)
        self.url = url
        self.options = options
        self.state = ""
        self.session_id = ""
        self.close_code: int | None = None
        self.loudspeaker = Loudspeaker(options.rate)
        self._clears_ms: list[float] = []
        self._reply_id: Any = None
        self._socket: WebSocket | None = None
        self._broken = False

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

    def ask_to_end(self) -> None:
        """The server answers with `end` and closes."""
        self.send({"type": "hangup"})

    def press(self, digit: str) -> None:
        """One DTMF key."""
        self.send({"type": "dtmf", "digit": digit})

    def close(self) -> None:
        """Leave from this side. May be called twice."""
        self._end(self._socket.close if self._socket else None)

    def vanish(self) -> None:
        """Lose the network: the connection is reset with no goodbye."""
        self._end(self._socket.abort if self._socket else None)

    @property
    def sounds(self) -> Sequence[Sound]:
        """What the loudspeaker played."""
        return self.loudspeaker.sounds

    @property
    def gaps(self) -> Sequence[Gap]:
        """Where the loudspeaker ran dry inside a reply."""
        return self.loudspeaker.gaps

    @property
    def waiting_ms(self) -> float:
        """Audio received and not yet played."""
        return self.loudspeaker.waiting_ms

    @property
    def bot_is_speaking(self) -> bool:
        """Audio waits to be heard, or the server says that it speaks."""
        return self.waiting_ms > 0 or self.state == "speaking"

    @property
    def bot_is_busy(self) -> bool:
        """Speaking, or about to: thinking, or running a tool."""
        return self.waiting_ms > 0 or self.state not in QUIET_STATES

    @property
    def bot_is_leaving(self) -> bool:
        """The server says that it ends the call."""
        return self.state == "ending"

    @property
    def end_reason(self) -> str | None:
        """By the server's last `end`."""
        ends = [message for message in self.messages if message.type == "end"]
        return str(ends[-1].body.get("reason")) if ends else None

    def clears_ms(self, said: Said) -> Sequence[float]:
        """When `clear` came."""
        return [at_ms for at_ms in self._clears_ms if at_ms >= said.start_ms]

    def finals_ms(self, said: Said) -> Sequence[float]:
        """When `final` came."""
        finals = (message.at_ms for message in self.messages if message.type == "final")
        return [at_ms for at_ms in finals if at_ms >= said.start_ms]

    def _hear(self) -> None:
        heard = self.loudspeaker.play_frame()
        if self.recording:
            self.recording[1].extend(heard)

    def _say(self, frame: bytes) -> None:
        self._transmit(frame)

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
            self._start_clock()
        elif kind == "clear":
            self.loudspeaker.clear()
            self._clears_ms.append(self.loudspeaker.frames_played * float(FRAME_MS))
        elif kind == "state":
            self.state = str(body.get("state"))
        elif kind == "reply" and body.get("reply_id") != self._reply_id:
            self._reply_id = body.get("reply_id")
            self.loudspeaker.begin_reply()
        self._note(kind, body)

    def _transmit(self, message: str | bytes) -> None:
        try:
            if self._socket and not self._broken:
                self._socket.send(message)
        except OSError:
            self._broken = True  # the call is over once `_listen` has read what they said before

    def _end(self, close_socket: Callable[[], None] | None) -> None:
        self._leave()
        if close_socket:
            close_socket()
