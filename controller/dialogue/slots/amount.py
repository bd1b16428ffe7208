"""What the slots for a whole number, a decimal and a sum of money share: bounds, keys, and one answer.

Decides between the readings of what was said and refuses what is no single exact amount. Never finds a
number in words itself: the language does.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import replace
from decimal import Decimal

from pydantic import Field, model_validator

from controller.dialogue.languages.base import Amount, Amounts, Language, Phrase
from controller.dialogue.slots.base import Certainty, Context, Match, SlotModel

_KEYED = re.compile(r"(\d{1,15})(?:\*(\d{0,6}))?|\*(\d{1,6})", re.ASCII)
LARGEST = Decimal(10**15)
"""Nobody counts further, and no arithmetic on it loses a digit."""
KEYS = 9
"""Digits that may be keyed in before the point where `at_most` doesn't tell."""


class AmountSlot(SlotModel):
    """An exact amount from `at_least` to `at_most`. Several amounts ("five or six") and vague ones ("a
    few") are refused."""

    at_least: Decimal | None = Field(None, allow_inf_nan=False)
    at_most: Decimal | None = Field(None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _in_order(self) -> AmountSlot:
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least is larger than at_most")
        return self

    @property
    def places(self) -> int:
        """Digits after the point that can be keyed in."""
        return 2

    @property
    def dtmf_digits(self) -> int:
        """The digits of the largest amount, and * with the decimal places."""
        whole = KEYS if self.at_most is None else len(str(int(abs(self.at_most))))
        return whole + (self.places + 1 if self.places else 0)

    def hints(self, language: Language) -> tuple[str, ...]:
        """The words numbers are made of."""
        return language.number_hints

    def parse(self, text: str, language: Language, context: Context) -> Match | None:
        """CERTAIN for one amount; LIKELY for a round one, which may go on ("twenty… five"), and for what
        only sounds like one; REFUSED for several, for vague ones and for what is out of bounds."""
        if context.keys:
            return self._keyed(text, language)
        heard = self.heard(text, language)
        if heard.vague:
            return _refused(Phrase.NOT_EXACT)
        if len(heard.found) != 1:
            return _refused(Phrase.SEVERAL_NUMBERS) if heard.found else None
        match = self._judged(heard.found[0], language)
        if match.filled and language.unfinished(text):
            return replace(match, certainty=Certainty.LIKELY)
        return match

    def heard(self, text: str, language: Language) -> Amounts:
        """What the language finds."""
        return language.amounts(text)

    def fault(self, amount: Amount) -> Phrase | None:
        """Why this can't be the answer, or None."""
        value = amount.value
        if value < (-LARGEST if self.at_least is None else self.at_least):
            return Phrase.TOO_LITTLE
        return Phrase.TOO_MUCH if value > (LARGEST if self.at_most is None else self.at_most) else None

    @abstractmethod
    def answer(self, value: Decimal, language: Language) -> tuple[object, str, str]:
        """The slot's value, how to say it, and its form for machines."""

    def _judged(self, said: Amount, language: Language) -> Match:
        """The reading that is within bounds; unsure when both are."""
        others = () if said.other is None else (Amount(said.other, None, said.unsure, said.currency),)
        possible = [reading for reading in (said, *others) if self.fault(reading) is None]
        if not possible:
            return _refused(self.fault(said) or Phrase.NOT_EXACT)
        unsure = said.unsure or len(possible) > 1
        value, spoken, raw = self.answer(possible[0].value, language)
        goes_on = possible[0].value >= 20 and possible[0].value % 10 == 0
        sure = Certainty.LIKELY if unsure or goes_on else Certainty.CERTAIN
        return Match(value, spoken, sure, raw=raw, unsure=unsure, introduced=bool(said.currency))

    def _keyed(self, keys: str, language: Language) -> Match | None:
        found = _KEYED.fullmatch(keys.rstrip("#"))
        if found is None:
            return None
        whole, rest, alone = found.groups()
        match = self._judged(Amount(Decimal(f"{whole or 0}.{rest or alone or 0}")), language)
        return replace(match, certainty=Certainty.CERTAIN) if match.filled else match


def _refused(reason: Phrase) -> Match:
    return Match(None, "", Certainty.REFUSED, (reason,))
