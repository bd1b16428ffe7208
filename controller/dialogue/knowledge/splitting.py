"""Sections to snippets: pieces small enough to be cited and whole enough to be understood.

A snippet never crosses a section. Paragraphs are packed together up to the limit; a longer one is cut
between sentences, a longer sentence between words. Knows nothing of formats or of searching.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from controller.dialogue.knowledge.model import Section, Snippet
from controller.dialogue.knowledge.words import CJK

MAX_WEIGHT = 700
"""Latin characters a snippet: about 150 word pieces, of the 256 that the embedder sees."""
CJK_WEIGHT = 3
"""A Chinese character says as much as three Latin ones."""

_CJK_CHAR = re.compile(rf"[{CJK}]")
_SENTENCE_END = re.compile(r"(?<=[。！？；])|(?<=[.!?])\s+|\n")
_PARAGRAPH_END = re.compile(r"\n\s*\n")
_BLANKS = re.compile(r"[^\S\n]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060\ufeff]")


def split(sections: Iterable[Section]) -> Iterator[Snippet]:
    """The snippets of a document, in its order."""
    for section in sections:
        title = " ".join(_CONTROL.sub("", section.title).split())[:200]
        for text in _packed(_pieces(_CONTROL.sub("", section.text)), _paragraphs):
            yield Snippet(title, text)


def _paragraphs(_before: str) -> str:
    return "\n"


def _sentences(before: str) -> str:
    return "" if before[-1] in "。！？；" else " "


def _packed(pieces: Iterable[str], between: Callable[[str], str]) -> Iterator[str]:
    """Neighbours joined for as long as they fit; `between` says what parts them from what is before."""
    held, weight = "", 0
    for piece in pieces:
        more = _weight(piece) + 1  # what parts them
        if held and weight + more > MAX_WEIGHT + 1:
            yield held
            held, weight = "", 0
        held = f"{held}{between(held)}{piece}" if held else piece
        weight += more
    if held:
        yield held


def _pieces(text: str) -> Iterator[str]:
    """Paragraphs; of one that is too long its sentences, packed."""
    for paragraph in _PARAGRAPH_END.split(text):
        clean = _BLANKS.sub(" ", paragraph).strip()
        if _weight(clean) <= MAX_WEIGHT:
            if clean:
                yield clean
        else:
            sentences = (s.strip() for s in _SENTENCE_END.split(clean))
            yield from _packed((cut for s in sentences if s for cut in _cut(s)), _sentences)


def _cut(sentence: str) -> Iterator[str]:
    """An overlong sentence at its spaces, or anywhere when it has none."""
    while _weight(sentence) > MAX_WEIGHT:
        room = _room(sentence)
        space = sentence.rfind(" ", room // 2, room)
        end = space if space > 0 else room
        yield sentence[:end].strip()
        sentence = sentence[end:].strip()
    if sentence:
        yield sentence


def _room(text: str) -> int:
    weight = 0
    for index, char in enumerate(text):
        weight += CJK_WEIGHT if _CJK_CHAR.match(char) else 1
        if weight > MAX_WEIGHT:
            return index
    return len(text)


def _weight(text: str) -> int:
    return len(text) + (CJK_WEIGHT - 1) * len(_CJK_CHAR.findall(text))
