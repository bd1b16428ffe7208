"""Runs database work on native threads while the greenlet that asked waits.

Responsible for keeping blocking calls off the hub and for one typed error. Must never know SQL.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gevent.threadpool import ThreadPool
from sqlalchemy.exc import SQLAlchemyError

from controller.storage.engine import DatabaseUnavailable, reason

T = TypeVar("T")


class OffHub:
    """One native thread for the work of one store; `what` names it in errors.

    One, so that a store's work is done in order; who must not wait for each other have a store each.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._pool = ThreadPool(1)

    def run(self, work: Callable[[], T]) -> T:
        """The value of `work()`; waits cooperatively. A database's error becomes DatabaseUnavailable,
        any other is raised here as it is, not printed there."""
        value, error = self._pool.apply(_run, (work,))
        if isinstance(error, SQLAlchemyError):
            raise DatabaseUnavailable(f"{self._what}: {reason(error)}") from error
        if error is not None:
            raise error
        result: T = value
        return result

    def close(self) -> None:
        """Let the thread go."""
        self._pool.kill()


def _run(work: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return work(), None
    except Exception as exc:  # noqa: BLE001 - raised again on the hub
        return None, exc
