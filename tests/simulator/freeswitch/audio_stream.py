"""mod_audio_stream: a WebSocket client on one channel that sends what the caller says.

Responsible for: the handshake as the module writes it, frames, events, and how each kind of end looks.
It must never know the api's words.

    CONNECTING ─► OPEN ─► (server's close frame) CLOSED_BY_SERVER ─► OVER at `stop` or hang-up
         └──error──►└── lost ──► OVER
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event as Flag
from gevent.queue import Empty, Queue
from wsproto import events as ws

from media.resample import live_resampler
from tests.simulator.freeswitch.listener import cut
from tests.simulator.freeswitch.stream_files import StreamFiles
from tests.simulator.freeswitch.websocket import Socket, UpgradeFailed, open_socket

if TYPE_CHECKING:
    from tests.simulator.freeswitch.channel import Channel

HANDSHAKE_S = 1.0
"""Fixed in the module."""
CLOSE_S = 1.0
"""It waits so long for the answer to its close frame."""
FIRST_FRAMES_S = 0.041
"""From the start command to the first two frames, which come together."""
PREFILL_MS = 5
"""Silence that stands in for what the resampler holds back."""
MAX_WAITING_FRAMES = 500
FIN_TEXT = "Connection closed without WebSocket CLOSE (abnormal EOF)"
RST_TEXT = "Connection reset by peer (system error 104)"
BUG = [("Media-Bug-Function", "audio_stream"), ("Media-Bug-Target", "")]


class Stage(Enum):
    """See the module."""

    CONNECTING = auto()
    OPEN = auto()
    CLOSED_BY_SERVER = auto()
    OVER = auto()


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect; `path` with its query."""

    host: str
    port: int
    path: str


