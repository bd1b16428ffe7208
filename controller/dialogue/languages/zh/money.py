"""Chinese sums of money: as said ("两百块五", "三万五", "五毛", "¥300") and said again.

Currencies are told apart as far as the words do ("块" and "元" fit any); whether one is wanted is the
slot's business.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from babel.numbers import get_currency_name

from controller.dialogue.languages.base import Amount, Amounts
from controller.dialogue.languages.zh.numbers import (
    RANGE,
    bare_numbers,
    range_of,
    read_amounts,
    say_amount,
    value_of,
)
from controller.dialogue.normalise import plain

_CURRENCIES = {
    "USD": "美元|美金|美刀|usd", "HKD": "港币|港元|港纸|hkd", "EUR": "欧元|eur", "GBP": "英镑|gbp|镑",
    "JPY": "日元|日币|日圆|jpy", "CAD": "加元|加币|cad", "AUD": "澳元|澳币|aud", "CNY": "人民币|rmb|cny",
    "$": "刀|dollars?", "元": "块钱|块|元钱|元|圆",
}  # fmt: skip
_CODE = {word: code for code, words in _CURRENCIES.items() for word in words.split("|")}
_WRITTEN = {"us$": "美元", "hk$": "港币", "$": "刀", "¥": "元", "€": "欧元", "£": "英镑"}
_SIGN_FIRST = re.compile(
    r"((?:us|hk)?\$|[¥€£]|(?:rmb|cny|usd|eur|gbp|hkd|jpy|人民币)) ?(\d[\d,]*(?:\.\d+)?[万千百亿]?)"
)
_SIGN = re.compile(r"(?:us|hk)?\$|[¥€£]")
_MISHEARD_UNIT = re.compile(
    r"(?<=[一二两三四五六七八九十百千万\d])[快筷侩](?=$|钱|[一二三四五六七八九半])"
)
_NAMED = "|".join(words for code, words in _CURRENCIES.items() if code != "元")
_UNIT = rf"(?:(?:{_NAMED})|(?:块钱?|元钱?|圆)(?:的?(?:{_NAMED}))?)(?:整|钱)?"
_NUMERALS = r"零〇一二两三四五六七八九十百千万亿幺俩仨\d"
_NUMBER = rf"(?<![{_NUMERALS}])(?:负?[{_NUMERALS}]+(?:[点.][零一二三四五六七八九\d]+[百千万亿]*)?)"
"""Only from the beginning of a row of numerals, or a long row would take the square of its time."""
_DIGIT = r"[零一二两三四五六七八九\d]"
_END = r"(?![零一二三四五六七八九十百千万亿点.\d个天年月期次成])"
_SUM = re.compile(
    rf"(?P<whole>{_NUMBER}|半)(?P<half>个?半)?(?P<unit>{_UNIT})"
    rf"(?:(?P<after>半){_END}"
    rf"|零?(?P<jiao>{_DIGIT})[毛角](?:(?P<mao_half>半)|(?P<fen>{_DIGIT})分?)?钱?"
    rf"|零?(?P<cents>{_DIGIT}|{_DIGIT}?十{_DIGIT}?|\d\d)美?分钱?"
    rf"|零(?P<oh>{_DIGIT}){_END}|(?P<pair>{_DIGIT}十{_DIGIT}?|\d\d){_END}|(?P<tenth>{_DIGIT}){_END})?"
)
_EITHER = re.compile(rf"({_NUMBER})((?:到|至|或者?是?|还是|、|~|-)(?={_NUMBER}({_UNIT})))")
_SMALL = re.compile(
    rf"(?P<jiao>{_NUMBER})[毛角](?:(?P<half>半)|(?P<fen>{_DIGIT})分?)?钱?"
    rf"|(?P<cents>{_NUMBER})(?:美?分钱?(?!之)|便士)"
)


def money(raw: str) -> Amounts:
    """The sums said, in major units. If some have a currency, only they count."""
    text = _SIGN_FIRST.sub(r"\2\1", plain(raw).lower())
    text = _MISHEARD_UNIT.sub("块", _SIGN.sub(lambda m: _WRITTEN[m[0]], text))
    found = read_amounts(_EITHER.sub(r"\1\3\2", text), _sums)
    named = tuple(amount for amount in found.found if amount.currency)
    return replace(found, found=named or found.found)


def _sums(text: str) -> list[Amount]:
    found: list[Amount] = []

    def take(amount: Amount | None) -> str:
        found.extend([amount] if amount else [])
        return ";"

    text = RANGE.sub(lambda m: "".join(take(Amount(v, currency="元")) for v in range_of(m) if v), text)
    text = _SUM.sub(lambda m: take(_sum(m)), text)
    text = _SMALL.sub(lambda m: take(_small(m)), text)
    return found + bare_numbers(text)


def _sum(match: re.Match[str]) -> Amount | None:
    """ "三块五毛二", "三块五" (3.50), "三块零五" (3.05), "五块半", "两块半", "十二块五十" (12.50)."""
    said = match.groupdict()
    whole = Decimal("0.5") if said["whole"] == "半" else value_of(said["whole"])
    if whole is None:
        return None
    if said["half"] or said["after"]:
        whole += Decimal("0.5")
    tenths = (
        _of(said["jiao"]) * 10 + (5 if said["mao_half"] else _of(said["fen"])) + _of(said["tenth"]) * 10
    )
    whole += (tenths + _of(said["cents"]) + _of(said["oh"]) + _of(said["pair"])) / 100
    return Amount(whole, currency=_code(said["unit"]))


def _small(match: re.Match[str]) -> Amount | None:
    """ "五毛", "八毛五", "三分钱"."""
    said = match.groupdict()
    if said["cents"]:
        return Amount(_of(said["cents"]) / 100, currency="¢")
    return Amount(
        (_of(said["jiao"]) * 10 + (5 if said["half"] else _of(said["fen"]))) / 100, currency="¢"
    )


def _of(number: str | None) -> Decimal:
    return (value_of(number) if number else None) or Decimal(0)


def _code(unit: str) -> str:
    """The currency a unit names: "块" any, "块美金" and "美元" the dollar."""
    names = [code for word, code in _CODE.items() if word in unit and code != "元"]
    return names[0] if names else "元"


def say_money(amount: Decimal, currency: str) -> str:
    """ "两百元五角", "三万五千元", "十二点五美元"."""
    name = "元" if currency == "CNY" else get_currency_name(currency, locale="zh")
    cents = int(abs(amount) * 100) % 100
    if currency != "CNY" or not cents or abs(amount) < 1:
        return _small_change(cents) if currency == "CNY" and cents else f"{say_amount(amount)}{name}"
    sign = "负" if amount < 0 else ""
    gap = "零" if cents < 10 else ""
    return f"{sign}{say_amount(Decimal(int(abs(amount))))}元{gap}{_small_change(cents)}"


def _small_change(cents: int) -> str:
    jiao, fen = divmod(cents, 10)
    return (f"{say_amount(Decimal(jiao))}角" if jiao else "") + (
        f"{say_amount(Decimal(fen))}分" if fen else ""
    )
