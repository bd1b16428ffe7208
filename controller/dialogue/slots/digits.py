"""A dictated number kept digit by digit: an order number, a code, the end of a card number."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator
from stdnum import luhn

from controller.dialogue.languages.base import Dictation, Language, Phrase
from controller.dialogue.slots.base import Certainty, Context, Match, SlotModel
from controller.dialogue.slots.dictated import readings


class DigitsSlot(SlotModel):
    """value is a str of digits, `min_digits` to `max_digits` of them.

    `groups` are the sizes of the groups it is read back in; what is left over is a group of its own.
    With `checksum` the last digit must be the right check digit ("luhn": payment cards, IMEI).
    """

    type: Literal["digits"]
    min_digits: int = Field(1, ge=1)
    max_digits: int = Field(15, le=32)
    groups: tuple[int, ...] = ()
    checksum: Literal["luhn"] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> DigitsSlot:
        if self.min_digits > self.max_digits:
            raise ValueError("min_digits is larger than max_digits")
        if any(size < 1 for size in self.groups) or sum(self.groups) > self.max_digits:
            raise ValueError("groups: expected sizes of 1 and more, together no more than max_digits")
        return self

    @property
    def dtmf_digits(self) -> int:
        """As many as the number may have."""
        return self.max_digits

    def parse(self, text: str, language: Language, context: Context) -> Match | None:
        """CERTAIN at the full length, LIKELY in between, PARTIAL when it is too short and nothing else
        was said, REFUSED when too long or the check digit is wrong."""
        if context.keys:
            keyed = "".join(c for c in text if c in "0123456789")
            return self._judged(Dictation(keyed, plain=False), language, keys=True) if keyed else None
        said = list(readings(text, language, context))
        if not said:
            return None
        best = next((reading for reading in said if self._fault(reading.digits) is None), said[0])
        match = self._judged(best, language, keys=False)
        if match is not None and match.certainty is Certainty.CERTAIN and language.unfinished(text):
            return Match(match.value, match.spoken, Certainty.LIKELY, raw=match.raw)
        return match

    def _judged(self, said: Dictation, language: Language, *, keys: bool) -> Match | None:
        digits, fault = said.digits, self._fault(said.digits)
        spoken = (
            language.say_groups(self._grouped(digits)) if self.groups else language.say_digits(digits)
        )
        if fault is None:
            whole = keys or (len(digits) == self.max_digits and not said.unsure)
            sure = Certainty.CERTAIN if whole else Certainty.LIKELY
            return Match(digits, spoken, sure, raw=digits, unsure=said.unsure)
        if fault is not Phrase.WRONG_LENGTH or keys:
            return Match(None, "", Certainty.REFUSED, (fault,))
        if said.plain:
            return Match(digits, spoken, Certainty.PARTIAL, (Phrase.GO_ON,), raw=digits)
        if len(digits) * 2 < self.min_digits:
            return None  # "I have two questions"
        return Match(None, "", Certainty.REFUSED, (fault,))

    def _fault(self, digits: str) -> Phrase | None:
        if len(digits) < self.min_digits:
            return Phrase.WRONG_LENGTH
        if len(digits) > self.max_digits:
            return Phrase.TOO_MANY_DIGITS
        return None if self.checksum is None or luhn.is_valid(digits) else Phrase.DIGIT_WRONG

    def _grouped(self, digits: str) -> list[str]:
        groups, start = [], 0
        for size in (*self.groups, len(digits)):
            groups.append(digits[start : start + size])
            start += size
        return [group for group in groups if group]
