"""The knowledge base's file: sources, snippets, their terms and vectors, in one SQLite database.

Responsible for SQL and for all-or-nothing changes. A connection lives for one call, so any thread and
any process may use the store at once. Knows nothing of files, languages or how vectors are made.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from controller.dialogue.knowledge.embedding import Vectors
from controller.dialogue.knowledge.errors import StoreBroken, UnknownSource
from controller.dialogue.knowledge.model import Snippet, Source

FILE = "knowledge.sqlite"
BUSY_S = 30
SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE source (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, added TEXT NOT NULL, embedder TEXT NOT NULL);
CREATE TABLE snippet (
    id INTEGER PRIMARY KEY AUTOINCREMENT, source_id INTEGER NOT NULL REFERENCES source(id),
    section TEXT NOT NULL, text TEXT NOT NULL, vector BLOB);
CREATE INDEX snippet_source ON snippet(source_id);
CREATE VIRTUAL TABLE terms USING fts5(section, text, tokenize = 'unicode61 remove_diacritics 0');
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(terms, row);
CREATE TABLE generation (number INTEGER NOT NULL);
INSERT INTO generation VALUES (1);
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A snippet ready to be stored: its terms (of the section's title, of the text) and its vector."""

    snippet: Snippet
    title_terms: Sequence[str]
    text_terms: Sequence[str]
    vector: Vectors | None


@dataclass(frozen=True, slots=True)
class Stored:
    """A snippet as found: `terms` has those of its title and its text."""

    number: int
    source: str
    section: str
    text: str
    terms: frozenset[str]


class Store:
    """Thread-safe. Every method may raise StoreBroken."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreBroken(f"can't make {directory}: {error.strerror}") from error
        with self._writing() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            elif version != SCHEMA_VERSION:
                raise StoreBroken(
                    f"{self._path} is of another version; remove it and add the files again"
                )

    def replace(self, name: str, embedder: str, rows: Sequence[Row]) -> None:
        """Store a source in place of what had its name; all or nothing."""
        with self._writing() as db:
            _delete(db, name)
            added = datetime.now(UTC).isoformat(timespec="seconds")
            source = db.execute(
                "INSERT INTO source (name, added, embedder) VALUES (?, ?, ?)", (name, added, embedder)
            ).lastrowid
            for row in rows:
                vector = None if row.vector is None else row.vector.astype("<f4").tobytes()
                number = db.execute(
                    "INSERT INTO snippet (source_id, section, text, vector) VALUES (?, ?, ?, ?)",
                    (source, row.snippet.section, row.snippet.text, vector),
                ).lastrowid
                db.execute(
                    "INSERT INTO terms (rowid, section, text) VALUES (?, ?, ?)",
                    (number, " ".join(row.title_terms), " ".join(row.text_terms)),
                )
            db.execute("UPDATE generation SET number = number + 1")

    def remove(self, name: str) -> None:
        """Raises UnknownSource."""
        with self._writing() as db:
            if not _delete(db, name):
                raise UnknownSource(f"no source {name!r}; `list` shows which there are")
            db.execute("UPDATE generation SET number = number + 1")

    def sources(self) -> list[Source]:
        """All sources by name."""
        with self.reading() as db:
            rows = db.execute(
                "SELECT name, (SELECT count(*) FROM snippet WHERE source_id = source.id), added, "
                "embedder FROM source ORDER BY name"
            ).fetchall()
        return [Source(name, n, datetime.fromisoformat(added), e) for name, n, added, e in rows]

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A consistent view: what is committed meanwhile isn't seen."""
        with self._connection() as db:
            db.execute("BEGIN")
            yield db
            db.execute("ROLLBACK")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, BUSY_S, isolation_level=None)) as db:
                yield db
        except sqlite3.Error as error:
            raise StoreBroken(
                f"{self._path} can't be used ({error}); if damaged, remove it and add the files again"
            ) from error


def generation(db: sqlite3.Connection) -> int:
    """Another number after every change."""
    return int(db.execute("SELECT number FROM generation").fetchone()[0])


def vectors(db: sqlite3.Connection, embedder: str, dimensions: int) -> tuple[NDArray[np.int64], Vectors]:
    """Snippet numbers (n,) and vectors (n, dimensions) of one embedder."""
    rows = db.execute(
        "SELECT snippet.id, vector FROM snippet JOIN source ON source.id = source_id "
        "WHERE embedder = ? AND length(vector) = ?",
        (embedder, 4 * dimensions),
    ).fetchall()
    numbers = np.array([number for number, _ in rows], np.int64)
    joined = b"".join(vector for _, vector in rows)
    return numbers, np.frombuffer(joined, "<f4").reshape(len(rows), dimensions)


def counts(db: sqlite3.Connection, terms: Sequence[str]) -> tuple[int, dict[str, int]]:
    """How many snippets there are, and how many have each of these terms (absent: none)."""
    total = int(db.execute("SELECT count(*) FROM snippet").fetchone()[0])
    found = {}
    for term in terms:
        row = db.execute("SELECT doc FROM vocabulary WHERE term = ?", (term,)).fetchone()
        if row:
            found[term] = int(row[0])
    return total, found


def snippets_of(db: sqlite3.Connection, patterns: Sequence[str]) -> list[int]:
    """Numbers of the snippets of all sources whose names match any of the patterns (*, ?, [a-z])."""
    sources = db.execute("SELECT id, name FROM source").fetchall()
    wanted = [id_ for id_, name in sources if any(fnmatchcase(name, each) for each in patterns)]
    rows = [db.execute("SELECT id FROM snippet WHERE source_id = ?", (id_,)) for id_ in wanted]
    return [number for found in rows for (number,) in found]


def best_by_terms(
    db: sqlite3.Connection, terms: Sequence[str], limit: int, within: Sequence[int] | None = None
) -> list[int]:
    """Snippet numbers with any of the terms, the best by BM25 first; a title counts double. `within`:
    only these numbers; None: all."""
    query = " OR ".join(f'"{term}"' for term in terms)
    rows = db.execute(
        "SELECT rowid FROM terms WHERE terms MATCH ? ORDER BY bm25(terms, 2.0, 1.0)", (query,)
    )
    allowed = None if within is None else frozenset(within)
    best = (number for (number,) in rows if allowed is None or number in allowed)
    return list(islice(best, limit))


def fetch(db: sqlite3.Connection, numbers: Sequence[int]) -> list[Stored]:
    """The snippets of these numbers, in any order."""
    marks = ",".join("?" * len(numbers))
    rows = db.execute(
        "SELECT snippet.id, name, snippet.section, snippet.text, terms.section, terms.text FROM snippet "  # noqa: S608
        f"JOIN source ON source.id = source_id JOIN terms ON terms.rowid = snippet.id "
        f"WHERE snippet.id IN ({marks})",
        tuple(numbers),
    )
    return [
        Stored(number, source, section, text, frozenset(f"{title} {words}".split()))
        for number, source, section, text, title, words in rows
    ]


def _delete(db: sqlite3.Connection, name: str) -> bool:
    found = db.execute("SELECT id FROM source WHERE name = ?", (name,)).fetchone()
    if found is None:
        return False
    db.execute("DELETE FROM terms WHERE rowid IN (SELECT id FROM snippet WHERE source_id = ?)", found)
    db.execute("DELETE FROM snippet WHERE source_id = ?", found)
    db.execute("DELETE FROM source WHERE id = ?", found)
    return True
