"""Templates of a flow: which names they use, how they are filled, where their sentences end.

A template is text with `{name}`; there are no expressions, so nothing a caller says can be executed.
Sentences are cut as the session's chunker cuts speech: at a sentence end, once a piece has two words (or
two CJK characters), so that one without a variable is the same piece of audio every time.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_NAME = re.compile(r"\{([a-z][a-z0-9_]*(?:\.[a-z]+)?)\}")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*")
_WORD = re.compile(r"[\u3400-\u9fff]|\{|[^\W_]+")
MAX_VALUE_CHARS = 200


def names_in(template: str) -> list[str]:
    """Names between braces, in order, such as "when" or "when.value"."""
    return _NAME.findall(template)


def stray_braces(template: str) -> bool:
    """Whether a brace is left that belongs to no name: surely a typo."""
    return bool(re.search(r"[{}]", _NAME.sub("", template)))


def fill(template: str, value_of: Callable[[str], str]) -> str:
    """The template with each name replaced; values can't contain templates of their own."""
    return _NAME.sub(lambda match: value_of(match[1])[:MAX_VALUE_CHARS], template)


def sentences(text: str) -> list[str]:
    """Pieces of a text or template, each at least two words long."""
    pieces: list[str] = []
    for part in filter(None, (p.strip() for p in _SENTENCE_END.split(text))):
        if pieces and len(_WORD.findall(pieces[-1])) < 2:
            gap = "" if pieces[-1][-1] in "。！？" else " "
            pieces[-1] += gap + part
        else:
            pieces.append(part)
    return pieces


def fixed_sentences(template: str) -> list[str]:
    """Those pieces that are the same whatever the variables hold."""
    return [piece for piece in sentences(template) if not _NAME.search(piece)]
