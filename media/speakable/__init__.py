"""Text as people say it: what a synthesiser is given instead of the text on the screen.

Responsible for markup, numbers, dates, money, addresses… in English and Chinese; other languages
get their markup stripped only. Pure; a transcript keeps the original. Knows nothing of engines.
"""

from __future__ import annotations

from media.speakable.chinese import chinese
from media.speakable.english import english
from media.speakable.markup import plain

__all__ = ["speakable"]


def speakable(text: str, language: str) -> str:
    """`text` ready to be spoken in `language` (`en`, `zh`, `zh-CN`…). Never raises; linear time."""
    family = language.replace("_", "-").split("-")[0].lower()
    if family == "zh":
        return chinese(plain(text, sentence_end="。"))
    if family == "en":
        return english(plain(text, sentence_end=". "))
    return plain(text, sentence_end=". ")
