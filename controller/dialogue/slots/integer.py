"""A whole number: how many people, which floor, how old."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from controller.dialogue.languages.base import Amount, Language, Phrase
from controller.dialogue.slots.amount import AmountSlot


class IntegerSlot(AmountSlot):
    """value is an int from `at_least` to `at_most`."""

    type: Literal["integer"]

    @property
    def places(self) -> int:
        """None: no point is keyed in."""
        return 0

    def fault(self, amount: Amount) -> Phrase | None:
        """Out of bounds, or "two and a half"."""
        outside = super().fault(amount)
        if outside is None and amount.value != amount.value.to_integral_value():
            return Phrase.NOT_WHOLE
        return outside

    def answer(self, value: Decimal, language: Language) -> tuple[object, str, str]:
        """60, "sixty", "60"."""
        return int(value), language.say_number(value), str(int(value))
