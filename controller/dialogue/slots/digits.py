"""A dictated number kept digit by digit: a telephone number, an order number, a code."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from controller.dialogue.languages.base import Language, Phrase
from controller.dialogue.slots.base import Certainty, Context, Match, SlotModel


class DigitsSlot(SlotModel):
    """value is a str of digits, `min_digits` to `max_digits` of them."""

    type: Literal["digits"]
    min_digits: int = Field(1, ge=1)
    max_digits: int = Field(15, le=32)

    @model_validator(mode="after")
    def _in_order(self) -> DigitsSlot:
        if self.min_digits > self.max_digits:
            raise ValueError("min_digits is larger than max_digits")
        return self

    @property
    def dtmf_digits(self) -> int:
        """As many as the number may have."""
        return self.max_digits

    def parse(self, text: str, language: Language, context: Context) -> Match | None:
        """CERTAIN at the full length, LIKELY in between, REFUSED when too short or too long."""
        digits = "".join(c for c in text if c.isdecimal()) if context.keys else language.digits(text)
        if not digits:
            return None
        if not self.min_digits <= len(digits) <= self.max_digits:
            return Match(None, "", Certainty.REFUSED, (Phrase.WRONG_LENGTH,))
        whole = len(digits) == self.max_digits and not (not context.keys and language.unfinished(text))
        sure = Certainty.CERTAIN if whole or context.keys else Certainty.LIKELY
        return Match(digits, language.say_digits(digits), sure, raw=digits)
