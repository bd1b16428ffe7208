"""The filters of templates that say values as people do: digits, number, money, date, time.

They use the words in which the flow's language reads back its slots. A value that fits no filter is
printed as it is: a caller hears something in any case.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context, Undefined

from controller.dialogue.flow.plain import plain_text
from controller.dialogue.languages.base import Language

Filter = Callable[..., Any]
NOW = "_now"
"""What the scope calls the time of the reply."""
MAX_DIGITS = 15
"""Larger numbers nobody says in words."""


def speech_filters(language: Language | None) -> dict[str, Filter]:
    """The filters by name; without a language they only stand for their names."""
    return {
        "digits": lambda value: _digits(value, language),
        "number": lambda value: _number(value, language),
        "money": lambda value, currency="": _money(value, str(currency), language),
        "date": pass_context(lambda context, value: _date(context, value, language)),
        "time": lambda value: _time(value, language),
    }


def _digits(value: object, language: Language | None) -> str:
    digits = "".join(c for c in _plain(value) if c in "0123456789")
    return language.say_digits(digits) if language and digits else _plain(value)


def _number(value: object, language: Language | None) -> str:
    number = _decimal(value)
    return language.say_number(number) if language and number is not None else _plain(value)


def _money(value: object, currency: str, language: Language | None) -> str:
    number = _decimal(value)
    if number is None or language is None:
        return _plain(value)
    return language.say_money(number, currency.upper()).strip()


def _date(context: Context, value: object, language: Language | None) -> str:
    now: datetime | None = context.get(NOW)
    found: date | None = value if isinstance(value, date) else None
    if found is None:
        with suppress(ValueError):  # no date: printed as it is
            found = date.fromisoformat(_plain(value)[:10])
    if found is None or language is None or now is None:
        return _plain(value)
    return language.say_day(found.date() if isinstance(found, datetime) else found, now.date())


def _time(value: object, language: Language | None) -> str:
    found: time | None = value if isinstance(value, time) else None
    if found is None:
        with suppress(ValueError):  # no time: printed as it is
            found = time.fromisoformat(_plain(value).rpartition("T")[2][:5])
    return _plain(value) if found is None or language is None else language.say_time(found)


def _plain(value: object) -> str:
    """A slot counts as its value for machines."""
    return plain_text(getattr(value, "value", value) if not isinstance(value, Undefined) else "")


def _decimal(value: object) -> Decimal | None:
    text = _plain(value)
    if isinstance(value, bool) or not text:
        return None
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < MAX_DIGITS else None
