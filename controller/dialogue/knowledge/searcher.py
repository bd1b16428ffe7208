"""Searching from the gevent hub, beginning on what the caller has said so far.

Responsible for keeping the search off the hub and for finding it done when the final transcript asks
the same thing as a partial: when both have the same terms. Knows nothing of sessions: a question asked
by two callers is answered once. Use it on one hub only.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic
from typing import Protocol

import gevent
import structlog
from gevent.event import AsyncResult

from controller.dialogue.knowledge.base import Meaning
from controller.dialogue.knowledge.model import Hit
from controller.dialogue.knowledge.words import terms
from media.pool import EnginePool, PoolFull, Priority

FRESH_S = 10.0
"""A result may be used this long: from a partial to the end of the turn."""
KEPT = 64
MAX_QUERY = 1000
"""Characters of a question that are looked at."""

log = structlog.get_logger(__name__)


class Searchable(Protocol):
    """A KnowledgeBase, as far as a searcher needs it."""

    def search(
        self, query: str, limit: int, sources: Sequence[str], meaning: Meaning | None, /
    ) -> list[Hit]:
        """Blocking, thread-safe. `sources`: names or patterns; none: all. `meaning`: gives the
        question's vector; None: the base makes it."""
        ...


class Searcher:
    """Fits what an agent asks of its knowledge. `search` blocks its greenlet only; `ahead` nothing."""

    def __init__(
        self,
        base: Searchable,
        pool: EnginePool,
        limit: int = 5,
        clock: Callable[[], float] = monotonic,
        sources: Sequence[str] = (),
        meaning: Meaning | None = None,
    ) -> None:
        """`sources`: those that may be used, by name or pattern; none: all. `meaning`: asks a server for
        a question's vector, within a time limit; it waits on the hub, because a worker of the pool has
        better things to do. None: the base makes it."""
        self._base = base
        self._pool = pool
        self._limit = limit
        self._clock = clock
        self._sources = tuple(sources)
        self._meaning = meaning
        self._begun: OrderedDict[frozenset[str], tuple[float, AsyncResult]] = OrderedDict()

    def ahead(self, partial_text: str, /) -> None:
        """Begin on a partial transcript; does nothing when the machine is busy."""
        if not self._pool.busy and self._known(partial_text) is None:
            self._begin(partial_text, Priority.PARTIAL)

    def search(self, text: str, /) -> list[Hit]:
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
        if self._meaning is None:
            if not self._submit(text, priority, result, None):
                return result
        else:
            gevent.spawn(self._ask_server, text, priority, result, self._meaning)
        self._begun[_key(text)] = (self._clock(), result)
        self._begun.move_to_end(_key(text))
        if len(self._begun) > KEPT:
            self._begun.popitem(last=False)
        return result

    def _ask_server(self, text: str, priority: Priority, result: AsyncResult, meaning: Meaning) -> None:
        try:
            vector = meaning(text)
            if not self._submit(text, priority, result, lambda _question: vector):
                result.set_exception(PoolFull("no room to search ahead"))
        except Exception as error:  # noqa: BLE001 - whoever waits for the result is told
            result.set_exception(error)

    def _submit(
        self, text: str, priority: Priority, result: AsyncResult, meaning: Meaning | None
    ) -> bool:
        """Hand the search to the pool; False when it has no room for a partial. Raises PoolFull."""
        job = partial(self._base.search, text, self._limit, self._sources, meaning)
        try:
            self._pool.submit(job, priority=priority, on_done=result.set, on_error=result.set_exception)
        except PoolFull:
            if priority is Priority.FINAL:
                raise
            log.debug("no room to search ahead")
            return False
        return True


def _key(text: str) -> frozenset[str]:
    """What a search goes by: no fillers, no endings. A partial that lacks "please" is near enough, one
    that lacks "Sunday" is not."""
    found = frozenset(terms(text[:MAX_QUERY]))
    return found or frozenset([text.casefold().strip()])
