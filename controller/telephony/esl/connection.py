"""One event socket, of either direction: commands out, replies and events in.

Responsible for matching replies to commands (they come in order), time limits, and waking everybody
when the connection ends. It must never know what the events mean.

Two greenlets meet here: the one in `run` reads, any number of others send, in turns. A reply that
doesn't come in time ends the connection, because the next one could not be matched any more; a
command that is only half sent does too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import gevent
import gevent.event
import structlog
from gevent import socket
from gevent.lock import BoundedSemaphore

from controller.telephony import commands
from controller.telephony.commands import Api, Command
from controller.telephony.esl.errors import (
    AuthRefused,
    EslClosed,
    EslError,
    EslRefused,
    EslTimeout,
    ProtocolViolation,
)
from controller.telephony.esl.event import Event, parse_event
from controller.telephony.esl.message import Message
from controller.telephony.esl.message import Reply as Reply
from controller.telephony.esl.parser import Parser

_log = structlog.get_logger(__name__)
READ_BYTES = 32_768
_REFUSALS = ("-ERR", "-USAGE", "-ERROR")


@dataclass(slots=True, eq=False)
class _Waiting:
    """A command whose reply is due. `job`: set when that reply names a background job."""

    reply: gevent.event.AsyncResult = field(default_factory=gevent.event.AsyncResult)
    job: gevent.event.AsyncResult | None = None


class EslConnection:
    """Takes a connected socket and owns it. `on_event` is called by the reading greenlet and must
    not block. `send_limit_s`: how long a peer that doesn't read is borne."""

    def __init__(
        self,
        sock: Any,
        on_event: Callable[[Event], None],
        *,
        name: str = "",
        send_limit_s: float = 5.0,
    ) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(None)
        self._reader = sock
        self._writer = sock.dup()  # its own time limit
        self._writer.settimeout(send_limit_s)
        self._handle = on_event
        self._turn = BoundedSemaphore()
        self._waiting: deque[_Waiting] = deque()
        self._jobs: dict[str, gevent.event.AsyncResult] = {}
        self._greeted = gevent.event.Event()
        self._reading: Any = None
        self._error: EslError | None = None
        self.name = name
        self.heard_at = monotonic()
        self.ended = gevent.event.Event()

    @property
    def closed(self) -> bool:
        """Nothing can be sent or will arrive any more."""
        return self._error is not None

    @property
    def why(self) -> str:
        """Why it ended; "" while it lives."""
        return str(self._error or "")

    def command(self, command: Command, timeout_s: float = 5.0) -> Reply:
        """Send a command and wait for its reply.

        Raises EslRefused when that is ``-ERR…``; EslTimeout when none comes, and then the connection
        is closed; EslClosed when the connection is or gets lost.
        """
        reply = self._ask(command, _Waiting(), timeout_s)
        if reply.text.startswith(_REFUSALS):
            raise EslRefused(reply.text)
        return reply

    def api(self, api: Api, timeout_s: float = 5.0) -> str:
        """Run an API call, blocking this connection meanwhile, and give its words. Errors as for
        `command`; a body of ``-ERR``, ``-USAGE`` or ``-ERROR`` is a refusal."""
        return _body(self.command(commands.api(api), timeout_s).body)

    def bgapi(self, api: Api, timeout_s: float = 60.0, *, ahead: Api | None = None) -> str:
        """Like `api` without blocking the connection; needs BACKGROUND_JOB to be subscribed. A job
        that isn't done in time raises EslTimeout and leaves the connection as it is. `ahead`: run first,
        sent in the same write; what FreeSWITCH says to it is not heard."""
        job = gevent.event.AsyncResult()
        until = monotonic() + timeout_s
        # the reader enters the job itself: its event may stand right behind the reply
        waiting = _Waiting(job=job)
        reply = self._ask(commands.bgapi(api), waiting, min(timeout_s, 5.0), ahead)
        if reply.text.startswith(_REFUSALS):
            raise EslRefused(reply.text)
        if "Job-UUID" not in reply.headers:
            raise ProtocolViolation("a background job without Job-UUID")
        try:
            return _body(job.get(timeout=max(0.0, until - monotonic())))
        except gevent.Timeout:
            raise EslTimeout(f"job not done within {timeout_s:g} s") from None
        finally:
            self._jobs.pop(reply.headers.get("Job-UUID", ""), None)

    def authenticate(self, password: str, timeout_s: float = 5.0) -> None:
        """Wait for FreeSWITCH's greeting and log in. Raises AuthRefused."""
        if not self._greeted.wait(timeout_s):
            self._end(EslTimeout(f"no greeting within {timeout_s:g} s"))
        self._check_open()
        try:
            self.command(commands.auth(password), timeout_s)
        except EslRefused as exc:
            raise AuthRefused(exc.reply) from exc

    def run(self) -> None:
        """Read until the connection ends; the body of the reading greenlet. Doesn't raise for what
        the peer does."""
        self._reading = gevent.getcurrent()
        parser = Parser()
        try:
            while not self.closed:
                data = self._reader.recv(READ_BYTES)
                if not data:
                    raise EslClosed("FreeSWITCH closed the connection")
                self.heard_at = monotonic()
                for message in parser.feed(data):
                    self._take(message)
                gevent.sleep(0)  # a peer that floods us must not keep the hub from the others
        except EslError as exc:
            self._end(exc)
        except OSError as exc:
            self._end(EslClosed(f"connection lost: {exc}"))
        finally:
            self._end(EslClosed("nobody reads any more"))

    def close(self) -> None:
        """Drop the connection; whoever waits gets EslClosed. Safe at any time, repeatedly."""
        self._end(EslClosed("closed by us"))

    # --- sending ----------------------------------------------------------------------------

    def _ask(
        self, command: Command, waiting: _Waiting, timeout_s: float, ahead: Api | None = None
    ) -> Reply:
        if gevent.getcurrent() is self._reading:
            raise RuntimeError("a command from within on_event would wait for itself")
        limit = gevent.Timeout(timeout_s)
        try:
            with limit:
                if ahead is None:
                    self._send(command.wire(), waiting)
                else:
                    self._send(commands.api(ahead).wire() + command.wire(), _Waiting(), waiting)
                reply: Reply = waiting.reply.get()
        except gevent.Timeout as exc:
            if exc is not limit:
                raise
            verb = command.text.split(maxsplit=1)[0]
            late = EslTimeout(f"no reply to {verb} within {timeout_s:g} s")
            self._end(late)
            raise late from None
        return reply

    def _send(self, data: bytes, *waiting: _Waiting) -> None:
        with self._turn:
            self._check_open()
            self._waiting.extend(waiting)
            sent = False
            try:
                self._writer.sendall(data)
                sent = True
            except TimeoutError as exc:
                self._end(EslTimeout("FreeSWITCH doesn't read"))
                raise EslClosed(self.why) from exc
            except OSError as exc:
                self._end(EslClosed(f"connection lost: {exc}"))
                raise EslClosed(self.why) from exc
            finally:
                if not sent:  # also when our greenlet is killed: half a command is out
                    self._end(EslClosed("a command was cut off while being sent"))

    def _check_open(self) -> None:
        if self._error is not None:
            raise _for_waiters(self._error)

    # --- reading ----------------------------------------------------------------------------

    def _take(self, message: Message) -> None:
        match message.content_type:
            case "command/reply" | "api/response":
                self._take_reply(message)
            case "text/event-plain" | "text/event-json":
                self._take_event(parse_event(message))
            case "auth/request":
                self._greeted.set()
            case "text/rude-rejection":
                raise AuthRefused("this address may not connect (access list)")
            case "text/disconnect-notice":
                self._disconnect_notice(message)
            case other:
                _log.warning("unexpected message", connection=self.name, content_type=other[:60])

    def _take_reply(self, message: Message) -> None:
        if not self._waiting:
            raise ProtocolViolation("a reply to nothing")
        waiting = self._waiting.popleft()
        if waiting.job is not None and (job := message.headers.get("Job-UUID")):
            self._jobs[job] = waiting.job
        text = message.headers.get("Reply-Text", "")
        waiting.reply.set(Reply(text, message.headers, message.body.decode(errors="replace")))

    def _take_event(self, event: Event) -> None:
        if event.name == "BACKGROUND_JOB" and (job := self._jobs.pop(event.get("Job-UUID"), None)):
            job.set(event.body)
            return
        self._give(self._handle, event)

    def _give(self, listener: Callable[[Event], None], event: Event) -> None:
        try:
            listener(event)
        except Exception:  # noqa: BLE001 - one bad event must not end the connection
            _log.exception("an event's handler failed", connection=self.name, event_name=event.name)

    def _disconnect_notice(self, message: Message) -> None:
        """``linger``: the call is over, its last events are still to come. Otherwise FreeSWITCH is
        about to close; the end of the stream follows."""
        _log.debug(
            "disconnect notice",
            connection=self.name,
            disposition=message.headers.get("Content-Disposition", ""),
        )

    def _end(self, error: EslError) -> None:
        if self._error is not None:
            return
        self._error = error
        if isinstance(error, ProtocolViolation):
            _log.warning("not the event-socket protocol", connection=self.name, why=str(error))
        for waiting in self._waiting:
            waiting.reply.set_exception(_for_waiters(error))
        for job in self._jobs.values():
            job.set_exception(_for_waiters(error))
        self._waiting.clear()
        self._jobs.clear()
        with suppress(OSError):  # the peer may be gone already
            self._reader.shutdown(socket.SHUT_RDWR)
        self._writer.close()
        self._reader.close()
        self._greeted.set()
        self.ended.set()


def _for_waiters(error: EslError) -> EslError:
    """What others are told: the connection is gone, whatever went wrong with it first."""
    return error if isinstance(error, AuthRefused) else EslClosed(str(error))


def _body(body: str) -> str:
    if body.startswith(_REFUSALS):
        raise EslRefused(body.strip())
    return body
