"""From what a recogniser prints (or a person types) to plain words that can be matched.

Responsible for the part that is the same in every language: one Unicode form, one case, no more than
`MAX_CHARS`, no control characters. What a number looks like is the language's business. Knows nothing
of slots or flows.
"""

from __future__ import annotations

import re
import unicodedata

MAX_CHARS = 500
"""Longer texts are cut: nobody says more than this in one turn, and matching stays cheap."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_SPACES = re.compile(r"\s+")
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'"})


def plain(text: str) -> str:
    """`text` in NFKC (full-width forms become ASCII), on one line, at most MAX_CHARS; case is kept."""
    cut = unicodedata.normalize("NFKC", text[:MAX_CHARS]).translate(_APOSTROPHES)
    return _SPACES.sub(" ", _CONTROL.sub(" ", cut)).strip()
