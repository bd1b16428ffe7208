"""Small facts about words in English and Chinese that turn taking needs. Pure."""

from __future__ import annotations

import re

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af"
_CJK_CHAR = re.compile(f"[{CJK}]")
_WORD = re.compile(rf"[{CJK}]|[^\W_{CJK}]+(?:['’\-][^\W_{CJK}]+)*")

BACKCHANNELS: dict[str, frozenset[str]] = {
    "en": frozenset(
        "uh-huh|uh huh|uh|huh|ah|oh|okay|ok|right|yeah"
        "|yep|sure|alright|all right|i see|got it|of course|um|er|erm".split("|")
    ),
    "zh": frozenset(
        "嗯|嗯嗯|嗯哼|哦|噢|喔|啊|呃|额|好|好的|好好|对|对对|是|是的|行|知道了|明白|明白了|了解|没错".split(
            "|"
        )
    ),
}
"""Sounds of listening. `yes` and `no` are answers, so they are not here; nor are hums, see `_HUM`."""
_HUM = re.compile(r"[mh\-]*m[mh\-]*")
"""However a recogniser spells it: mm-hmm, mhm, hmm, MMHM."""

_FLOOR: dict[str, frozenset[str]] = {
    "en": frozenset("stop|wait|hold|hang|sorry|excuse|pardon|hello|what".split("|")),
    "zh": frozenset("停|等|打断|先别|别说|喂|不好意思".split("|")),
}

_GOES_ON: dict[str, frozenset[str]] = {
    "en": frozenset(
        "and|or|but|because|then|with|to|the|a|an|at|of|for|from|is|are|was|my|i'm|um|uh|er|erm"
        "|if|maybe|about".split("|")
    ),
    "zh": frozenset(
        "嗯|呃|额|那个|这个|就是|因为|然后|但是|还有|和|或者|如果|所以|我想|的话".split("|")
    ),
}


def words(text: str) -> list[str]:
    """Words of a text in lower case; a CJK character counts as one word."""
    return [w.lower().replace("’", "'") for w in _WORD.findall(text)]


def cjk_count(text: str) -> int:
    """How many CJK characters a text holds."""
    return len(_CJK_CHAR.findall(text))


def is_backchannel(text: str, listed: frozenset[str]) -> bool:
    """Whether a text is nothing but sounds of listening (or nothing at all).

    A text is split greedily into listed phrases: "mm-hm, okay", "好的好的" are, "okay stop" is not.
    """
    rest = [word for word in words(text) if not _HUM.fullmatch(word)]
    longest = max((len(words(p)) for p in listed), default=1)
    known = {tuple(words(p)) for p in listed}
    while rest:
        for n in range(min(longest, len(rest)), 0, -1):
            if tuple(rest[:n]) in known:
                rest = rest[n:]
                break
        else:
            return False
    return True


def asks_for_floor(text: str, language: str) -> bool:
    """Whether a text tells the bot to stop: "stop", "wait a second", "等一下"."""
    said = words(text)
    if language.startswith("zh"):
        joined = "".join(said)
        return any(word in joined for word in _FLOOR["zh"])
    return any(word in _FLOOR["en"] for word in said)


def goes_on(text: str, language: str) -> bool:
    """Whether a text ends like a sentence that is not finished: "Tuesday and", "因为", "嗯"."""
    stripped = text.rstrip()
    if stripped.endswith(("...", "…", ",", "，", "、", "-")):
        return True
    listed = _GOES_ON.get(language.partition("-")[0], _GOES_ON["en"])
    if language.startswith("zh"):
        tail = "".join(words(stripped))
        return any(tail.endswith(w) for w in listed)
    last = words(stripped)[-1:]
    # A full stop from the recogniser after "to" still reads as unfinished speech.
    return bool(last) and last[0] in listed
