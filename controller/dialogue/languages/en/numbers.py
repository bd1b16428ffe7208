"""English numbers: as words, as ordinals, dictated digit by digit, and misheard."""

from __future__ import annotations

import re
from functools import lru_cache

from text_to_num import alpha2digit  # type: ignore[import-untyped]

from controller.dialogue.languages.en.words import clean

_DIGIT_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_ORDINAL = re.compile(
    r"\b(?:the )?(\d{1,2})(?:st|nd|rd|th)\b"
    r"|\b(?:option|fortune|auction|number|answer|choice|no) (\d{1,2})\b"  # two sound like "option"
)
_LAST = re.compile(r"\bthe last(?: one)?\b|\blast one\b")
_SOUND_ALIKES = {
    "to": "2", "too": "2", "for": "4", "fore": "4", "won": "1", "ate": "8", "tree": "3", "free": "3",
    "fife": "5",
}  # fmt: skip
_REPEATED = re.compile(r"\b(double|triple) (\d)")
_DIGIT_RUN = re.compile(r"\d(?:[\d\s\-.+()]*\d)?")


@lru_cache(maxsize=256)
def numeric(raw: str) -> str:
    """Clean text with numbers and ordinals in digits: "half past nine" → "half past 9"."""
    return str(alpha2digit(clean(raw), "en", threshold=0))


def ordinal(text: str) -> int | None:
    """Which one of a list numeric text names: "the 2nd one", "option 3", "the last one" (-1)."""
    if match := _ORDINAL.search(text):
        return int(match[1] or match[2])
    return -1 if _LAST.search(text) else None


def mistaken_number(text: str) -> str:
    """Numeric text with words that recognisers print for a number replaced by it."""
    return " ".join(_SOUND_ALIKES.get(word, word) for word in text.split())


def digits(raw: str) -> str:
    """The digits of a dictated number: "four two seven nine", "double five", "oh eight", "555-0199"."""
    spelled = re.sub(r"\b(?:oh|o)\b", "zero", clean(raw))
    text = str(alpha2digit(spelled, "en", threshold=0))
    text = _REPEATED.sub(lambda m: m[2] * (2 if m[1] == "double" else 3), text)
    return re.sub(r"\D", "", "".join(_DIGIT_RUN.findall(text)))


def say_digits(number: str) -> str:
    """Digit by digit, in groups of three or four with a pause between them."""
    names = [_DIGIT_NAMES[int(d)] for d in number if d.isdigit()]
    size = 4 if len(names) % 3 == 1 and len(names) < 7 else 3
    groups = [names[i : i + size] for i in range(0, len(names), size)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = [groups[-2] + groups[-1]]
    return ", ".join(" ".join(group) for group in groups)
