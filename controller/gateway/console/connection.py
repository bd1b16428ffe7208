"""One console's socket: bytes between it and its dialect.

Responsible for reading, for writing without ever waiting for a slow reader, for time limits and for
the end. Must never know what is said.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from enum import Enum, auto

import gevent
import structlog
from gevent.queue import Full, JoinableQueue

from controller.gateway.console import protocol
from controller.gateway.console.commands import Commands
from controller.gateway.console.dialect import Actions, Dialect, Stage
from controller.gateway.console.ports import ConsoleDeps
from controller.gateway.console.protocol import ProtocolViolation, Request, RequestParser
from controller.gateway.console.watch import Watching

READ_BYTES = 4096
WAKE = protocol.log_data(protocol.Level.NOTICE, "", "")
"""fs_cli (1.11) has two threads on one socket. The listening one may take the lock after the other has
read what both were woken for, and keeps it, while nothing goes, until something more comes: this does.
It is shown as the prompt drawn again in its place."""
WAKE_S = 0.25
"""After an answer. At once it would come before the prompt and draw a second one."""

log = structlog.get_logger(__name__)


class _Outlet(Enum):
    OPEN = auto()
    SHUT = auto()  # nothing is sent any more


class Connection:
    """A console. `run` is the body of its greenlet."""

    def __init__(self, sock: socket.socket, who: str, password: str, deps: ConsoleDeps) -> None:
        self._sock = sock
        self._limits = deps.limits
        self._log = log.bind(console=who)
        self._watching = Watching(deps.transcripts, self._send)
        self._commands = Commands(deps, self._watching, who)
        actions = Actions(self._commands.run, self._commands.candidates, self._start_job)
        self._dialect = Dialect(password, deps.limits, actions, self._watching)
        self._parser = RequestParser(deps.limits.block_bytes)
        self._outlet = _Outlet.OPEN
        self._queue: JoinableQueue[bytes | None] = JoinableQueue(maxsize=deps.limits.queued)
        self._jobs = 0
        self._waking = gevent.Greenlet()

    def run(self) -> None:
        """Talk until one side has enough."""
        writer = gevent.spawn(self._write)
        try:
            self._send(protocol.auth_request())
            self._talk()
        except ProtocolViolation as violation:
            self._log.warning("a console is shown out", why=str(violation))
            self._send(protocol.disconnect_notice(str(violation)))
        except OSError as error:
            self._log.debug("a console is gone", why=str(error))
        finally:
            if self._dialect.wrong_passwords:
                self._log.warning("wrong console passwords", count=self._dialect.wrong_passwords)
            self._watching.close()
            self._waking.kill(block=False)
            self._let_out(writer)

    def stop(self) -> None:
        """Say goodbye and leave; returns at once."""
        self._send(protocol.disconnect_notice())
        self._shut(socket.SHUT_RD)

    # --- reading -----------------------------------------------------------------------------

    def _talk(self) -> None:
        requests = self._requests()
        late = ProtocolViolation(f"no password within {self._limits.auth_s:g} s")
        with gevent.Timeout(self._limits.auth_s, late):
            self._serve(requests, Stage.LOGIN)
        if self._dialect.stage is Stage.READY:
            self._log.info("a console has logged in")
            self._serve(requests, Stage.READY)

    def _serve(self, requests: Iterator[Request], stage: Stage) -> None:
        """Answer while the dialect is at this stage; one answer must be out before the next is made."""
        while self._dialect.stage is stage and (request := next(requests, None)) is not None:
            answer = self._dialect.answer(request)
            if answer.pause_s:
                gevent.sleep(answer.pause_s)
            self._send(answer.data)
            self._queue.join()
            if answer.wakes:
                self._waking.kill(block=False)
                self._waking = gevent.spawn_later(WAKE_S, self._send, WAKE)

    def _requests(self) -> Iterator[Request]:
        while data := self._sock.recv(READ_BYTES):
            yield from self._parser.feed(data)

    def _start_job(self, job_id: str, command: str) -> bool:
        if self._jobs >= self._limits.jobs:
            return False
        self._jobs += 1
        gevent.spawn(self._run_job, job_id, command)  # goes on when the console leaves
        return True

    def _run_job(self, job_id: str, command: str) -> None:
        result = self._commands.run(command)
        self._jobs -= 1
        event = self._dialect.job_done(job_id, command, result)
        if event is not None:
            self._send(event)

    # --- writing -----------------------------------------------------------------------------

    def _send(self, data: bytes) -> None:
        """Queue a message; a reader who lets too many pile up is dropped."""
        if self._outlet is _Outlet.SHUT:
            return
        try:
            self._queue.put_nowait(data)
        except Full:
            self._lose("it does not read what it is sent")

    def _write(self) -> None:
        for data in iter(self._queue.get, None):
            if self._outlet is _Outlet.OPEN:
                self._write_one(data)
            self._queue.task_done()

    def _write_one(self, data: bytes) -> None:
        try:
            with gevent.Timeout(self._limits.send_s, TimeoutError("a write took too long")):
                self._sock.sendall(data)
        except OSError as error:
            self._lose(str(error))

    def _lose(self, why: str) -> None:
        self._log.warning("a console is dropped", why=why)
        self._outlet = _Outlet.SHUT
        self._shut(socket.SHUT_RDWR)  # wakes the reader, and a write that hangs

    def _let_out(self, writer: gevent.Greenlet) -> None:
        with gevent.Timeout(self._limits.send_s, False):
            self._queue.put(None)
            writer.join()
        self._outlet = _Outlet.SHUT
        writer.kill()
        self._shut(socket.SHUT_WR)
        self._sock.close()

    def _shut(self, how: int) -> None:
        with suppress(OSError):  # it may be shut already, by either side
            self._sock.shutdown(how)
