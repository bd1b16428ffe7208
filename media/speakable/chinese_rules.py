"""Patterns of things that are written and read differently in Chinese, in order of precedence.

Data for `media.speakable.chinese`, which has a reader for each name. See `media.speakable.rules`
for what a pattern may do. `\\b` is of no use here: ideographs are word characters too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from media.speakable import chinese_words as words
from media.speakable.rules import DOMAIN, DOTTED, EMAIL, URL


def _any_of(options: Iterable[str]) -> str:
    return "|".join(re.escape(option) for option in sorted(options, key=len, reverse=True))


N = r"(?:\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,10})?(?![\d,]*\d)|\d{1,15}(?:\.\d{1,10})?)"
START = r"(?<![A-Za-z0-9.])"
END = r"(?![A-Za-z0-9]|\.\d)"
MINUS = r"(?P<minus>(?<![A-Za-z0-9%)])[-−])?"
YEAR = r"(?:1\d|20|21)\d\d"
HALF = r"\s?(?P<half>[AaPp])\.?[Mm]\.?(?![A-Za-z])"
MARKS = _any_of(mark for mark in words.CURRENCIES if not mark.isalpha())
NAMES = _any_of(mark for mark in words.CURRENCIES if mark.isascii() and mark.isalpha())
SCALE = r"(?P<scale>[十百千万亿]{0,2})"
COUNTED = f"[{words.MEASURE_WORDS}]|{_any_of(words.LONGER_MEASURES)}"
PHONE = (
    r"\+\d{1,3}(?:[ .-]?\(?\d{2,4}\)?){2,5}"
    r"|(?:\(0\d{2,3}\)|0\d{2,3}[- ])\s?\d{7,8}(?:-\d{1,5})?"
    r"|0\d{2,3}[- ]\d{4}[- ]\d{4}"
    r"|[48]00[- ]?\d{3}[- ]?\d{4}"
    r"|1[3-9]\d[- ]\d{4}[- ]\d{4}"
    r"|\d{3,4}(?:-\d{3,4}){2,4}"
    r"|\d{3,4}-\d{4}"
)

GRAMMAR_SOURCE: list[tuple[str, str]] = [
    ("email", EMAIL),
    ("url", URL),
    ("domain", DOMAIN),
    (
        "date",
        rf"{START}(?P<year>{YEAR})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}})(?![\d-]|\.\d)",
    ),
    ("year", rf"{START}(?P<y>{YEAR})(?=\s?年)"),
    (
        "time",
        rf"(?<![\d.:])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?!\d|:\d)(?:{HALF})?",
    ),
    ("time", rf"(?<![\d.:])(?P<hour>1[0-2]|0?[1-9])(?P<minute>){HALF}"),
    ("mobile", r"(?<![\d.+-])1[3-9]\d{9}(?!\d|-\d)"),
    ("phone", rf"(?<![A-Za-z0-9.+-])(?:{PHONE})(?![\d-]|\.\d)"),
    ("dotted", DOTTED.replace(r"(?<![\w.])v?", r"(?<![\d.])")),
    (
        "money",
        rf"{MINUS}(?P<mark>{MARKS})\s?(?P<amount>{N}){SCALE}(?:元|块|美元|美金)?(?!\d)",
    ),
    ("money", rf"{START}(?P<minus>)(?P<amount>{N}){SCALE}\s?(?P<mark>{NAMES}|€|£)(?![A-Za-z])"),
    (
        "money",
        rf"(?<![A-Za-z])(?P<minus>)(?P<mark>人民币|{NAMES})\s?(?P<amount>{N}){SCALE}元?(?!\d)",
    ),
    ("measure", rf"{MINUS}{START}(?P<n>{N})\s?(?P<unit>{_any_of(words.UNITS)})(?![A-Za-z0-9²³/])"),
    (
        "code",
        rf"(?P<word>{_any_of(words.CODE_WORDS)})(?P<link>\s?(?:是|为)?[:：]?\s?)"
        r"(?P<code>[A-Za-z]{0,4}-?\d{3,20})(?!\d|[.,:/-]\d|\s?[%元块个])",
    ),
    ("ordinal", r"第\s?(?P<n>\d{1,9})(?!\d|\.\d)"),
    (
        "fraction",
        r"(?<![A-Za-z0-9./])(?P<top>\d{1,3})/(?P<bottom>\d{1,3})(?![\d/]|\.\d)",
    ),
    ("after letter", r"(?<=[A-Za-z])\d{1,8}(?!\d|\.\d)"),
    ("range", r"(?:(?<=[\d%年月日号点元度℃])|(?<=\d[AaPp][Mm]))\s?[–—~～-]\s?(?=[$£€¥￥]?\d)"),
    ("minus", r"(?<![A-Za-z0-9%)])[-−](?=\d)"),
    ("gap", r"(?<=\d)\s+(?=\d)"),
    ("about", r"[~～]\s?(?=[$£€¥￥]?\d)"),
    ("long", r"(?<![\d.,])\d{9,}+(?!\.\d)"),
    ("counted", rf"{START}(?P<n>2)\s?(?={COUNTED})(?!年[级月])"),
    ("number", rf"(?<!\d)(?P<n>{N})"),
    ("symbol", f"[{re.escape(''.join(words.SYMBOLS))}]"),
]
