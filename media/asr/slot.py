"""One heavy object for all worker threads: built when first needed, and again after it failed.

Knows nothing of what it holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from gevent.monkey import get_original

T = TypeVar("T")


class Slot(Generic[T]):
    """`get` and `discard` from any native thread; a second thread waits for the first one's build."""

    def __init__(self, build: Callable[[], T]) -> None:
        self._build = build
        self._held: T | None = None
        # A native lock: gevent's would want a hub in every worker thread.
        self._lock = get_original("_thread", "allocate_lock")()

    def get(self) -> T:
        """What is held, built now if need be. Raises what building raises, and tries again when
        next asked."""
        with self._lock:
            if self._held is None:
                self._held = self._build()
            return self._held

    def discard(self, failed: T) -> None:
        """Build anew when next asked, unless someone has done so already."""
        with self._lock:
            if self._held is failed:
                self._held = None
