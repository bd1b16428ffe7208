"""Keeps records of all sessions without ever holding one up.

Responsible for the buffer between the hub and the database, and for patience when the database is
away. Must never know SQL, nor let a database call happen on the hub.

Happenings become records at once and wait in a bounded buffer; one greenlet takes them in batches to
one native thread. When the database is down calls go on and the batch is tried again, with growing
pauses. When the buffer is full **new** records are dropped, not old ones: what waits then are whole
conversations in order, and a session whose start found no room is left out altogether instead of in
shreds. A session's end always finds room (there is at most one for each session that was let in),
so no recorded session seems to be still going on; its counts show how many turns there really were.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import gevent
import structlog
from gevent.event import Event
from gevent.threadpool import ThreadPool

from controller.session.happenings import Happening
from controller.storage.engine import BUSY_TIMEOUT_MS, reason
from controller.storage.ledger import Kind, Ledger, Record
from controller.storage.store import RecordStore, Rejected

BATCH = 200
"""Records of one transaction: about 7 ms on SQLite, so nobody waits long for the write lock."""

GRACE_S = 10.0
"""How long `close` waits for an attempt that is under way; longer than any database time limit."""


class WriterState(StrEnum):
    """What the writer is doing."""

    WORKING = "working"
    RETRYING = "retrying"  # the database is away
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class WriterCounts:
    """`waiting` records now; the others since the start, each record counted once as written, dropped
    (no room, or of a session that is not recorded) or rejected (the database will never take it)."""

    waiting: int
    written: int
    dropped: int
    rejected: int
    failures: int
    """Attempts at a batch that failed."""


class RecordWriter:
    """Watcher that records every session it is told of. Make it on the hub that the sessions run on.

    `linger_ms` is how long a record may wait for company; pauses after failures grow from `retry_min_ms`
    to `retry_max_ms`, each shortened at random by up to half so that processes don't knock together.
    Raises StorageError for a URL that can't be used.
    """

    def __init__(
        self,
        database_url: str,
        *,
        max_waiting: int = 10_000,
        linger_ms: float = 200.0,
        retry_min_ms: float = 500.0,
        retry_max_ms: float = 15_000.0,
        busy_timeout_ms: int = BUSY_TIMEOUT_MS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.max_waiting = max_waiting
        self._store = RecordStore(database_url, busy_timeout_ms)
        self._ledger = Ledger(now)
        self._linger_s = linger_ms / 1000
        self._retry_s = (retry_min_ms / 1000, retry_max_ms / 1000)
        self._state = WriterState.WORKING
        self._buffer: deque[Record] = deque()
        self._accepted = self._written = self._dropped = self._rejected = self._failures = 0
        self._drops_told = False
        self._failed_in_a_row = 0
        self._flushes: list[tuple[int, Event]] = []
        self._work, self._hurry = Event(), Event()
        self._log = structlog.get_logger("switchtalk.records")
        self._thread = ThreadPool(1)
        self._greenlet = gevent.spawn(self._run)

    def __call__(self, session_id: str, happening: Happening) -> None:
        """Keep what is worth keeping of `happening`. Never blocks."""
        try:
            record = self._ledger.record(session_id, happening)
        except KeyError:
            self._drop(session_id)
            return
        if record is not None and not self._accept(record) and record.kind is Kind.SESSION:
            self._ledger.forget(session_id)

    def recording_saved(self, session_id: str, path: str) -> None:
        """Note where the session's audio lies; may come after its end. Never blocks."""
        self._accept(self._ledger.recording(session_id, path))

    @property
    def state(self) -> WriterState:
        """What the writer is doing."""
        return self._state

    def counts(self) -> WriterCounts:
        """The counters, for metrics and readiness. Never blocks."""
        return WriterCounts(
            len(self._buffer), self._written, self._dropped, self._rejected, self._failures
        )

    def flush(self, timeout_s: float) -> bool:
        """Wait (cooperatively) until all that has been accepted is settled; False when time is over.
        A writer that is pausing after a failure tries again at once."""
        if self._settled >= self._accepted:
            return True
        waiter = (self._accepted, Event())
        self._flushes.append(waiter)
        self._hurry.set()
        try:
            return bool(waiter[1].wait(timeout_s))
        finally:
            self._flushes.remove(waiter)

    def close(self, timeout_s: float = 5.0) -> int:
        """Flush, then stop for good; returns how many records are lost (and logs it). Later records
        are dropped."""
        if self._closed:
            return 0
        self.flush(timeout_s)
        self._state = WriterState.CLOSED
        self._work.set()
        self._hurry.set()
        self._greenlet.join(GRACE_S)
        self._greenlet.kill()
        self._thread.kill()
        lost = len(self._buffer)
        if lost:
            self._log.error("records_lost", records=lost)
        return lost

    @property
    def _closed(self) -> bool:
        return self._state is WriterState.CLOSED

    @property
    def _settled(self) -> int:
        return self._written + self._rejected

    def _accept(self, record: Record) -> bool:
        full = len(self._buffer) >= self.max_waiting and record.kind is not Kind.END
        if full or self._closed:
            self._drop(record.session_id)
            return False
        self._buffer.append(record)
        self._accepted += 1
        self._work.set()
        return True

    def _drop(self, session_id: str) -> None:
        self._dropped += 1
        if not self._drops_told:  # once, until the buffer has emptied again
            self._drops_told = True
            self._log.error("records_dropped", first_session_id=session_id, waiting=len(self._buffer))

    def _run(self) -> None:
        while not self._closed:
            self._work.wait()
            self._pause(self._linger_s)
            while self._buffer and not self._closed:
                self._attempt()
            if not self._buffer:
                self._work.clear()

    def _attempt(self) -> None:
        batch = [self._buffer[i] for i in range(min(BATCH, len(self._buffer)))]
        outcome = self._thread.apply(_write, (self._store, batch))
        if isinstance(outcome, Exception):
            self._failed(outcome)
        else:
            self._succeeded(len(batch), outcome)

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        self._failed_in_a_row += 1
        if self._closed:
            return
        if self._state is WriterState.WORKING:
            self._state = WriterState.RETRYING
            self._log.error("records_wait", error=type(error).__name__, reason=reason(error))
        shortest, longest = self._retry_s
        pause_s = min(longest, shortest * 2 ** min(self._failed_in_a_row - 1, 16))
        self._pause(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - not a secret

    def _succeeded(self, count: int, rejected: Sequence[Rejected]) -> None:
        for _ in range(count):
            self._buffer.popleft()
        self._written += count - len(rejected)
        self._rejected += len(rejected)
        self._failed_in_a_row = 0
        if rejected:
            first = rejected[0]
            self._log.error(
                "records_rejected",
                records=len(rejected),
                kind=first.record.kind.name.lower(),
                session_id=first.record.session_id,
                reason=first.why,
            )
        if self._state is WriterState.RETRYING:
            self._state = WriterState.WORKING
            self._log.warning("records_written_again", waiting=len(self._buffer), dropped=self._dropped)
        if not self._buffer:
            self._drops_told = False
        for target, reached in self._flushes:
            if self._settled >= target:
                reached.set()

    def _pause(self, seconds: float) -> None:
        """Sleep, unless somebody is in a hurry."""
        self._hurry.wait(seconds)
        self._hurry.clear()


def _write(store: RecordStore, batch: Sequence[Record]) -> list[Rejected] | Exception:
    """On the native thread: an error is a result, to be logged and counted on the hub."""
    try:
        return store.write(batch)
    except Exception as exc:  # noqa: BLE001 - handed to the hub
        return exc
