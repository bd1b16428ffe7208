"""A knowledge base: files in, cited snippets out.

Responsible for putting reading, splitting, embedding, storing and searching together. Every method
blocks and is thread-safe: on a gevent hub it is called through `Searcher` or an engine pool.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath

import numpy as np
import structlog

from controller.dialogue.knowledge import searching, store
from controller.dialogue.knowledge.embedding import Embedder, Vectors
from controller.dialogue.knowledge.errors import BadName, EmbedderDown, OtherEmbedder, TooBig, Unreadable
from controller.dialogue.knowledge.model import Added, Hit, Snippet, Source
from controller.dialogue.knowledge.reading.limits import Limits
from controller.dialogue.knowledge.reading.reader import format_of, read
from controller.dialogue.knowledge.searching import THRESHOLD, Meanings
from controller.dialogue.knowledge.splitting import split
from controller.dialogue.knowledge.store import Row, Store
from controller.dialogue.knowledge.words import terms

MAX_SNIPPETS = 50_000
"""A source; about 30 MB of text."""
MAX_NAME = 200
MAX_QUERY = 1000
"""Characters of a question that are looked at."""
EMBED_AT_ONCE = 64

log = structlog.get_logger(__name__)

Hits = list[Hit]
Sources = list[Source]
Rows = list[Row]
Meaning = Callable[[str], Vectors | None]
Progress = Callable[[int, int], None]
"""Told (snippets done, snippets in all)."""


class KnowledgeBase:
    """All sources in one directory. Other processes may change it meanwhile; searches see that."""

    def __init__(
        self,
        directory: Path,
        embedder: Embedder | None = None,
        *,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        threshold: float = THRESHOLD,
    ) -> None:
        """`embedder` None: found by keywords alone. `threshold`: from which score (0-1) on a snippet is
        a hit. Raises StoreBroken; OtherEmbedder when another one made what is stored."""
        self._store = Store(directory)
        self._embedder = embedder
        self._limits = limits
        self._threshold = threshold
        self._meanings = Meanings(0, np.zeros(0, np.int64), np.zeros((0, 0), np.float32))
        self._refuse_mixing()
        self._refresh()

    def add(
        self, file: Path | bytes, name: str | None = None, progress: Progress | None = None
    ) -> Added:
        """Read a file and store it under `name` (a path's own by default), in place of what had that
        name. The name's ending says the format. All or nothing.

        Raises UnknownFormat, TooBig, Empty, Unreadable, BadName, StoreBroken, EmbedderDown,
        OtherEmbedder.
        """
        name = _checked_name(name or (file.name if isinstance(file, Path) else ""))
        format_of(name)
        data = file if isinstance(file, bytes) else self._bytes(file)
        snippets = list(split(read(data, name, self._limits)))
        if not snippets:
            raise Unreadable(f"{name}: it holds no text")
        if len(snippets) > MAX_SNIPPETS:
            raise TooBig(f"{name}: {len(snippets):,} snippets; at most {MAX_SNIPPETS:,}: split the file")
        self._refuse_mixing()
        rows = self._rows(snippets, progress)
        self._store.replace(name, self._embedder.name if self._embedder else "", rows)
        self._refresh()
        return Added(name, len(rows))

    def remove(self, name: str) -> None:
        """Forget a source. Raises UnknownSource, StoreBroken."""
        self._store.remove(name)
        self._refresh()

    def list(self) -> Sources:
        """All sources by name. Raises StoreBroken."""
        return self._store.sources()

    def search(
        self,
        query: str,
        limit: int = 5,
        sources: Sequence[str] = (),
        meaning: Meaning | None = None,
    ) -> Hits:
        """The snippets that answer the question, best first; an empty list says that nothing was found.
        `sources`: only these, by name or pattern ("shoes_*.md"); none: all. `meaning` makes the
        question's vector; None: the base's embedder does. Without a vector keywords decide. Raises
        StoreBroken."""
        asked = query[:MAX_QUERY]
        wanted = terms(asked)
        vector = (meaning or self._meaning)(asked) if wanted else None
        if vector is not None and not vector.any():
            vector = None
        with self._store.reading() as db:
            meanings = self._refreshed(db)
            within = store.snippets_of(db, sources) if sources else None
            return searching.search(db, wanted, vector, meanings, self._threshold, limit, within)

    def _meaning(self, question: str) -> Vectors | None:
        try:
            return self._embedder.embed([question])[0] if self._embedder else None
        except EmbedderDown as error:
            log.warning("searching_by_keywords_alone", detail=str(error))
            return None

    def _refuse_mixing(self) -> None:
        """Vectors of two embedders say nothing about each other."""
        mine = self._embedder.name if self._embedder else ""
        others = {source.embedder for source in self._store.sources()} - {mine, ""}
        if mine and others:
            raise OtherEmbedder(
                f"this knowledge base was made with the embeddings of {', '.join(sorted(others))}, and "
                f"the settings say {mine}: change them back, or remove its sources and add them again"
            )

    def _refresh(self) -> None:
        with self._store.reading() as db:
            self._refreshed(db)

    def _rows(self, snippets: Sequence[Snippet], progress: Progress | None) -> Rows:
        rows: Rows = []
        for start in range(0, len(snippets), EMBED_AT_ONCE):
            batch = snippets[start : start + EMBED_AT_ONCE]
            for snippet, vector in zip(batch, self._vectors(batch), strict=True):
                rows.append(Row(snippet, terms(snippet.section), terms(snippet.text), vector))
            if progress is not None:
                progress(len(rows), len(snippets))
        return rows

    def _vectors(self, snippets: Sequence[Snippet]) -> Sequence[Vectors | None]:
        if self._embedder is None:
            return [None] * len(snippets)
        made = self._embedder.embed([f"{each.section}\n{each.text}" for each in snippets])
        return [vector if vector.any() else None for vector in made]

    def _refreshed(self, db: sqlite3.Connection) -> Meanings:
        """The vectors as they are stored now. Immutable, so threads share them without a lock; two that
        find them stale at once both load them."""
        if self._embedder is None:
            return self._meanings
        known, number = self._meanings, store.generation(db)
        if number != known.generation:
            found = store.vectors(db, self._embedder.name, self._embedder.dimensions)
            known = self._meanings = Meanings(number, *found)
        return known

    def _bytes(self, path: Path) -> bytes:
        try:
            with path.open("rb") as file:
                return file.read(self._limits.file_bytes + 1)
        except OSError as error:
            raise Unreadable(f"{path} can't be read: {error.strerror}") from error


def _checked_name(name: str) -> str:
    """Names are shown, cited and typed: one line, no directories."""
    if not name or len(name) > MAX_NAME or not name.isprintable() or name != PurePath(name).name:
        raise BadName(
            f"{name[:40]!r} can't name a source; expected a file's name of 1-{MAX_NAME} characters"
        )
    return name
