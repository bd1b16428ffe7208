"""English times of day: finding them in numeric text that holds no days any more."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from controller.dialogue.languages.base import ClockWords, Half

_MINUTE_WORDS = r"(quarter|\d{1,2})(?: minutes?)?"
_HALF = r"(?: ?(am|pm)\b)?"
_OCLOCK = r"(?: ?oclock)?"
_PATTERNS = {
    "half": re.compile(rf"\bhalf (?:past |passed )?(\d{{1,2}}){_OCLOCK}{_HALF}"),
    "offset": re.compile(
        rf"\b(?:a )?{_MINUTE_WORDS} (past|passed|after|to|before"
        rf"|till|2) (\d{{1,2}}|noon|midnight){_OCLOCK}{_HALF}"
    ),
    "digital": re.compile(rf"\b(\d{{1,2}})[:.](\d{{2}})\b{_HALF}"),
    "noon": re.compile(r"\b(12 oclock noon|12 noon|noon(?:ish)?|midday|lunchtime)\b"),
    "midnight": re.compile(r"\b(?:12 )?midnight\b"),
    "spaced": re.compile(rf"\b(\d{{1,2}}) (?:oh )?(\d{{1,2}})\b{_HALF}"),
    "run": re.compile(rf"\b(\d{{1,2}})(\d{{2}})\b(?: ?hours)?{_HALF}"),
    "marked": re.compile(r"\b(\d{1,2}) ?(am|pm|oclock|ish)\b(?: in the)?"),
    "introduced": re.compile(
        r"\b(?:at|around|about|by|after|from|between|maybe|say|for|make it) (\d{1,2})\b(?!th|st|nd|rd)"
    ),
    "bare": re.compile(
        r"(?:^| )(\d{1,2})(?= in the|$| please| would| is"
        r"| works| will| sounds| should| tomorrow| today| on| or)"
    ),
}
_MARKED = ("half", "offset", "digital", "noon", "midnight", "marked")
_AHEAD = re.compile(
    r"\b(?:in )?(half an|an|a|\d{1,2})(?: and a half)? (hour|minute)s?(?:'s?)?(?: time| from now)\b"
    r"|\bin (?:about |another )?(half an|an|a|\d{1,2}) (hour|minute)s?\b"
)
_NOW = re.compile(r"^(?:right )?now\b|\b(?:right now|immediately|straight away)\b")
_READ = "\ue000"


def ahead(text: str, now: datetime) -> datetime | None:
    """The moment that is named by how far off it is: "in half an hour", "right now"."""
    if match := _AHEAD.search(text):
        number, unit = match[1] or match[3], match[2] or match[4]
        count = {"half an": 0.5, "an": 1.0, "a": 1.0}.get(
            number, float(number) if number.isdecimal() else 0
        )
        return now + (timedelta(hours=count) if unit == "hour" else timedelta(minutes=count))
    return now if _NOW.search(text) else None


def find(text: str) -> tuple[ClockWords | None, bool]:
    """The time named, and whether there is another one beside it ("ten or eleven")."""
    clock, rest = _first(text)
    if clock is None:
        return None, False
    other, _ = _first(rest.replace(_READ, " "))
    hesitates = other is not None and (" or " in text or "between" in text)
    return clock, hesitates and (other.hour, other.minute) != (clock.hour, clock.minute)  # type: ignore[union-attr]


def _first(text: str) -> tuple[ClockWords | None, str]:
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            if (clock := _read(kind, match)) is not None:
                rest = text[: match.start()] + _READ + text[match.end() :]
                return replace(clock, marked=kind in _MARKED), rest
    return None, text


def _read(kind: str, match: re.Match[str]) -> ClockWords | None:
    words = match.groups()
    hour, minute, said = 0, 0, None
    match kind:
        case "noon":
            return ClockWords(12, 0, Half.PM)
        case "midnight":
            return ClockWords(0, 0, Half.AM)
        case "half":
            hour, minute, said = int(words[0]), 30, words[1]
        case "offset":
            minutes = 15 if words[0] == "quarter" else int(words[0])
            back = words[1] in ("to", "before", "till", "2")
            hour = 12 if words[2] in ("noon", "midnight") else int(words[2])
            minute, said = (
                minutes,
                {"noon": "am" if back else "pm", "midnight": "pm"}.get(words[2], words[3]),
            )
            if back:
                hour, minute = (hour - 1 or 12), 60 - minutes
        case "digital" | "spaced" | "run":
            hour, minute, said = int(words[0]), int(words[1]), words[2]
        case "marked":
            hour, said = int(words[0]), words[1]
        case _:
            hour = int(words[0])
    if hour > 24 or not 0 <= minute < 60:
        return None
    return ClockWords(hour, minute, {"am": Half.AM, "pm": Half.PM}.get(said or "", Half.UNSAID))
