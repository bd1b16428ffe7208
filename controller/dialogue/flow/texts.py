"""Where the sentences of a flow's texts end.

Sentences are cut as the session's chunker cuts speech: at a sentence end, once a piece has two words (or
two CJK characters), so that one without a variable is the same piece of audio every time. Values that
are not known yet stand as one private-use character each (see templates.py), which is never an end.
"""

from __future__ import annotations

import re

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*")
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_]+")
_SPACES = re.compile(r"\s+")
HELD = re.compile(r"[\ue000-\uf8ff]")
"""A character that stands for a value."""


def sentences(text: str) -> list[str]:
    """Pieces of a text, each at least two words long; a value counts as two."""
    pieces: list[str] = []
    for part in filter(None, (p.strip() for p in _SENTENCE_END.split(_SPACES.sub(" ", text)))):
        if pieces and _words(pieces[-1]) < 2:
            gap = "" if pieces[-1][-1] in "。！？" else " "
            pieces[-1] += gap + part
        else:
            pieces.append(part)
    return pieces


def _words(piece: str) -> int:
    return len(_WORD.findall(piece)) + 2 * len(HELD.findall(piece))
