"""Codes and e-mail addresses dictated sign by sign, whatever the language: from symbols to the text
meant.

Works on what `Language.symbols` gives. Knows which domains people have addresses at; never knows whether
an address exists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

MARKS = frozenset("@._-+'")
SPELLING_ALPHABET = {
    word: word[0]
    for word in (
        "alpha alfa bravo charlie delta echo foxtrot golf"
        " hotel india juliet juliett kilo lima mike november"
        " oscar papa quebec romeo sierra tango uniform victor whiskey whisky xray x-ray yankee zulu"
    ).split()
}
"""The one of ICAO and NATO, which every language's call centres use."""
SOUND_ALIKES = {
    "to": "2", "too": "2", "for": "4", "won": "1", "ate": "8", "oh": "0", "be": "b", "bee": "b",
    "see": "c",
    "sea": "c", "dee": "d", "gee": "g", "eye": "i", "jay": "j", "kay": "k", "el": "l", "em": "m",
    "en": "n",
    "pea": "p", "pee": "p", "queue": "q", "cue": "q", "are": "r", "ess": "s", "tea": "t", "tee": "t",
    "you": "u", "vee": "v", "ex": "x", "why": "y", "aitch": "h", "ay": "a", "eff": "f",
}  # fmt: skip
"""What recognisers print for single letters and figures."""

_DOMAINS = {
    "gmail": "com", "googlemail": "com", "hotmail": "com", "outlook": "com", "yahoo": "com",
    "icloud": "com",
    "proton": "me", "protonmail": "com", "aol": "com", "qq": "com", "163": "com", "126": "com",
    "sina": "com", "foxmail": "com", "sohu": "com", "yeah": "net", "live": "com", "gmx": "com",
}  # fmt: skip
_MISHEARD_DOMAINS = {
    "jmail": "gmail", "gmial": "gmail", "geemail": "gmail", "gemail": "gmail", "gmal": "gmail",
    "gimail": "gmail", "hotmale": "hotmail", "outluck": "outlook", "icloudy": "icloud", "yahu": "yahoo",
    "yahooo": "yahoo", "cuecue": "qq",
}  # fmt: skip
_MISHEARD_ENDS = {"calm": "com", "come": "com", "kom": "com", "con": "com", "comm": "com", "home": "com",
                  "nett": "net", "dotcom": "com", "seeyen": "cn"}  # fmt: skip
_ENDS = ("com", "net", "org", "cn", "edu", "io", "de", "uk", "me", "gov", "info", "hk", "tw", "eu")
KNOWN_WORDS = frozenset((*_DOMAINS, *_ENDS, "co", "mail")) - {"163", "126", "qq"}
"""Parts of an address that are said as words, not spelled."""

_ADDRESS = re.compile(
    r"[a-z0-9](?:[a-z0-9_+'\-]|\.(?!\.)){0,62}(?<!\.)@(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}"
)
MAX_ADDRESS_CHARS = 254
"""RFC 5321: the longest path, without its brackets."""


@dataclass(frozen=True, slots=True)
class Dictated:
    """A text put together from symbols. `guessed`: something in it was only read as what it sounds like,
    or written together without having been spelled."""

    text: str
    guessed: bool = False


def is_address(text: str) -> bool:
    """Whether `text`, in lower case, is written as an e-mail address is (RFC 5321, unquoted ASCII)."""
    return len(text) <= MAX_ADDRESS_CHARS and _ADDRESS.fullmatch(text) is not None


def address(symbols: Sequence[str]) -> Dictated | None:
    """The e-mail address in what was dictated, as far as it goes; None without a "@" in it."""
    at = next((i for i in range(len(symbols) - 1, -1, -1) if "@" in symbols[i]), None)
    if at is None:
        return None
    before, after = symbols[at].split("@", 1)
    left, right = list(symbols[:at]), list(symbols[at + 1 :])
    if before:
        left = [*left, before] if left and (left[-1] in MARKS or len(left[-1]) == 1) else ["", before]
    local = _until_boundary(left[::-1])[::-1]
    domain = _until_boundary([after, *right] if after else right)
    if not local or not domain:
        return None
    words = sum(len(a) > 1 and len(b) > 1 and (a + b).isalpha() for a, b in pairwise(local))
    name, guessed = _domain(domain)
    if "." not in name:
        return None  # "see you at ten"
    return Dictated(f"{''.join(local)}@{name}".lower(), guessed or words > 0)


def codes(symbols: Sequence[str], names: Mapping[str, str]) -> tuple[Dictated, ...]:
    """Every stretch of letters and figures, joined, in capitals, the likeliest readings first. `names`
    are words for letters."""
    exact = _runs([names.get(s.lower(), s) for s in symbols])
    joined = [
        s
        for s, after in zip(symbols, [*symbols[1:], ""], strict=False)
        if s or after not in SOUND_ALIKES
    ]
    alike = _runs([SOUND_ALIKES.get(s.lower(), names.get(s.lower(), s)) for s in joined])
    found = [Dictated(text) for text in exact] + [Dictated(text, guessed=True) for text in alike]
    return tuple(dict.fromkeys(found))


def _runs(symbols: Sequence[str]) -> list[str]:
    runs: list[list[str]] = [[]]
    for symbol in symbols:
        if _is_code(symbol):
            runs[-1].append(symbol)
        else:
            runs.append([])
    texts: list[str] = []
    for run in runs:
        whole = "".join(run).upper().strip("-._'")
        readings = [
            whole,
            re.sub(r"(?<=\d)O|O(?=\d)", "0", whole),
            whole.replace("-", "").replace(".", ""),
        ]
        if len(run) > 1 and run[0].lower() in ("a", "i"):
            readings.append("".join(run[1:]).upper())  # "it's a B 7": an article
        texts += [text for text in readings if len(text) > 1]
    return list(dict.fromkeys(texts))


def _is_code(symbol: str) -> bool:
    """A letter, figures, a dash, or something with figures or capitals only ("AB", "4b", "X-7")."""
    if len(symbol) == 1:
        return symbol.isalnum() or symbol in "-._"
    return any(c.isdigit() for c in symbol) or (symbol.isupper() and len(symbol) <= 8)


def _until_boundary(symbols: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for symbol in symbols:
        if not symbol:
            break
        kept.append(symbol)
    return kept


def _domain(symbols: Sequence[str]) -> tuple[str, bool]:
    """A domain as it is written, and whether some of it was guessed."""
    parts = [_MISHEARD_ENDS.get(s, s) for s in symbols]
    guessed = parts != list(symbols)
    labels = "".join(parts).lower().strip(".").split(".")
    first = _MISHEARD_DOMAINS.get(labels[0], labels[0])
    guessed |= first != labels[0]
    labels[0] = first
    if len(labels) == 1 and first in _DOMAINS:
        return f"{first}.{_DOMAINS[first]}", True
    if len(labels) == 1:
        end = next(
            (e for e in _ENDS[:3] if first.endswith(e) and first.removesuffix(e) in _DOMAINS), None
        )
        return (f"{first.removesuffix(end)}.{end}", True) if end else (first, guessed)
    return ".".join(labels), guessed
