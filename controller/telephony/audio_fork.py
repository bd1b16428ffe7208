"""The copy of the caller's voice that FreeSWITCH sends us: begun, kept alive, given up.

Responsible for mod_audio_stream's life cycle on one call. A start is believed only when FreeSWITCH says
`::connect` and the socket with this attempt's token is here; a fork that ends is begun anew within
the grace time. It must never know what is said, or how a WebSocket works.

    start ─► STARTING ─► UP ─► AWAY ─► STARTING …        past the grace: LOST, told once
                │ └── not within CONNECT_S: next attempt, with a new token ──┘
    expect ─► EXPECTED: whom we dial is heard from the answer on, before there is anybody to say `start`

A stream that its server closed stays attached until it is stopped, so every new attempt stops first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import Enum, auto
from time import monotonic

import gevent
import structlog
from gevent.event import Event as Flag

from controller.telephony.audio_in import PhoneAudioIn, Send
from controller.telephony.commands import uuid_audio_start, uuid_audio_stop
from controller.telephony.control import CallControl
from controller.telephony.esl.errors import EslError, EslRefused
from controller.telephony.esl.event import Event
from controller.telephony.media_door import MediaDoor, Ticket

FORK_EVENTS = frozenset(f"mod_audio_stream::{what}" for what in ("connect", "disconnect", "error"))
"""What FreeSWITCH tells of forks."""
CONNECT_S = 1.5
"""FreeSWITCH gives up a handshake after exactly one second, and says so."""
RETRY_S = 0.1
HANG_UP_S = 0.05
"""A hang-up ends the stream too, a moment before FreeSWITCH tells of it: 8 ms were seen."""
RAN_AND_BROKE = 1
"""mod_audio_stream's code for a socket that was lost; a start fails with 6, 9 (TLS) or 10 (time)."""

log = structlog.get_logger(__name__)


class Phase(Enum):
    """How the fork is."""

    IDLE = auto()
    EXPECTED = auto()
    STARTING = auto()
    UP = auto()
    AWAY = auto()
    LOST = auto()
    CLOSED = auto()


class _Attempt:
    """One start with its token; the call's end of its socket (`media_door.MediaSocket`)."""

    def __init__(self, fork: AudioFork, audio_in: PhoneAudioIn) -> None:
        self._fork = fork
        self.audio_in = audio_in
        self.current = True
        self.socket_open = False
        self.connected_at = -1  # FreeSWITCH's number of the event that said so
        self.decided = Flag()
        self.ended = Flag()
        self.why = ""

    def opened(self, send: Send) -> None:
        """The handshake is done."""
        self.socket_open = True
        self._check(send)

    def feed(self, pcm: bytes) -> bool:
        """Audio; False when the call no longer listens to this socket."""
        if not self.current or self.audio_in.closed:
            return False
        self.audio_in.feed(pcm)
        return True

    def closed(self, why: str) -> None:
        """The socket is gone."""
        self.socket_open = False
        self.end(f"media socket: {why}")

    def connected(self, number: int) -> None:
        """FreeSWITCH believes in it too."""
        if self.connected_at < 0:
            self.connected_at = number
            self._check(None)

    def end(self, why: str) -> None:
        """It is over, however it is told; the first reason counts."""
        if not self.ended.is_set():
            self.why = why
            self.ended.set()
            self.decided.set()
            if self.current:
                self.audio_in.line(None)

    def abandon(self) -> None:
        """Nobody listens to it any more."""
        self.end("given up")
        self.current = False

    def _check(self, send: Send | None) -> None:
        if send is not None and self.current:
            self.audio_in.line(send)
        if self.socket_open and self.connected_at >= 0:
            self.decided.set()


