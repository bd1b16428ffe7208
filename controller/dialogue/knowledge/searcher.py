"""Searching from the gevent hub, beginning on what the caller has said so far.

Responsible for keeping the search off the hub and for finding it done when the final transcript asks
the same thing as the last partial. Knows nothing of sessions: a question asked by two callers is
answered once. Use it on one hub only.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Protocol

import structlog
from gevent.event import AsyncResult

from controller.dialogue.knowledge.model import Hit
from media.pool import EnginePool, PoolFull, Priority

FRESH_S = 10.0
"""A result may be used this long: from a partial to the end of the turn."""
KEPT = 64

log = structlog.get_logger(__name__)


class Searchable(Protocol):
    """A KnowledgeBase, as far as a searcher needs it."""

    def search(self, query: str, limit: int) -> list[Hit]:
        """Blocking, thread-safe."""
        ...


class Searcher:
    """Fits what an agent asks of its knowledge. `search` blocks its greenlet only; `ahead` nothing."""

    def __init__(
        self,
        base: Searchable,
        pool: EnginePool,
        limit: int = 5,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._base = base
        self._pool = pool
        self._limit = limit
        self._clock = clock
        self._begun: OrderedDict[str, tuple[float, AsyncResult]] = OrderedDict()

    def ahead(self, partial_text: str) -> None:
        """Begin on a partial transcript; does nothing when the machine is busy."""
        if self._known(partial_text) is None and not self._pool.busy:
            self._begin(partial_text, Priority.PARTIAL)

    def search(self, text: str) -> list[Hit]:
        """The snippets for a question, at once if a partial asked the same. Raises KnowledgeError,
        PoolFull."""
        known = self._known(text)
        if known is None:
            known = self._begin(text, Priority.FINAL)
        hits: list[Hit] = known.get()
        return hits

    def _known(self, text: str) -> AsyncResult | None:
        begun_at, result = self._begun.get(_key(text), (0.0, None))
        if result is None or self._clock() - begun_at > FRESH_S or result.exception is not None:
            return None
        return result

    def _begin(self, text: str, priority: Priority) -> AsyncResult:
        result = AsyncResult()
        job = partial(self._base.search, text, self._limit)
        try:
            self._pool.submit(job, priority=priority, on_done=result.set, on_error=result.set_exception)
        except PoolFull:
            if priority is Priority.FINAL:
                raise
            log.debug("no room to search ahead")
            return result
        self._begun[_key(text)] = (self._clock(), result)
        self._begun.move_to_end(_key(text))
        if len(self._begun) > KEPT:
            self._begun.popitem(last=False)
        return result


def _key(text: str) -> str:
    """Partials and finals differ in case, blanks and punctuation only, when the words are the same."""
    return "".join(char for char in text.casefold() if char.isalnum())
