"""The controller's own event socket to FreeSWITCH: always there, or on its way back.

Responsible for connecting, logging in, exact subscriptions, noticing that it died, and coming back
with back-off. It must never know what the events mean.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

import gevent
import gevent.event
import structlog
from gevent import socket

from controller.telephony import commands
from controller.telephony.commands import Api, Command
from controller.telephony.esl.connection import EslConnection
from controller.telephony.esl.errors import EslClosed, EslError, ProtocolViolation
from controller.telephony.esl.event import Event
from controller.telephony.esl.message import Reply

_log = structlog.get_logger(__name__)
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 5.0
"""With the connect it stays below the 10 s within which calls must be taken again."""
STEADY_S = 2.0
"""A link that stood this long was a good one: the next attempt comes soon again."""
CONNECT_S = 5.0
ANSWER_S = 5.0


class FreeSwitchLink:
    """Connects to FreeSWITCH at `host`:`port` and stays connected from `start` to `stop`.

    `events`, `subclasses`: exact names (BACKGROUND_JOB is added: `bgapi` needs it; others' jobs come
    as events). `on_event` runs on the reading greenlet and must not block.
    `on_up(uuids)` follows each connect with the channels that live: whatever was missed meanwhile shows
    there; events may already come a moment before it. `on_down(why)` follows when an up link is lost,
    not on `stop`. Neither may block for long.
    `silence_s`: after that long without a byte FreeSWITCH is asked for its status, and must answer
    within 5 s.
    """

    def __init__(
        self,
        host: str,
        port: int,
        password: str,
        *,
        events: Sequence[str],
        subclasses: Sequence[str] = (),
        on_event: Callable[[Event], None],
        on_up: Callable[[list[str]], None],
        on_down: Callable[[str], None],
        silence_s: float = 10.0,
        clock: Callable[[], float] = monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._address = (host, port)
        self._password = password
        names = dict.fromkeys([*events, "BACKGROUND_JOB"])
        self._subscription = commands.subscribe(list(names), subclasses)
        self._on_event, self._on_up, self._on_down = on_event, on_up, on_down
        self._silence_s = silence_s
        self._clock, self._jitter = clock, jitter
        self._connection: EslConnection | None = None
        self._greenlet: Any = None
        self._is_up = gevent.event.Event()
        self.last_error = ""

    @property
    def up(self) -> bool:
        """Logged in and subscribed."""
        return bool(self._is_up.is_set())

    def wait_up(self, timeout_s: float) -> bool:
        """Wait until `up`, at most `timeout_s`; whether it is."""
        return bool(self._is_up.wait(timeout_s))

    def start(self) -> None:
        """Begin to connect, on a greenlet of its own."""
        if self._greenlet is None:
            self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        """Disconnect and stay so; whoever waits for an answer gets EslClosed."""
        greenlet, self._greenlet = self._greenlet, None
        if greenlet is not None:
            greenlet.kill()

    def command(self, command: Command, timeout_s: float = 5.0) -> Reply:
        """See EslConnection.command; EslClosed while the link is down."""
        return self._live().command(command, timeout_s)

    def api(self, api: Api, timeout_s: float = 5.0) -> str:
        """See EslConnection.api; EslClosed while the link is down."""
        return self._live().api(api, timeout_s)

    def bgapi(self, api: Api, timeout_s: float = 60.0, *, ahead: Api | None = None) -> str:
        """See EslConnection.bgapi; EslClosed while the link is down."""
        return self._live().bgapi(api, timeout_s, ahead=ahead)

    def channels(self) -> frozenset[str]:
        """The ids of all channels there are. Raises EslError."""
        return frozenset(_channel_uuids(self.api(commands.show_channels())))

    def _live(self) -> EslConnection:
        if self._connection is None or not self.up:
            raise EslClosed(f"no connection to FreeSWITCH: {self.last_error or 'not yet'}")
        return self._connection

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            began = self._clock()
            try:
                self._connect_and_stay()
            except (EslError, OSError) as exc:
                self._note(str(exc) or type(exc).__name__)
            if self._clock() - began >= STEADY_S:
                wait_s = FIRST_WAIT_S
            gevent.sleep(wait_s * (0.5 + 0.5 * self._jitter()))
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _connect_and_stay(self) -> None:
        """One connection's whole life. Raises what ended it."""
        sock = socket.create_connection(self._address, timeout=CONNECT_S)
        connection = EslConnection(sock, self._on_event, name="link")
        reader = gevent.spawn(connection.run)
        try:
            connection.authenticate(self._password)
            connection.command(self._subscription)
            uuids = _channel_uuids(connection.api(commands.show_channels()))
            self._connection = connection
            self._went_up(uuids)
            self._keep_alive(connection)
        finally:
            was_up = self.up
            self._is_up.clear()
            self._connection = None
            connection.close()
            reader.join()
            if was_up and self._greenlet is not None:
                self._tell(self._on_down, connection.why)

    def _went_up(self, uuids: list[str]) -> None:
        self._is_up.set()
        self.last_error = ""
        _log.info("connected to FreeSWITCH", address=self._address, channels=len(uuids))
        self._tell(self._on_up, uuids)

    def _keep_alive(self, connection: EslConnection) -> None:
        while not connection.ended.wait(self._silence_s):
            if monotonic() - connection.heard_at >= self._silence_s:
                connection.api(commands.status(), ANSWER_S)
        raise EslClosed(connection.why)

    def _tell(self, whom: Callable[[Any], None], what: Any) -> None:
        try:
            whom(what)
        except Exception:  # noqa: BLE001 - a listener's bug must not take the link down
            _log.exception("a listener of the FreeSWITCH link failed")

    def _note(self, why: str) -> None:
        """Say it once, not at each attempt."""
        if why != self.last_error:
            _log.warning("no connection to FreeSWITCH", address=self._address, why=why)
        self.last_error = why


def _channel_uuids(body: str) -> list[str]:
    """The ids in the answer to ``show channels as json``, which has no rows when there are none."""
    try:
        rows = json.loads(body).get("rows", [])
        return [str(row["uuid"]) for row in rows]
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError) as exc:
        raise ProtocolViolation(f"show channels: {exc}") from exc
