"""A number that may have a fraction: a weight, a temperature, a rate."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from controller.dialogue.languages.base import Language
from controller.dialogue.slots.amount import AmountSlot


class DecimalSlot(AmountSlot):
    """value is a Decimal from `at_least` to `at_most`; percentages are in percent.

    The key * is the point.
    """

    type: Literal["decimal"]

    def answer(self, value: Decimal, language: Language) -> tuple[object, str, str]:
        """Decimal("2.5"), "two point five", "2.5"."""
        exact = value.normalize()
        return exact, language.say_number(exact), f"{exact:f}"
