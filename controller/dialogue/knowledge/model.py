"""The values of the knowledge base. No behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Section:
    """A piece of a document as its author cut it: `title` is the way to it ("Returns › Refunds",
    "Page 3"; empty: none), `text` holds paragraphs parted by blank lines."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Snippet:
    """What is found and cited: at most a few sentences of one section."""

    section: str
    text: str


@dataclass(frozen=True, slots=True)
class Added:
    """A source was added (or replaced), in this many snippets."""

    source: str
    snippets: int


@dataclass(frozen=True, slots=True)
class Source:
    """One document. `embedder`: whose vectors its snippets carry ("": found by keywords alone)."""

    name: str
    snippets: int
    added: datetime
    embedder: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A snippet that answers a query. `score`: 0-1, from how much of the query's wording it has and how
    near it is in meaning."""

    source: str
    section: str
    text: str
    score: float

    @property
    def citation(self) -> str:
        """Where it stands, for the transcript: "manual.pdf, Page 3"."""
        return f"{self.source}, {self.section}" if self.section else self.source
