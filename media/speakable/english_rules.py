"""Patterns of things that are written and read differently in English, in order of precedence.

Data for `media.speakable.english`, which has a reader for each name. See `media.speakable.rules`
for what a pattern may do.
"""

from __future__ import annotations

import re

from media.speakable import english_words as words
from media.speakable.rules import DOMAIN, DOTTED, EMAIL, URL


def _any_of(options: dict[str, object] | tuple[str, ...]) -> str:
    return "|".join(re.escape(option) for option in sorted(options, key=len, reverse=True))


N = r"(?:\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,10})?(?![\d,]*\d)|\d{1,15}(?:\.\d{1,10})?)"
START = r"(?<![\w.])"
MINUS = r"(?P<minus>(?<![\w%)])[-−])?"
MONTH = rf"(?<![A-Za-z])(?P<month>(?i:{_any_of({**words.MONTHS})})\.?)"
MONTH_NUMBER = r"(?P<month>\d{1,2})"
DAY = r"(?P<day>(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?)"
YEAR = r"(?:1[1-9]|20)\d\d"
DATE_YEAR = rf"(?P<year>{YEAR})"
NO_YEAR = r"(?P<year>)"
HALF = r"\s?(?P<half>[AaPp])\.?[Mm](?![A-Za-z])(?P<stop>\.?)"
MARK = rf"(?P<mark>{_any_of(tuple(m for m in words.CURRENCIES if not m.isalpha()))})"
ISO = rf"(?P<mark>{_any_of(tuple(m for m in words.CURRENCIES if m.isalpha()))}|€|£)"
SCALE = r"(?:\s?(?P<scale>thousand|million|billion|trillion|[kKmMbB]n?)(?![A-Za-z]))?"
PHONE = (
    r"\+\d{1,3}(?:[ .-]?\(?\d{2,4}\)?){2,5}"
    r"|(?:1[ .-])?\(?\d{3}\)?[ .-]?\d{3}[ .-]\d{4}"
    r"|\d{3}-\d{4}"
    r"|0\d{1,4}[ -]\d{3,4}[ -]?\d{3,4}"
    r"|\d{3,4}(?:-\d{3,4}){2,4}"
)
YEAR_WORDS = "in|since|by|until|till|from|of|year|during|before|after|early|late|mid"

GRAMMAR_SOURCE: list[tuple[str, str]] = [
    ("email", EMAIL),
    ("url", URL),
    ("domain", DOMAIN),
    ("date", rf"{START}{DATE_YEAR}[-/.]{MONTH_NUMBER}[-/.](?P<day>\d{{1,2}})(?![\w-]|\.\d)"),
    ("date", rf"{START}{MONTH_NUMBER}/(?P<day>\d{{1,2}})/{DATE_YEAR}(?![\w/])"),
    ("date", rf"{MONTH}\s{DAY},?\s{DATE_YEAR}(?![\w:])"),
    ("date", rf"{MONTH}\s{DAY}{NO_YEAR}(?![\w:]|,\d|\.\d)"),
    ("date", rf"{START}{DAY}\s(?:of\s)?{MONTH},?\s{DATE_YEAR}(?![\w:])"),
    ("date", rf"{START}{DAY}\s(?:of\s)?{MONTH}(?![A-Za-z]){NO_YEAR}"),
    ("phone", rf"(?<![\w.+-])(?P<phone>{PHONE})(?![\w-]|\.\d)"),
    ("dotted", DOTTED),
    (
        "time",
        rf"(?<![\w.:])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?!\d|:\d)(?:{HALF})?",
    ),
    ("time", rf"(?<![\w.:])(?P<hour>1[0-2]|0?[1-9])(?P<minute>){HALF}"),
    ("money", rf"{MINUS}{MARK}\s?(?P<amount>{N}){SCALE}(?!\d)"),
    ("money", rf"{START}(?P<minus>)(?P<amount>{N})(?P<scale>)\s?{ISO}(?![A-Za-z])"),
    ("decade", r"(?<![\w.])(?P<decade>(?:1[89]|20)\d0)'?s(?![A-Za-z])"),
    ("measure", rf"{MINUS}{START}(?P<n>{N})\s?(?P<unit>{_any_of({**words.UNITS})})(?![\w²³/°])"),
    (
        "code",
        rf"(?<![A-Za-z])(?P<word>(?i:{_any_of(words.CODE_WORDS)}))"
        r"(?P<link>:?\s(?:is:?\s|number:?\s|no\.\s)?#?|#)"
        r"(?P<code>(?:[A-Z]{1,4}\s?)?\d{1,16})(?![\w]|[.,:/-]\d|\s?%)",
    ),
    ("ordinal", rf"{START}(?P<n>\d{{1,9}})(?:st|nd|rd|th)(?![A-Za-z])"),
    ("scaled", rf"{START}(?P<n>{N})(?P<suffix>bn|[kKMB])(?![A-Za-z0-9])"),
    ("fraction", r"(?<![\w./])(?P<top>\d{1,2})/(?P<bottom>\d{1,3})(?![\w/]|\.\d)"),
    ("vulgar", "[½¼¾]"),
    ("mixed", r"(?<![A-Za-z0-9])[A-Za-z]{1,10}-?\d[A-Za-z0-9]{0,16}(?![A-Za-z0-9]|\.\d)"),
    ("mixed", r"(?<![A-Za-z0-9.,])\d{1,8}[A-Za-z][A-Za-z0-9]{0,16}(?![A-Za-z0-9])"),
    ("range", r"(?:(?<=[\d%])|(?<=\d[AaPp][Mm]))(?:[–—~-]|\s[–—-]\s)(?=[$£€¥]?\d)"),
    ("minus", r"(?<![\w%)])[-−](?=\d)"),
    ("plus", r"(?<=\d)\s?\+\s?(?=\d)"),
    ("number sign", r"(?:#|№|(?<![A-Za-z])[Nn]o\.)\s?(?=\d)"),
    ("about", r"~\s?(?=[$£€¥]?\d)"),
    (
        "year",
        rf"(?<![A-Za-z])(?P<before>(?i:{YEAR_WORDS})[\s-])(?P<y>{YEAR})(?![\w]|[.,:]\d|\s?%)",
    ),
    ("long", r"(?<![\d.,])\d{7,}+(?!\.\d)"),
    ("number", rf"(?<!\d)(?P<n>{N})"),
    ("saint or street", r"(?<![A-Za-z])St\."),
    ("short", rf"(?<![A-Za-z.])(?P<short>(?i:{_any_of({**words.TITLES})}))\.(?P<stop>)"),
    ("short", rf"(?<![A-Za-z.])(?P<short>(?i:{_any_of({**words.ABBREVIATIONS})}))(?P<stop>\.)"),
    ("short", r"(?<![A-Za-z.])(?P<short>vs|etc)(?![A-Za-z])(?P<stop>)"),
    ("between words", r"(?<=[A-Za-z])/(?=[A-Za-z])"),
    ("symbol", f"[{re.escape(''.join(words.SYMBOLS))}]"),
]
