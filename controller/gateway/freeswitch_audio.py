"""`/ws/freeswitch/<token>`: the media sockets of FreeSWITCH (mod_audio_stream), one a call.

Responsible for the socket's way: the token before the handshake, audio in, text out, and an end that
FreeSWITCH survives. It must never know a call, or what is said.

FreeSWITCH sends its metadata as one text, then 20 ms frames of PCM16. It takes text only. After the
close handshake it waits for the server to close the TCP connection, at worst for ever and with the
call's control connection held up: so ours is closed at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic

import simple_websocket
import structlog
from flask import Blueprint, Flask, abort, g, request
from flask_sock import Sock

from controller.gateway.guard import MEDIA_PATH
from controller.gateway.limits import WebLimits, audio_bucket
from controller.gateway.messages import CloseCode, ProtocolError, check_audio, too_fast
from controller.gateway.ports import MediaSocket, MediaSockets
from controller.gateway.wire import PeerGone, Wire

RATE = 16_000
GOODBYE_S = 0.2
"""For the other side of our close; FreeSWITCH answers within a millisecond."""
MAX_TEXTS = 16
"""FreeSWITCH sends one, and one more when it is told to."""

log = structlog.get_logger(__name__)


def add_freeswitch_audio(app: Flask, sockets: MediaSockets, limits: WebLimits) -> None:
    """Register the route. The app's SOCK_SERVER_OPTIONS must be `wire.SOCK_SERVER_OPTIONS`."""
    blueprint = Blueprint("freeswitch_audio", __name__)
    limits = replace(limits, goodbye_s=min(limits.goodbye_s, GOODBYE_S))

    def admit() -> None:
        """Before the handshake, so that a stranger gets a plain 404."""
        g.media_socket = sockets.admit((request.view_args or {}).get("token", ""))
        if g.media_socket is None:
            abort(404)

    def freeswitch_audio(server: simple_websocket.Server, token: str) -> None:  # noqa: ARG001 - used up
        wire = Wire(server, limits)
        try:
            MediaCall(wire, g.media_socket, limits).run()
        finally:
            wire.release()
            server.connected = False  # Flask-Sock would close it a second time

    blueprint.before_request(admit)
    Sock(app).route(f"{MEDIA_PATH}<token>", bp=blueprint)(freeswitch_audio)
    app.register_blueprint(blueprint)


class MediaCall:
    """One media socket after its handshake."""

    def __init__(
        self,
        wire: Wire,
        media: MediaSocket,
        limits: WebLimits,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._wire = wire
        self._media = media
        self._limits = limits
        self._clock = clock

    def run(self) -> None:
        """Until one side leaves. Raises nothing that the other side causes."""
        why, code = "our server stops", CloseCode.GOING_AWAY  # also when this greenlet is killed
        try:
            self._media.opened(self._send)
            self._listen()
            why, code = "the call is over", CloseCode.NORMAL
        except ProtocolError as exc:
            why, code = f"{exc.code}: {exc.message}", exc.close or CloseCode.REFUSED
        except TimeoutError:
            why, code = f"no audio for {self._limits.silent_s:g} s", CloseCode.REFUSED
        except PeerGone as exc:
            why = str(exc)
            self._wire.abort()
        except Exception:
            log.exception("media socket failed")
            why, code = "a fault of ours", CloseCode.SERVER_ERROR
        finally:
            self._media.closed(why)
            self._wire.close(code)

    def _listen(self) -> None:
        """Read until the call wants no more. Raises ProtocolError, TimeoutError, PeerGone."""
        audio = audio_bucket(RATE, self._limits, self._clock())
        texts = 0
        heard_at = self._clock()
        while True:
            frame = self._wire.receive(heard_at + self._limits.silent_s - self._clock())
            if isinstance(frame, str):
                texts += 1
                if texts > MAX_TEXTS:
                    raise ProtocolError("too_many_texts", "audio was expected", CloseCode.REFUSED)
                continue
            heard_at = self._clock()
            if not audio.take(len(frame), heard_at):
                raise too_fast()
            if not self._media.feed(check_audio(frame)):
                return

    def _send(self, text: str) -> None:
        try:
            self._wire.send(text)
        except PeerGone as exc:
            raise ConnectionError(str(exc)) from exc
