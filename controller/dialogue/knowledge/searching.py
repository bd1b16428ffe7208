"""The search itself: keywords and meaning over one consistent view of the store.

Candidates are the best by BM25 and the nearest in meaning. Each is then judged by two numbers between
0 and 1 that mean the same in every knowledge base, so that a threshold can say "nothing found":

- wording: which share of the question's information its words hold (terms weighted by rarity, a term
  that no snippet has counting most);
- meaning: cosine of the vectors; unknown (None) where the embedder doesn't know the language.

Knows nothing of files, threads or sessions.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from controller.dialogue.knowledge import store
from controller.dialogue.knowledge.embedding import Vectors
from controller.dialogue.knowledge.model import Hit

CANDIDATES = 40
"""Taken from each of the two ways."""
MAX_TERMS = 32
"""Of a long question its rarest terms count."""
SMALL_BASE = 50
"""A base of fewer snippets says little about which terms are rare, and is taken for one of this size."""
MEANING_SHARE = 2 / 3
"""Of the score, where the meaning is known; the rest is wording."""
THRESHOLD = 0.2
"""From which score on a snippet is an answer. From the evaluation sets in the tests: of the answers to
64 questions 62 score more, of the best hits for 20 questions about something else none."""


@dataclass(frozen=True, slots=True)
class Meanings:
    """Vectors of the snippets of one embedder: row i belongs to snippet `numbers[i]`."""

    generation: int
    numbers: NDArray[np.int64]
    vectors: Vectors

    def nearest(self, query: Vectors, limit: int, within: Sequence[int] | None) -> dict[int, float]:
        """Snippet number → cosine of the `limit` nearest, of those `within`; None: of all."""
        numbers, vectors = self.numbers, self.vectors
        if within is not None:
            at = np.flatnonzero(np.isin(numbers, within))
            numbers, vectors = numbers[at], vectors[at]
        if not len(numbers):
            return {}
        cosines = vectors @ query
        best = np.argpartition(-cosines, min(limit, len(cosines)) - 1)[:limit]
        return {int(numbers[at]): float(cosines[at]) for at in best}

    def of(self, numbers: Sequence[int], query: Vectors) -> dict[int, float]:
        """Snippet number → cosine, of those that have a vector."""
        at = np.flatnonzero(np.isin(self.numbers, numbers))
        cosines = self.vectors[at] @ query
        return {int(self.numbers[i]): float(cosine) for i, cosine in zip(at, cosines, strict=True)}


def search(
    db: sqlite3.Connection,
    terms: Sequence[str],
    query: Vectors | None,
    meanings: Meanings,
    threshold: float,
    limit: int,
    within: Sequence[int] | None = None,
) -> list[Hit]:
    """The best `limit` snippets above the threshold, best first; none is an honest answer.

    `within`: numbers of the snippets that may be found; None: all.
    `query`: the question's vector; None when its meaning is unknown.
    """
    weights = _weights(db, terms)
    present = [term for term, (_, known) in weights.items() if known]
    ranked = store.best_by_terms(db, present, CANDIDATES, within) if present else []
    cosines = {} if query is None else meanings.nearest(query, CANDIDATES, within)
    if query is not None:
        cosines |= meanings.of([number for number in ranked if number not in cosines], query)
    rank = {number: place for place, number in enumerate(ranked)}
    scored = []
    for found in store.fetch(db, list({*ranked, *cosines})):
        wording = _wording(found.terms, weights)
        meaning = cosines.get(found.number)
        if meaning is None:
            score = wording
        else:
            score = (1 - MEANING_SHARE) * wording + MEANING_SHARE * max(0.0, meaning)
        if score >= threshold:
            hit = Hit(found.source, found.section, found.text, round(score, 4))
            scored.append((-score, rank.get(found.number, CANDIDATES), found.number, hit))
    return [hit for *_, hit in sorted(scored, key=lambda entry: entry[:3])[:limit]]


def _weights(db: sqlite3.Connection, terms: Sequence[str]) -> dict[str, tuple[float, bool]]:
    """Term → (its BM25 rarity, whether any snippet has it); at most MAX_TERMS, the rarest."""
    distinct = list(dict.fromkeys(terms))
    snippets, having = store.counts(db, distinct)
    total = max(snippets, SMALL_BASE)
    rarity = {
        term: math.log(1 + (total - having.get(term, 0) + 0.5) / (having.get(term, 0) + 0.5))
        for term in distinct
    }
    rarest = sorted(distinct, key=lambda term: -rarity[term])[:MAX_TERMS]
    return {term: (rarity[term], term in having) for term in rarest}


def _wording(found: frozenset[str], weights: Mapping[str, tuple[float, bool]]) -> float:
    total = sum(weight for weight, _ in weights.values())
    return (
        sum(weight for term, (weight, _) in weights.items() if term in found) / total if total else 0.0
    )
