"""A sum of money in one currency."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from babel.numbers import get_currency_precision, list_currencies
from pydantic import field_validator

from controller.dialogue.languages.base import Amount, Amounts, Language, Phrase
from controller.dialogue.slots.amount import AmountSlot
from controller.dialogue.slots.base import Match

_SHARED = {
    "$": frozenset(("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN")),
    "¥": frozenset(("CNY", "JPY")),
}
"""Signs and words that stand for more than one currency."""
_ANY = frozenset(("", "元"))


class MoneySlot(AmountSlot):
    """value is a Decimal in major units, exact to the currency's minor unit (12.50; yen have none).

    `currency` is an ISO 4217 code. A sum said without a currency is in this one, a sum in another is
    refused.
    """

    type: Literal["money"]
    currency: str

    @field_validator("currency")
    @classmethod
    def _known(cls, code: str) -> str:
        if code not in list_currencies():
            raise ValueError(f"no currency {code!r}; expected an ISO 4217 code such as EUR, USD or CNY")
        return code

    @property
    def places(self) -> int:
        """2 for most currencies, 0 for yen."""
        return get_currency_precision(self.currency)

    def ahead(self, match: Match) -> bool:
        """A sum with its currency is money whatever was asked."""
        return match.filled and match.introduced and not match.unsure

    def heard(self, text: str, language: Language) -> Amounts:
        """Sums of money."""
        return language.money(text)

    def fault(self, amount: Amount) -> Phrase | None:
        """Out of bounds, in another currency, or finer than its smallest coin."""
        sign = amount.currency
        fits = sign in _ANY or sign == self.currency or self.currency in _SHARED.get(sign, ())
        if not fits and not (sign == "¢" and self.places):
            return Phrase.OTHER_CURRENCY
        outside = super().fault(amount)
        if outside is None and amount.value != round(amount.value, self.places):
            return Phrase.NOT_EXACT
        return outside

    def answer(self, value: Decimal, language: Language) -> tuple[object, str, str]:
        """Decimal("12.50"), "twelve dollars and fifty cents", "12.50"."""
        exact = round(value, self.places) if self.places else Decimal(int(value))
        return exact, language.say_money(exact, self.currency), f"{exact:f}"
