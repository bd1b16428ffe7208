"""English sums of money: as said ("twelve dollars fifty", "fifty quid", "twelve fifty") and said again.

Currencies are told apart as far as the words do; whether one is wanted is the slot's business.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from babel.numbers import get_currency_name, get_currency_precision

from controller.dialogue.languages.base import Amount, Amounts
from controller.dialogue.languages.en.numbers import bare_numbers, figures, read_amounts, say_amount

_WORDS = (
    (r"(?:u\.?s\.?|american) dollars?|usd?\$|usd", "usd"),
    (r"canadian dollars?|cad?\$|cad", "cad"),
    (r"australian dollars?|aud?\$|aud", "aud"),
    (r"hong kong dollars?|hkd?\$|hkd", "hkd"),
    (r"singapore dollars?|sgd", "sgd"),
    (r"dollars?|bucks?|\$", "dollar"),
    (r"pounds?(?: sterling)?|quid|gbp|sterling|£", "gbp"),
    (r"euros?|eur|€", "eur"),
    (r"(?:chinese )?yuan|rmb|renminbi|kuai|cny", "cny"),
    (r"(?:japanese )?yen|jpy", "jpy"),
    (r"¥|￥", "yen"),
    (r"(?:swiss )?francs?|chf", "chf"),
    (r"(?:indian )?rupees?|inr", "inr"),
    (r"cents?|pence|penny|pennies|¢|p", "cent"),
)
_SIGNS = {"dollar": "$", "yen": "¥", "cent": "¢"}
_MARKS = tuple(
    (re.compile(rf"(?<![a-z])(?:{words})(?![a-z])"), f" ccy_{mark} ") for words, mark in _WORDS
)
_SIGN_FIRST = re.compile(
    r"((?:usd?|au?d?|hkd?|cad?)?[$£€¥￥]|\b(?:usd|gbp|eur|cny|rmb|jpy|hkd)) ?"
    r"(\d[\d,]*(?:\.\d+)?(?: ?(?:k|thousand|million|grand|hundred|billion)\b)?)"
)
_COINS = (
    (re.compile(r"(?<=\d)c\b"), " cents"),
    (re.compile(r"\b(?:a |one )?fiver\b"), "five"),
    (re.compile(r"\b(?:a |one )?tenner\b"), "ten"),
    (re.compile(r"\ba (?=dollar|pound|euro|penny|buck|quid)"), "one "),
    (re.compile(r"^(?=(?:dollar|pound|euro) )"), "one "),
    (re.compile(r"(?<!and a )(?<!and )\bhalf (?:one |a )?(?=dollar|pound|euro)"), "0.5 "),
)
_NUMBER = r"-?\d+(?:\.\d+)?"
_WITH_UNIT = re.compile(
    rf"(?<![\w.])(?:(\d{{1,3}}) (?=\d\d ))?({_NUMBER})(?: of)? ccy_(?!cent)(\w+)"
    r"(?: (?:and )?(\d{1,2})(?![\w.])(?! ccy_(?!cent))(?: ccy_cent)?)?"
)
_EITHER = re.compile(rf"({_NUMBER}) ((?:or|to|and|;) (?=(?:{_NUMBER}) (ccy_(?!cent)\w+)))")
_CENTS = re.compile(r"(?<![\w.])(?:(\d+) and )?(\d+(?:\.\d+)?) ccy_cent")
_PAIR = re.compile(r"(?<![\w.])(?<!\d )([1-9]\d{0,2}) ([1-9]\d|0 ?[1-9])(?![\w.]| \d)")
_COLON = re.compile(r"(?<![\d:])(\d{1,3}):(\d\d)(?! ?[ap]m)(?![\d:])")
_SAID_AS = {
    "USD": ("dollar", "dollars", "cent", "cents"),
    "EUR": ("euro", "euros", "cent", "cents"),
    "GBP": ("pound", "pounds", "penny", "pence"),
    "CNY": ("yuan", "yuan", "", ""),
    "JPY": ("yen", "yen", "", ""),
}


def money(raw: str) -> Amounts:
    """The sums said, in major units. If some have a currency, only they count."""
    text = _SIGN_FIRST.sub(r" \2 \1 ", raw.lower())
    found = read_amounts(text, _sums)
    named = tuple(amount for amount in found.found if amount.currency)
    return replace(found, found=named or found.found)


def _sums(chunk: str) -> list[Amount]:
    for pattern, meant in (*_COINS, *_MARKS):
        chunk = pattern.sub(meant, chunk)
    text = _EITHER.sub(r"\1 \3 \2", figures(chunk))
    found: list[Amount] = []

    def take(amount: Amount) -> str:
        found.append(amount)
        return " ; "

    text = _WITH_UNIT.sub(lambda m: take(_with_unit(m)), text)
    text = _CENTS.sub(
        lambda m: take(Amount(Decimal(m[1] or 0) + Decimal(m[2]) / 100, currency="¢")), text
    )
    text = _COLON.sub(lambda m: take(Amount(Decimal(f"{m[1]}.{m[2]}"), unsure=True)), text)
    text = _PAIR.sub(lambda m: take(_pair(m[1], m[2])), text)
    return found + bare_numbers(text)


def _with_unit(match: re.Match[str]) -> Amount:
    """ "12 dollars 50", "12 50 dollars" (twelve fifty), "12 dollars"."""
    before, number, mark, minor = match.groups()
    currency = _SIGNS.get(mark, mark.upper())
    if before:
        return replace(_pair(before, number), currency=currency)
    whole = Decimal(number)
    if minor and whole == whole.to_integral_value():
        return Amount(whole + Decimal(minor) / 100, currency=currency)
    return Amount(whole, currency=currency)


def _pair(whole: str, minor: str) -> Amount:
    """ "twelve fifty" is 12.50, and may be 1250."""
    cents = minor.replace(" ", "")
    return Amount(Decimal(f"{whole}.{cents}"), other=Decimal(whole + cents))


def say_money(amount: Decimal, currency: str) -> str:
    """ "twelve dollars and fifty cents", "fifty pence", "thirty-five thousand yuan"."""
    one, many, cent, cents = _said_as(currency)
    whole = int(abs(amount))
    rest = int((abs(amount) - whole) * 10 ** get_currency_precision(currency))
    sign = "minus " if amount < 0 else ""
    if rest and not cent:
        return f"{say_amount(amount)} {many}"
    words = [f"{say_amount(Decimal(whole))} {one if whole == 1 else many}"] if whole or not rest else []
    if rest:
        words.append(f"{say_amount(Decimal(rest))} {cent if rest == 1 else cents}")
    return sign + " and ".join(words)


def _said_as(currency: str) -> tuple[str, str, str, str]:
    """Names of one and many of a currency and of its hundredth; "" where that has no name here."""
    if currency in _SAID_AS:
        return _SAID_AS[currency]
    one, many = (get_currency_name(currency, count=count, locale="en") for count in (1, 2))
    return one, many, "", ""
