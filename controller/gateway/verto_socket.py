"""`/ws/verto`: one WebSocket is one page that calls through FreeSWITCH.

    page ──► {"type":"hello","resume":"<ticket or empty>","holding":["<callID>"]}
         ◄── {"type":"welcome","user":…,"resume":"<ticket>","freeswitch":"up|away",…}
         ◄─► verto's JSON-RPC, and notes: see controller/verto/README.md

Responsible for who may come in, for hello, sizes and rates, and for the notes. What verto messages may
pass is `controller.verto`'s business; the page never sees a login or a session id of FreeSWITCH.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

import simple_websocket
import structlog
from flask import request
from flask_sock import Sock

from controller.gateway.limits import WebLimits
from controller.gateway.login.stays import LoginOver, Stays
from controller.gateway.messages import MAX_BAD_FRAMES, MAX_TYPED_CHARS, CloseCode, ProtocolError
from controller.gateway.verto_ports import VertoDoor
from controller.gateway.wire import PeerGone, Wire
from controller.verto.caller import Caller
from controller.verto.messages import Code, Note, Reply, Request, RpcError, error_text, note_text, parse
from controller.verto.page import PageGone
from controller.verto.rates import Limiter, Rate, Verdict
from controller.verto.relay import MAX_CALLS, Relay
from controller.verto.switchboard import TooManyPages

TAKEN_OVER = "another window took over"
WAKE_S = 3600.0
"""A page that only waits for calls says nothing; the wire's pings see whether it is there."""

log = structlog.get_logger(__name__)


def add_verto_socket(
    sock: Sock, door: VertoDoor, limits: WebLimits, stays: Stays, rate: Rate | None = None
) -> None:
    """Register the route. The app's SOCK_SERVER_OPTIONS must be `wire.SOCK_SERVER_OPTIONS`."""

    def verto(server: simple_websocket.Server) -> None:
        wire = Wire(server, limits)
        try:
            with stays.of(wire):
                VertoPage(wire, door, limits, rate or Rate()).run(request.environ)
        finally:
            wire.close(CloseCode.GOING_AWAY)
            wire.release()
            server.connected = False  # Flask-Sock would close it a second time

    sock.route("/ws/verto")(verto)


class VertoPage:
    """One page's socket: a `controller.verto.relay.Page`."""

    def __init__(
        self,
        wire: Wire,
        door: VertoDoor,
        limits: WebLimits,
        rate: Rate,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._wire = wire
        self._door = door
        self._limits = limits
        self._clock = clock
        self._limiter = Limiter(rate, clock())
        self._bad_frames = 0

    # --- for the relay -----------------------------------------------------------------------

    def send(self, text: str) -> None:
        """One frame."""
        try:
            self._wire.send(text)
        except PeerGone as error:
            raise PageGone(str(error)) from error

    def replaced(self) -> None:
        """This page's window was duplicated, or its old socket is not known to be dead yet."""
        self._wire.close(CloseCode.REFUSED, TAKEN_OVER)

    # --- the page ----------------------------------------------------------------------------

    def run(self, environ: Mapping[str, Any]) -> None:
        """From hello to the end. Raises nothing that the page causes."""
        try:
            caller = self._door.who(environ)
            if caller is None:
                raise ProtocolError("not_allowed", "sign in to call from here", CloseCode.REFUSED)
            relay, holding = self._hello(caller)
        except (ProtocolError, PeerGone, PageGone) as error:
            self._refuse(error)
            return
        try:
            relay.pair(self, lambda: self._welcome(relay), holding)
            for story in self._door.stories(relay) if not holding else ():
                relay.tell(story)
            self._listen(relay)
        except LoginOver as error:
            relay.close()  # nobody may come back to its calls
            self._refuse(error)
        except (ProtocolError, PeerGone, PageGone) as error:
            self._refuse(error)
        finally:
            relay.unpair(self)

    def _hello(self, caller: Caller) -> tuple[Relay, frozenset[str]]:
        try:
            hello = parse(self._wire.receive(self._limits.start_s))
        except TimeoutError:
            raise _bad_hello() from None
        except RpcError as error:
            raise ProtocolError("bad_message", error.message, CloseCode.REFUSED) from None
        if not isinstance(hello, Note) or hello.type != "hello":
            raise _bad_hello()
        ticket, holding = hello.fields.get("resume", ""), hello.fields.get("holding", [])
        if not isinstance(ticket, str) or not isinstance(holding, list):
            raise _bad_hello()
        held = frozenset(each for each in holding[: 2 * MAX_CALLS] if isinstance(each, str))
        try:
            return self._door.switchboard.open(caller, ticket), held
        except TooManyPages as error:
            raise ProtocolError("server_full", str(error), CloseCode.TRY_LATER) from error

    def _welcome(self, relay: Relay) -> str:
        caller = relay.caller
        return note_text(
            "welcome",
            user=caller.name,
            extension=caller.extension,
            rights=sorted(caller.rights),
            resume=relay.ticket,
            freeswitch="up" if relay.upstream.up else "away",
            iceServers=[{"urls": url} for url in self._door.ice_servers],
            numbers=dict(self._door.numbers),
            calls=list(relay.calls),
        )

    def _listen(self, relay: Relay) -> None:
        while True:
            try:
                frame = self._wire.receive(WAKE_S)
            except TimeoutError:
                continue
            match self._limiter.frame(self._clock()):
                case Verdict.ABUSE:
                    raise ProtocolError("too_fast", "far too many messages", CloseCode.REFUSED)
                case Verdict.TOO_FAST:
                    self.send(error_text(None, RpcError(Code.TOO_FAST, "too many messages; slower")))
                case Verdict.PASS:
                    self._hear(relay, frame)

    def _hear(self, relay: Relay, frame: str | bytes) -> None:
        try:
            message = parse(frame)
        except RpcError as error:
            self._bad_frames += 1
            if self._bad_frames >= MAX_BAD_FRAMES:
                raise ProtocolError("bad_message", error.message, CloseCode.REFUSED) from None
            self.send(error_text(None, error))
            return
        match message:
            case Note():
                self._note(relay, message)
            case Request() | Reply():
                relay.receive(message)

    def _note(self, relay: Relay, note: Note) -> None:
        match note.type:
            case "stand_by":
                on = self._door.stand_by(relay, note.fields.get("on") is True)
                self.send(note_text("standing_by", on=on))
            case "text":
                text, call_id = note.fields.get("text"), note.fields.get("call_id")
                if isinstance(call_id, str) and isinstance(text, str) and text.strip():
                    self._door.typed(relay, call_id, text[:MAX_TYPED_CHARS])
            case _:
                self.send(note_text("error", code="unknown_type", message="no such message"))

    def _refuse(self, error: ProtocolError | PeerGone | PageGone) -> None:
        if not isinstance(error, ProtocolError):
            log.debug("a page left", why=str(error))
            return
        log.info("a page is refused", code=error.code)
        try:
            self._wire.send(note_text("error", code=error.code, message=error.message))
        except PeerGone as gone:
            log.debug("it left before", why=str(gone))
        self._wire.close(error.close or CloseCode.REFUSED)


def _bad_hello() -> ProtocolError:
    return ProtocolError("no_hello", "the first message must be hello", CloseCode.REFUSED)