class AudioFork:
    """One channel's. `metadata` is what its socket says first. `on_lost` is told once, when no audio
    came for longer than the grace time."""

    def __init__(
        self,
        uuid: str,
        control: CallControl,
        door: MediaDoor,
        audio_in: PhoneAudioIn,
        *,
        metadata: Mapping[str, str] | None = None,
        grace_s: float = 3.0,
        on_lost: Callable[[], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.phase = Phase.IDLE
        self._uuid = uuid
        self._control = control
        self._door = door
        self._audio_in = audio_in
        self._metadata = metadata or {"call": uuid}
        self._grace_s = grace_s
        self._on_lost = on_lost
        self._clock = clock
        self._attempt: _Attempt | None = None
        self._ticket: Ticket | None = None
        self._told: set[int] = set()
        self._keeper: gevent.Greenlet | None = None
        self._log = log.bind(call=uuid)

    def expect(self, within_s: float) -> str:
        """The address to which FreeSWITCH brings the audio of itself, within that time: at the answer.
        What comes is taken at once; `start` says that somebody cares whether it does."""
        self.phase = Phase.EXPECTED
        self._attempt = _Attempt(self, self._audio_in)
        self._ticket = self._door.expect(self._uuid, self._attempt, within_s)
        return self._ticket.url

    def start(self) -> None:
        """Begin, or believe in what was expected, in a greenlet of its own."""
        if self.phase in (Phase.IDLE, Phase.EXPECTED):
            self.phase = Phase.STARTING
            self._keeper = gevent.spawn(self._keep)

    def hand_on(self, control: CallControl, audio_in: PhoneAudioIn, on_lost: Callable[[], None]) -> None:
        """From now on FreeSWITCH is asked on this connection, and these get the audio, and the word when
        it is lost."""
        self._control, self._audio_in, self._on_lost = control, audio_in, on_lost
        if self._attempt is not None:
            self._attempt.audio_in = audio_in

    def stop(self) -> None:
        """The call goes on without us: FreeSWITCH stops the stream. Then `close`. Blocks."""
        running = self.phase not in (Phase.IDLE, Phase.LOST, Phase.CLOSED)
        self.close()
        if running:
            self._detach()

    def close(self) -> None:
        """The call is over; FreeSWITCH's stream ends with the channel."""
        if self.phase is not Phase.LOST:
            self.phase = Phase.CLOSED
        if self._keeper is not None and self._keeper is not gevent.getcurrent():
            self._keeper.kill(block=False)
        if self._attempt is not None:
            self._attempt.abandon()
        self._withdraw()

    def on_event(self, event: Event) -> None:
        """mod_audio_stream's connect, disconnect or error, which several connections tell of. The end
        of an earlier attempt is ignored: it has a lower number than the connect of this one, or comes
        before it and is no failed start."""
        attempt = self._attempt
        number = _number(event)
        if attempt is None or self.phase not in (Phase.EXPECTED, Phase.STARTING, Phase.UP):
            return
        if number in self._told:
            return
        self._told |= {number} - {0}  # 0: without a number
        match event.subclass.removeprefix("mod_audio_stream::"):
            case "connect":
                attempt.connected(number)
            case "disconnect" | "error" as what:
                running = attempt.connected_at >= 0
                if number >= attempt.connected_at if running else _failed_start(event):
                    attempt.end(f"{what}: {event.body[:200]}")

    def _keep(self) -> None:
        """The fork's greenlet."""
        while (attempt := self._begin_within_grace()) is not None:
            attempt.ended.wait()
            gevent.sleep(HANG_UP_S)
            if self.phase is Phase.CLOSED:
                return
            self.phase = Phase.AWAY
            self._log.warning("the caller's audio has stopped; starting it again", why=attempt.why)
        if self.phase is Phase.CLOSED:
            return
        self.phase = Phase.LOST
        self._log.error("no audio from the caller", grace_s=self._grace_s)
        self._on_lost()

    def _begin_within_grace(self) -> _Attempt | None:
        deadline = self._clock() + self._grace_s
        expected = self._attempt if self._ticket is not None else None
        if expected is not None and self._decided(expected, CONNECT_S):
            return expected
        while (left_s := deadline - self._clock()) > 0:
            if self._attempt is not None:
                self._attempt.abandon()
                self._detach()
            attempt = self._attempt = _Attempt(self, self._audio_in)
            if self._try(attempt, min(CONNECT_S, left_s)):
                return attempt
            gevent.sleep(RETRY_S)
        return None

    def _try(self, attempt: _Attempt, wait_s: float) -> bool:
        self._ticket = self._door.expect(self._uuid, attempt)
        self.phase = Phase.STARTING
        try:
            self._control.api(uuid_audio_start(self._uuid, self._ticket.url, self._metadata))
        except EslError as error:
            attempt.end(str(error))
        return self._decided(attempt, wait_s)

    def _decided(self, attempt: _Attempt, wait_s: float) -> bool:
        """Whether it has come to something; waits for that."""
        attempt.decided.wait(wait_s)
        self._withdraw()
        if attempt.decided.is_set() and not attempt.ended.is_set():
            self.phase = Phase.UP
            return True
        self.phase = Phase.AWAY
        why = attempt.why or "no connection in time"
        attempt.abandon()
        self._log.warning("the caller's audio could not be started", why=why)
        return False

    def _withdraw(self) -> None:
        """Nobody comes with that token any more."""
        if self._ticket is not None:
            self._door.withdraw(self._ticket.token)
            self._ticket = None

    def _detach(self) -> None:
        """Whatever is left of a stream: without it the next start would be refused."""
        try:
            self._control.api(uuid_audio_stop(self._uuid))
        except EslRefused:
            pass  # nothing was attached
        except EslError as error:
            self._log.info("the old stream could not be stopped", why=str(error))


def _failed_start(event: Event) -> bool:
    """Whether a stream could not be started. One that had been running ends with `disconnect`, or with
    error 1; unreadable words are taken for the worse."""
    if event.subclass != "mod_audio_stream::error":
        return False
    try:
        return bool(json.loads(event.body)["message"]["code"] != RAN_AND_BROKE)
    except (ValueError, KeyError, TypeError, RecursionError):
        return True


def _number(event: Event) -> int:
    number = event.get("Event-Sequence")
    return int(number) if number.isascii() and number.isdecimal() else 0
