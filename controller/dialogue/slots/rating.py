"""A mark on a scale, such as 1 to 5, as a number, as words of satisfaction, or as a key."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from controller.dialogue.languages.base import Language
from controller.dialogue.slots.base import Certainty, Context, Match, SlotModel

_NUMBER = re.compile(r"(?<![\d.:周期拜第])\d{1,2}(?![\d.:月号日点年]|st|nd|rd|th)")
"""A plain number: no part of a date, a time or an ordinal."""


class RatingSlot(SlotModel):
    """value is the mark as an int."""

    type: Literal["rating"]
    lowest: int = Field(1, ge=0)
    highest: int = Field(5, le=10)
    satisfaction_words: bool = True
    """Whether "very satisfied" counts; the words stand for 1 to 5, so only a scale "
        "of 1 to 5 uses them."""

    def parse(self, text: str, language: Language, context: Context) -> Match | None:
        """CERTAIN for one number on the scale; LIKELY for words of satisfaction and misheard numbers."""
        if context.keys:
            return self._mark(text, Certainty.CERTAIN)
        sure = Certainty.LIKELY if language.unfinished(text) else Certainty.CERTAIN
        if self.satisfaction_words and (self.lowest, self.highest) == (1, 5):
            said = language.clean(text)
            for pattern, mark in language.ratings:
                if pattern.search(said) and not _NUMBER.search(language.numeric(text)):
                    return self._mark(str(mark), sure)
        numbers = _NUMBER.findall(language.numeric(text))
        marks = list(dict.fromkeys(n for n in numbers if self.lowest <= int(n) <= self.highest))
        if len(marks) > 1 and marks[-1] == str(self.highest):
            marks.pop()  # "four out of five"
        if len(marks) == 1 and len(numbers) <= 2:
            return self._mark(marks[0], sure)
        if marks or numbers:
            left = language.amounts(text).found  # "five, no, four"
            return self._mark(str(left[0].value), sure) if len(left) == 1 and len(numbers) > 1 else None
        misheard = _NUMBER.findall(language.mistaken_number(language.numeric(text)))
        short = len(language.clean(text)) <= 12
        return self._mark(misheard[0], Certainty.LIKELY) if len(misheard) == 1 and short else None

    def hints(self, language: Language) -> tuple[str, ...]:  # noqa: ARG002
        """The digits."""
        return tuple(str(mark) for mark in range(self.lowest, self.highest + 1))

    def _mark(self, digits: str, certainty: Certainty) -> Match | None:
        if not digits.isdecimal() or len(digits) > 2 or not self.lowest <= int(digits) <= self.highest:
            return None
        return Match(int(digits), digits, certainty, raw=digits)
