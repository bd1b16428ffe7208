"""`/ws/audio`: one WebSocket is one session (entry `web`).

Responsible for a client's way through a session: start, admission, reading until one side leaves, the
goodbye. What may be sent is in `messages`, what is answered in `notices`, the socket in `wire`, audio
in `web_ports`. It must never know how a session decides.

Every fault of the client ends in an `error` message. Nonsense within a session (not JSON, unknown type,
odd length) is answered and ignored MAX_BAD_FRAMES times, then the session is closed with 1008; nonsense
before it, frames that are too large (1009) or too fast (1008) end it at once. So does the end of the
client's login, or of its role (1008).
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import gevent
import simple_websocket
import structlog
from flask import request
from flask_sock import Sock

from controller.gateway import notices
from controller.gateway.limits import WebLimits, audio_bucket
from controller.gateway.login.stays import LoginOver, Stays
from controller.gateway.messages import (
    MAX_BAD_FRAMES,
    CloseCode,
    Dtmf,
    Hangup,
    Playback,
    ProtocolError,
    Start,
    Typed,
    check_audio,
    parse_start,
    parse_text,
    too_fast,
)
from controller.gateway.web_ports import WebAudioIn, WebAudioOut
from controller.gateway.wire import PeerGone, Wire
from controller.session.registry import Draining, LiveSession, ServerFull, SessionOpener, SessionRefused

log = structlog.get_logger(__name__)


def add_web_audio(sock: Sock, opener: SessionOpener, limits: WebLimits, stays: Stays) -> None:
    """Register the route. The app's SOCK_SERVER_OPTIONS must be `wire.SOCK_SERVER_OPTIONS`."""

    def web_audio(server: simple_websocket.Server) -> None:
        wire = Wire(server, limits)
        try:
            with stays.of(wire):
                WebCall(wire, opener, limits).run(request.args.get("bot") or None)
        finally:
            wire.close(CloseCode.GOING_AWAY)
            wire.release()
            server.connected = False  # Flask-Sock would close it a second time

    sock.route("/ws/audio")(web_audio)