class AudioStream:
    """A media bug (Tap) of its channel."""

    def __init__(self, channel: Channel, target: Target, rate: int, metadata: str) -> None:
        self.channel = channel
        self.stage = Stage.CONNECTING
        self.paused = False
        self._target, self._metadata = target, metadata
        self._began_s = time.monotonic()
        self._socket: Socket | None = None
        self._answered = Flag()
        """The server closed, or answered our close frame."""
        self._gone = Flag()
        """The TCP connection is no more."""
        self._frame_bytes = rate * 2 // 50
        self._resampler = live_resampler(8000, rate)
        self._samples = bytearray(rate * 2 * PREFILL_MS // 1000 if rate != 8000 else 0)
        self._outbox: Queue[bytes] = Queue(MAX_WAITING_FRAMES)
        self._files = StreamFiles(channel.uuid, channel.switch.temp_dir)

    def start(self) -> None:
        """Attach; whether it connects is told by an event."""
        self.channel.line.taps.append(self)
        self.channel.fire("MEDIA_BUG_START", first=BUG)
        self.channel.switch.spawn(self._run)

    def feed(self, frames: list[bytes]) -> None:
        """What the caller said (Tap)."""
        if self.paused or self.stage not in (Stage.OPEN, Stage.CONNECTING):
            return
        self._samples += b"".join(self._resampler.process(frame) for frame in frames)
        if self.stage is not Stage.OPEN or time.monotonic() < self._began_s + FIRST_FRAMES_S:
            del self._samples[: -2 * self._frame_bytes]
            return
        while len(self._samples) >= self._frame_bytes and not self._outbox.full():
            self._outbox.put_nowait(bytes(self._samples[: self._frame_bytes]))
            del self._samples[: self._frame_bytes]

    def ended(self) -> None:
        """The channel is over (Tap): close, then report. A server that keeps TCP open delays it."""
        self._close("")
        self._detach()

    def stop(self, text: str) -> None:
        """`stop`: reports, then closes; the command waits for that."""
        was = self.stage
        self._detach()
        self.stage = was
        self._close(text)

    def send_text(self, text: str) -> None:
        """`send_text`."""
        if self._socket is not None and self.stage is Stage.OPEN:
            self._socket.send(ws.TextMessage(text))

    def lose(self, how: str) -> None:
        """A fault: the network ends the connection ("fin", "rst"), or the server seems to close it."""
        if self._socket is None or self.stage is not Stage.OPEN:
            return
        if how == "close":
            self._closed_by_server(ws.CloseConnection(1001, "going away"))
        else:
            self._fail(1, RST_TEXT if how == "rst" else FIN_TEXT)
        cut(self._socket.tcp, reset=how == "rst")

    # The connection's greenlet

    def _run(self) -> None:
        try:
            with gevent.Timeout(HANDSHAKE_S):
                self._socket = open_socket(self._target.host, self._target.port, self._target.path)
        except gevent.Timeout:
            self._fail(10, "Timeout")
        except UpgradeFailed as error:
            self._fail(6, str(error))
        except OSError as error:
            self._fail(6, f"{os.strerror(error.errno or 11)} (system error {error.errno or 11})")
        if self._socket is None:
            return
        if self.stage is not Stage.CONNECTING:
            cut(self._socket.tcp)
            return
        self.stage = Stage.OPEN
        self._event("connect", {"status": "connected"})
        if self._metadata:
            self._socket.send(ws.TextMessage(self._metadata))
        writer = gevent.spawn(self._write)
        self._read(self._socket)
        self._gone.set()
        self._answered.set()
        writer.kill()

    def _write(self) -> None:
        while self._socket is not None and self.stage is Stage.OPEN:
            try:
                frame = self._outbox.get(timeout=0.1)
            except Empty:
                continue
            if self.stage is Stage.OPEN:
                self._socket.send(ws.BytesMessage(frame))

    def _read(self, connection: Socket) -> None:
        lost = FIN_TEXT
        try:
            for event in connection.events():
                if isinstance(event, ws.TextMessage):
                    self._text(event.data)
                elif isinstance(event, ws.CloseConnection):
                    self._closed_by_server(event)
        except OSError as error:
            lost = f"{os.strerror(error.errno or 104)} (system error {error.errno or 104})"
        if self.stage is Stage.OPEN and not self._answered.is_set():
            self._fail(1, lost)
        cut(connection.tcp)

    def _text(self, text: str) -> None:
        data = self._files.take(text)
        if data is None:
            self.channel.fire_custom("mod_audio_stream::json", text)
        else:
            self.channel.fire_custom("mod_audio_stream::play", data)

    def _closed_by_server(self, event: ws.CloseConnection) -> None:
        self._answered.set()
        if self.stage is Stage.OPEN and self._socket is not None:
            self.stage = Stage.CLOSED_BY_SERVER
            self._socket.send(event.response())
            message = {"code": event.code, "reason": event.reason or ""}
            self._event("disconnect", {"status": "disconnected", "message": message})

    def _close(self, text: str) -> None:
        if self.stage is Stage.CLOSED_BY_SERVER:
            self._gone.wait()  # without a limit, as in the module
        elif self.stage is Stage.OPEN and self._socket is not None:
            if text:
                self._socket.send(ws.TextMessage(text))
            self.stage = Stage.OVER
            self._socket.send(ws.CloseConnection(1000, "Normal closure"))
            self._answered.wait(CLOSE_S)
        self.stage = Stage.OVER
        if self._socket is not None:
            cut(self._socket.tcp)
        self._files.delete()

    def _fail(self, code: int, text: str) -> None:
        if self in self.channel.line.taps:
            self._event("error", {"status": "error", "message": {"code": code, "error": text}})
            self._detach()
            self._files.delete()

    def _detach(self) -> None:
        self.stage = Stage.OVER
        if self in self.channel.line.taps:
            self.channel.line.taps.remove(self)
            self.channel.fire("MEDIA_BUG_STOP", first=BUG)

    def _event(self, kind: str, body: dict[str, object]) -> None:
        self.channel.fire_custom(f"mod_audio_stream::{kind}", json.dumps(body, separators=(",", ":")))
