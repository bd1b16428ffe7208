"""Chinese times of day: finding them in numeric text that holds no days any more."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from controller.dialogue.languages.base import ClockWords, Half

_PATTERNS = {
    "before": re.compile(r"差(\d{1,2}分?|1刻)钟?(?:到)?(\d{1,2})点|(\d{1,2})点差(\d{1,2}分?|1刻)"),
    "quarter": re.compile(r"(\d{1,2})[点时](?:过|的)?([13一三])刻"),
    "half": re.compile(r"(\d{1,2})[点时](?:过)?半"),
    "digital": re.compile(r"(?<!\d)(\d{1,2})[:.](\d{2})(?!\d)"),
    "minute": re.compile(r"(\d{1,2})[点时](?:过|零|0)?(\d{1,2})分?"),
    "hour": re.compile(r"(?<!\d)(\d{1,2})(?:点|时(?!间))(?:钟|整)?"),
    "bare": re.compile(r"(?:上午|下午|早上|晚上|中午|凌晨)(\d{1,2})$"),
}
_AHEAD = re.compile(
    r"(半|\d{1,2})个?(小时|钟头|分钟)(?:以|之|过)?后|(?:再)?过(半|\d{1,2})个?(小时|钟头|分钟)"
)
_NOW = re.compile(r"现在|马上|立刻|立即")
_READ = "\ue000"


def ahead(text: str, now: datetime) -> datetime | None:
    """The moment that is named by how far off it is: "半小时后", "现在"."""
    if match := _AHEAD.search(text):
        number, unit = match[1] or match[3], match[2] or match[4]
        count = 0.5 if number == "半" else float(number)
        return now + (timedelta(minutes=count) if unit == "分钟" else timedelta(hours=count))
    return now if _NOW.search(text) and "点" not in text else None


def find(text: str, half: Half) -> tuple[ClockWords | None, bool]:
    """The time named, and whether there is another one beside it ("十点或者十一点")."""
    clock, rest = _first(text, half)
    if clock is None:
        return None, False
    other, _ = _first(rest, half)
    between = re.search(r"或|还是|要么|\ue000[^\ue000]{0,2}(?:到|至)", rest)
    hesitates = other is not None and between is not None
    return clock, hesitates and (other.hour, other.minute) != (clock.hour, clock.minute)  # type: ignore[union-attr]


def _first(text: str, half: Half) -> tuple[ClockWords | None, str]:
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            hour, minute = _read(kind, match)
            if hour <= 24 and 0 <= minute < 60:
                rest = text[: match.start()] + _READ + text[match.end() :]
                return ClockWords(hour, minute, half, marked=True), rest
    return None, text


def _read(kind: str, match: re.Match[str]) -> tuple[int, int]:
    words = match.groups()
    match kind:
        case "before":
            less, hour = (words[0], words[1]) if words[0] else (words[3], words[2])
            return (int(hour) - 1) or 12, 60 - (15 if less == "1刻" else int(less.rstrip("分")))
        case "quarter":
            return int(words[0]), 45 if words[1] in "3三" else 15
        case "half":
            return int(words[0]), 30
        case "hour" | "bare":
            return int(words[0]), 0
    return int(words[0]), int(words[1])
