"""Delivers what waits in the outbox, whatever happens to servers, to the database or to this process.

Responsible for when, how often and how many at once. Must never know what a channel does, nor SQL.

Exactly one delivery for each key, as far as its channel can promise it:
- Between workers: a claim is atomic, and an attempt ends before its lease does.
- After a crash between sending and marking: the lease ends, and the message is sent again only over
  channels whose receivers recognise the double (`Channel.repeatable`): a webhook by Idempotency-Key, a
  mailbox by Message-ID, an SMS provider by its `key_header`. Over others it becomes a dead letter, which
  says that it may have been delivered: a person decides.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Generic

import gevent
import structlog
from gevent.event import Event
from gevent.pool import Pool

from controller.tools.base import ToolError
from controller.tools.channels.base import Channel, Message, OutcomeUnknown
from controller.tools.outbox.ports import Item, Outbox

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """`max_tries` in all; after the n-th failure it waits first_s·2^(n-1), at most `longest_s`, more or
    less half of it at random. An attempt may take `attempt_s`; it owns the message for `lease_s`."""

    max_tries: int = 6
    first_s: float = 5.0
    longest_s: float = 3600.0
    attempt_s: float = 30.0
    lease_s: float = 120.0
    poll_s: float = 2.0
    at_once: int = 4

    def __post_init__(self) -> None:
        """Raises ValueError for a lease that could end during an attempt."""
        if self.lease_s < 2 * self.attempt_s:
            raise ValueError("lease_s must be at least twice attempt_s")

    def pause_s(self, tries: int) -> float:
        """How long to wait after so many failures."""
        pause_s = min(self.longest_s, self.first_s * 2.0 ** min(tries - 1, 30))
        return pause_s * random.uniform(0.5, 1.5)  # noqa: S311 - not a secret


class Worker(Generic[Item]):
    """One of a process; any number of processes share an outbox. `channels` by name; messages of other
    channels are dead letters. `unavailable` is what `outbox` raises when it can't be reached."""

    def __init__(
        self,
        outbox: Outbox[Item],
        channels: Mapping[str, Channel],
        *,
        unavailable: type[Exception],
        patience: Patience | None = None,
    ) -> None:
        self._outbox = outbox
        self._channels = dict(channels)
        self._once = frozenset(name for name, c in self._channels.items() if not c.repeatable)
        self._unavailable = unavailable
        self._patience = patience or Patience()
        self._work, self._stopping = Event(), Event()
        self._attempts = Pool(self._patience.at_once)
        self._loop: gevent.Greenlet | None = None

    def start(self) -> None:
        """Begin to deliver."""
        self._loop = gevent.spawn(self._run)

    def nudge(self) -> None:
        """There is work: look now. Never blocks."""
        self._work.set()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Claim nothing more, and let attempts under way finish. What is not done by then is left to
        its lease."""
        self._stopping.set()
        self._work.set()
        if self._loop is not None:
            self._loop.join(timeout_s)  # a claim under way must not be forgotten
            self._loop.kill()
        self._attempts.join(timeout_s)
        self._attempts.kill()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._work.clear()
            self._attempts.wait_available()
            try:
                item = self._claimed()
            except self._unavailable as error:
                _log.warning("outbox_waits", reason=str(error))
                item = None
            if item is None and not self._stopping.is_set():
                self._work.wait(self._patience.poll_s)
            elif item is not None:
                self._attempts.spawn(self._attempt, item)
                self._work.set()  # there may be more

    def _claimed(self) -> Item | None:
        patience = self._patience
        return self._outbox.claim(patience.lease_s, max_tries=patience.max_tries, once=self._once)

    def _attempt(self, item: Item) -> None:
        began = monotonic()
        failure = self._send(item)
        if failure is None:
            self._settle(item, began, None, None)
        else:
            self._settle(item, began, str(failure), self._retry_in_s(item, failure))

    def _send(self, item: Item) -> ToolError | None:
        channel = self._channels.get(item.channel)
        if channel is None:
            return ToolError(f"the channel {item.channel} is not configured")
        limit = gevent.Timeout(self._patience.attempt_s)
        try:
            with limit:
                channel.send(item.recipient, Message(**item.payload))
        except gevent.Timeout as expired:
            if expired is not limit:
                raise
            return OutcomeUnknown(f"not done within {self._patience.attempt_s} s")
        except ToolError as error:
            return error
        except Exception as error:  # noqa: BLE001 - a letter that breaks its channel must not come back
            return ToolError(f"{type(error).__name__}: {error}")
        return None

    def _retry_in_s(self, item: Item, failure: ToolError) -> float | None:
        doubtful = isinstance(failure, OutcomeUnknown) and item.channel in self._once
        if doubtful or not failure.retryable or item.tries >= self._patience.max_tries:
            return None
        return self._patience.pause_s(item.tries)

    def _settle(self, item: Item, began: float, why: str | None, retry_in_s: float | None) -> None:
        """Write down how it went, while the lease lasts: a delivery that isn't marked is repeated."""
        told = {"key": item.key, "channel": item.channel, "to": item.recipient, "tries": item.tries}
        while True:
            try:
                if why is None:
                    kept = self._outbox.sent(item)
                else:
                    kept = self._outbox.failed(item, why, retry_in_s)
                break
            except self._unavailable as error:
                if monotonic() - began > self._patience.lease_s:
                    _log.error("notification_not_marked", reason=str(error), **told)
                    return
                gevent.sleep(self._patience.poll_s)
        if not kept:
            _log.error("notification_lease_lost", **told)
        elif why is None:
            _log.info("notification_delivered", **told)
        elif retry_in_s is None:
            _log.error("notification_dead", reason=why, **told)
        else:
            _log.warning("notification_failed", reason=why, retry_in_s=round(retry_in_s, 1), **told)