class WebCall:
    """One client from its start message to the goodbye."""

    def __init__(
        self,
        wire: Wire,
        opener: SessionOpener,
        limits: WebLimits,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._wire = wire
        self._opener = opener
        self._limits = limits
        self._clock = clock
        self._bad_frames = 0

    def run(self, bot: str | None) -> None:
        """The whole call; `bot` is what the URL asks for. Raises nothing that the client causes."""
        try:
            start = self._await_start()
            audio_in, audio_out = WebAudioIn(start.sample_rate), WebAudioOut(start.sample_rate)
            live = self._admit(start, bot, audio_in, audio_out)
        except ProtocolError as exc:
            self._refuse(exc)
        except PeerGone as exc:
            log.debug("client left before start", why=str(exc))
        except Exception:
            log.exception("a web session could not begin")
            self._refuse(server_error())
        else:
            self._converse(live, start.sample_rate, audio_in, audio_out)

    def _await_start(self) -> Start:
        try:
            return parse_start(self._wire.receive(self._limits.start_s))
        except TimeoutError:
            raise ProtocolError(
                "no_start", f"no start message within {self._limits.start_s:g} s", CloseCode.REFUSED
            ) from None

    def _admit(
        self, start: Start, bot: str | None, audio_in: WebAudioIn, audio_out: WebAudioOut
    ) -> LiveSession:
        try:
            return self._opener.open_session(
                entry="web",
                bot=start.bot or bot,
                audio_in=audio_in,
                audio_out=audio_out,
                variables=start.variables,
                watchers=[audio_out.watch],
            )
        except SessionRefused as exc:
            later = isinstance(exc, ServerFull | Draining)
            close = CloseCode.TRY_LATER if later else CloseCode.REFUSED
            raise ProtocolError(exc.code, str(exc), close) from exc

    def _refuse(self, error: ProtocolError) -> None:
        try:
            self._wire.send(notices.error(error.code, error.message))
        except PeerGone as exc:
            log.debug("client left before it was refused", code=error.code, why=str(exc))
        self._wire.close(error.close or CloseCode.REFUSED)

    def _converse(
        self, live: LiveSession, rate: int, audio_in: WebAudioIn, audio_out: WebAudioOut
    ) -> None:
        audio_out.begin(notices.ready(live.session_id, rate, live.bot))
        sender = gevent.spawn(self._send, audio_out, live.session_id)
        why = "error"  # also when this greenlet is killed: the server stops
        try:
            why = self._listen(live, rate, audio_in, audio_out)
        except ProtocolError as exc:
            why = "operator" if isinstance(exc, LoginOver) else why
            log.info("client has to go", session_id=live.session_id, code=exc.code)
            audio_out.last_words(notices.error(exc.code, exc.message), exc.close or CloseCode.REFUSED)
        except Exception:
            log.exception("web session failed", session_id=live.session_id)
            failure = server_error()
            audio_out.last_words(notices.error(failure.code, failure.message), CloseCode.SERVER_ERROR)
        finally:
            live.hang_up(why)
            audio_in.close()
            live.join(self._limits.goodbye_s)  # its last word goes out before the way out is shut
            audio_out.close()
            sender.join(self._limits.send_s + self._limits.goodbye_s)
            sender.kill()

    def _listen(self, live: LiveSession, rate: int, audio_in: WebAudioIn, audio_out: WebAudioOut) -> str:
        """Read until the client leaves or is lost; the reason to hang up. Raises ProtocolError."""
        audio = audio_bucket(rate, self._limits, self._clock())
        voice_at = self._clock()
        while True:
            try:
                frame = self._wire.receive(voice_at + self._limits.silent_s - self._clock())
                if isinstance(frame, bytes):
                    voice_at = self._clock()
                    if not audio.take(len(frame), voice_at):
                        raise too_fast()
                    audio_in.feed(check_audio(frame))
                elif not self._obey(live, audio_out, frame):
                    return "hangup"
            except TimeoutError:
                return "media_lost"
            except PeerGone as exc:
                return "hangup" if exc.polite else "media_lost"
            except ProtocolError as exc:
                self._tolerate(exc, audio_out)

    def _obey(self, live: LiveSession, audio_out: WebAudioOut, frame: str) -> bool:
        """Do what a text frame says; False for hangup. Raises ProtocolError."""
        match parse_text(frame):
            case Dtmf(digit=digit):
                live.dtmf(digit)
            case Typed(text=text):
                live.typed(text)
            case Playback(reply_id=reply_id, played_ms=played_ms):
                audio_out.report(reply_id, played_ms)
            case Hangup():
                return False
        return True

    def _tolerate(self, error: ProtocolError, audio_out: WebAudioOut) -> None:
        """Answer nonsense. Raises ProtocolError when it is fatal, or the last straw."""
        if error.close is not None:
            raise error
        self._bad_frames += 1
        if self._bad_frames >= MAX_BAD_FRAMES:
            raise ProtocolError(error.code, f"{error.message} (too many errors)", CloseCode.REFUSED)
        audio_out.post(notices.error(error.code, error.message))

    def _send(self, audio_out: WebAudioOut, session_id: str) -> None:
        """The sending greenlet. However it ends, the reader wakes up and ends the call."""
        try:
            audio_out.run(self._wire)
            self._wire.close(audio_out.close_code)
        except (PeerGone, BufferError) as exc:
            log.info("client lost", session_id=session_id, why=str(exc))
            self._wire.abort()
        except Exception:
            log.exception("sending failed", session_id=session_id)
            self._wire.close(CloseCode.SERVER_ERROR)
            self._wire.abort()


def server_error() -> ProtocolError:
    """For faults of ours: says nothing of them."""
    return ProtocolError("server_error", "something went wrong on our side", CloseCode.SERVER_ERROR)
