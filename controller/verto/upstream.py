"""One login at mod_verto: a WebSocket that comes back by itself, with the same session id.

    connect ─► login ─► up ─► (lost) ─► wait ─► connect ─► login, same id: calls are offered again

Responsible for the connection, its keep-alive and the pairing of requests with answers. It must never
know a page, nor what may be asked.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count
from typing import Any
from uuid import uuid4

import gevent
import structlog
import websocket
from gevent.event import Event as Flag

from controller.verto.messages import Code, Reply, Request, RpcError, parse, request_text, result_text

AWAY = RpcError(Code.AWAY, "FreeSWITCH is away")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class UpstreamOptions:
    """`url`: ws:// or wss://host:port. `domain` follows the login's @; "" is FreeSWITCH's own. Times in
    seconds; `verify`: check the certificate of a wss server."""

    url: str
    password: str = field(repr=False)
    domain: str = ""
    verify: bool = True
    connect_s: float = 5.0
    ping_s: float = 20.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 10.0


class LinkState(Enum):
    """Where a login is."""

    AWAY = auto()
    UP = auto()
    CLOSED = auto()


OnReply = Callable[[Reply], None]


class Upstream:
    """`on_request(method, params)` is told mod_verto's requests, `on_up` and `on_down(why)` the state;
    all on this login's own greenlet."""

    def __init__(
        self,
        options: UpstreamOptions,
        login: str,
        *,
        on_request: Callable[[str, Mapping[str, Any]], None],
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
    ) -> None:
        self.state = LinkState.AWAY
        self.why_away = "not connected yet"
        self._options = options
        self._login = f"{login}@{options.domain}" if options.domain else login
        self._sessid = str(uuid4())
        self._on_request, self._on_up, self._on_down = on_request, on_up, on_down
        self._socket: websocket.WebSocket | None = None
        self._ids = count(1)
        self._waiting: dict[int, OnReply] = {}
        self._nudged = Flag()
        self._greenlet = gevent.spawn(self._run)

    @property
    def up(self) -> bool:
        """Logged in."""
        return self.state is LinkState.UP

    @property
    def _closed(self) -> bool:
        return self.state is LinkState.CLOSED

    def ask(self, method: str, params: Mapping[str, Any], then: OnReply) -> None:
        """Send a request; `then` is told the answer, AWAY when there will be none. Waits for neither."""
        if not self.up:
            then(Reply(None, error=AWAY))
            return
        self._send(method, params, then)

    def connect_anew(self) -> None:
        """Log in again with the same session: mod_verto offers its calls again."""
        if self.up:
            self._nudged.set()  # at once
            self._drop()

    def close(self) -> None:
        """Over; calls of this session are not ended by it."""
        self.state = LinkState.CLOSED
        self._nudged.set()
        self._drop()

    # --- its greenlet ------------------------------------------------------------------------

    def _run(self) -> None:
        wait_s = self._options.first_wait_s
        while not self._closed:
            try:
                self._connect()
                wait_s = self._options.first_wait_s
                self._read()
            except RpcError as error:
                self._away(f"the login was refused: {error.message}")
                wait_s = self._options.longest_wait_s
            except (OSError, websocket.WebSocketException) as error:
                self._away(str(error) or type(error).__name__)
            finally:
                self._drop()
            if not self._closed:
                self._nudged.wait(wait_s)
                self._nudged.clear()
                wait_s = min(wait_s * 2, self._options.longest_wait_s)

    def _connect(self) -> None:
        options = self._options
        tls = {} if options.verify else {"cert_reqs": ssl.CERT_NONE, "check_hostname": False}
        self._socket = websocket.create_connection(
            options.url, timeout=options.connect_s, sslopt=tls, enable_multithread=True
        )
        about = {"login": self._login, "passwd": options.password, "sessid": self._sessid}
        logged_in: list[Reply] = []
        self._send("login", about, logged_in.append)
        while not logged_in:
            self._handle(self._receive())
        if error := logged_in[0].error:
            raise error
        if self._closed:
            raise ConnectionError("closed by us")
        self.state = LinkState.UP
        log.info("logged in to mod_verto", login=self._login)
        self._on_up()

    def _read(self) -> None:
        assert self._socket is not None
        self._socket.settimeout(self._options.ping_s)
        asked = False
        while self.state is LinkState.UP:
            try:
                text = self._receive()
            except websocket.WebSocketTimeoutException:
                if asked:
                    raise
                asked = True
                self._send("verto.ping", {}, _ignore)
                continue
            asked = False
            self._handle(text)

    def _receive(self) -> str:
        if self._socket is None:
            raise ConnectionError("closed by us")
        text = self._socket.recv()
        if not text:
            raise ConnectionError("closed by FreeSWITCH")
        return text if isinstance(text, str) else text.decode(errors="replace")

    def _handle(self, text: str) -> None:
        try:
            message = parse(text)
        except RpcError as error:
            log.warning("mod_verto sent what is no message", why=error.message)
            return
        match message:
            case Reply(id=int(id_)) if id_ in self._waiting:
                self._waiting.pop(id_)(message)
            case Request(method="verto.punt"):
                raise ConnectionError("another client took this session")
            case Request(id=id_, method=method, params=params):
                self._write(result_text(id_, {"method": method}))
                self._on_request(method, params)
            case _:
                log.debug("an answer that nobody waits for")

    def _away(self, why: str) -> None:
        self.why_away = why
        if self.state is LinkState.UP:
            self.state = LinkState.AWAY
        if not self._closed:
            log.info("mod_verto is away", login=self._login, why=why)
            self._on_down(why)

    def _drop(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.shutdown()  # type: ignore[no-untyped-call]
        waiting, self._waiting = self._waiting, {}
        for then in waiting.values():
            then(Reply(None, error=AWAY))

    def _send(self, method: str, params: Mapping[str, Any], then: OnReply) -> None:
        id_ = next(self._ids)
        self._waiting[id_] = then
        if not self._write(request_text(id_, method, {**params, "sessid": self._sessid})):
            self._waiting.pop(id_, None)
            then(Reply(None, error=AWAY))

    def _write(self, text: str) -> bool:
        if self._socket is None:
            return False
        try:
            self._socket.send(text)
        except (OSError, websocket.WebSocketException) as error:
            log.debug("mod_verto can't be told", why=str(error))
            return False
        return True


def _ignore(_reply: Reply) -> None:
    """A pong is noticed by its coming."""
