"""Where FreeSWITCH connects to for each call that it hands over.

Responsible for accepting calls up to a limit, the first commands on each, and a clear refusal beyond.
It must never know what a call is about.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import gevent
import gevent.event
import structlog
from gevent.server import StreamServer

from controller.telephony import commands
from controller.telephony.commands import HangupCause
from controller.telephony.esl.connection import EslConnection
from controller.telephony.esl.errors import EslClosed, EslError, ProtocolViolation
from controller.telephony.esl.event import Event, parse_event
from controller.telephony.esl.message import Message

_log = structlog.get_logger(__name__)
LINGER_S = 5
"""How long FreeSWITCH keeps a call's socket after the hang-up, for the last events."""
HANGUP_S = 2.0
MAX_KEPT_EVENTS = 1000
MAX_REFUSALS = 64
"""Refusals under way at once; beyond them a connection is closed without a word."""
EVENTS = ("PLAYBACK_START", "PLAYBACK_STOP", "BACKGROUND_JOB")
"""What `myevents` leaves out; after it only this call's are delivered."""
SUBCLASSES = tuple(f"mod_audio_stream::{what}" for what in ("connect", "disconnect", "error", "play"))


class CallSocket(EslConnection):
    """The control of one call. `data`: its channel data at the time of the connect.

    Events that come before `on_event` is set are kept and handed over in order. `hung_up` is set when
    FreeSWITCH says that the call is over, even if the socket lingers.
    """

    data: Event

    def __init__(self, sock: Any, *, name: str = "") -> None:
        super().__init__(sock, self._dispatch, name=name)
        self._listener: Callable[[Event], None] | None = None
        self._kept: deque[Event] = deque()
        self.hung_up = gevent.event.Event()

    @property
    def uuid(self) -> str:
        """The channel's id."""
        return self.data.uuid

    @property
    def on_event(self) -> Callable[[Event], None] | None:
        """Whom events are given to, on the reading greenlet; it must not block."""
        return self._listener

    @on_event.setter
    def on_event(self, listener: Callable[[Event], None]) -> None:
        while self._kept:
            self._give(listener, self._kept.popleft())
        self._listener = listener

    def take_over(self) -> None:
        """Connect to the call and subscribe to its events. Raises EslError."""
        reply = self.command(commands.connect())
        self.data = parse_event(Message(reply.headers))
        if not self.data.uuid:
            raise ProtocolViolation("channel data without Unique-ID")
        self.name = self.data.uuid
        self.command(commands.myevents())
        self.command(commands.linger(LINGER_S))
        self.command(commands.subscribe(EVENTS, SUBCLASSES))

    def _dispatch(self, event: Event) -> None:
        if event.name == "CHANNEL_HANGUP":
            self.hung_up.set()
        if self._listener is not None:
            self._listener(event)
        elif len(self._kept) < MAX_KEPT_EVENTS:
            self._kept.append(event)
        else:
            self._end(EslClosed(f"nobody took the first {MAX_KEPT_EVENTS} events"))


class OutboundServer:
    """Listens at `host`:`port` (0: any; see `port`) and runs `on_call` on one greenlet a call.

    `on_call(socket)` gets a call that is taken over and owns it until it returns; then the socket is
    closed and the dialplan goes on. If it raises, the call is hung up. More than `max_calls` are
    answered by hanging up with USER_BUSY: no call is ever left in silence.
    """

    def __init__(
        self, host: str, port: int, on_call: Callable[[CallSocket], None], *, max_calls: int
    ) -> None:
        self._server = StreamServer((host, port), self._accept)
        self._on_call = on_call
        self._max_calls = max_calls
        self._calls: dict[CallSocket, Any] = {}
        self._refusing = 0
        self._idle = gevent.event.Event()
        self._idle.set()

    @property
    def port(self) -> int:
        """The port that is really listened on."""
        return int(self._server.server_port)

    @property
    def calls(self) -> int:
        """Calls under way."""
        return len(self._calls)

    def start(self) -> None:
        """Listen. Raises OSError when the address can't be had."""
        self._server.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Accept nothing more, give the calls `timeout_s` to end, then close their sockets."""
        self._server.close()
        if self._idle.wait(timeout_s):
            return
        greenlets = list(self._calls.values())
        for socket in list(self._calls):
            socket.close()
        gevent.joinall(greenlets, timeout=1.0)

    def _accept(self, sock: Any, address: tuple[str, int]) -> None:
        socket = CallSocket(sock, name=f"{address[0]}:{address[1]}")
        reader = gevent.spawn(socket.run)
        try:
            if len(self._calls) < self._max_calls:
                self._serve(socket)
            elif self._refusing < MAX_REFUSALS:
                self._refuse(socket)
            else:
                _log.error("too many calls even to refuse", calls=len(self._calls))
        except EslError as exc:
            _log.warning("call lost at its start", connection=socket.name, why=str(exc))
        finally:
            socket.close()
            reader.join()

    def _serve(self, socket: CallSocket) -> None:
        self._calls[socket] = gevent.getcurrent()
        self._idle.clear()
        try:
            socket.take_over()
            self._run(socket)
        finally:
            del self._calls[socket]
            if not self._calls:
                self._idle.set()

    def _run(self, socket: CallSocket) -> None:
        try:
            self._on_call(socket)
        except Exception:  # noqa: BLE001 - a bug in one call must neither spread nor leave it in silence
            _log.exception("a call's handler failed", uuid=socket.uuid)
            if not socket.closed:
                _hang_up(socket, HangupCause.NORMAL_TEMPORARY_FAILURE)

    def _refuse(self, socket: CallSocket) -> None:
        _log.warning("call refused: all lines are busy", max_calls=self._max_calls)
        self._refusing += 1
        try:
            socket.command(commands.connect())
            _hang_up(socket, HangupCause.USER_BUSY)
        finally:
            self._refusing -= 1


def _hang_up(socket: CallSocket, cause: HangupCause) -> None:
    """Hang up, and stay until FreeSWITCH has done it: a socket that is dropped before sends the call
    on in the dialplan."""
    socket.command(commands.hangup(cause))
    gevent.wait([socket.hung_up, socket.ended], timeout=HANGUP_S, count=1)
