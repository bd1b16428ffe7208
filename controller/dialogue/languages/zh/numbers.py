"""Chinese numbers: as words, as ordinals, dictated digit by digit."""

from __future__ import annotations

import re
from functools import lru_cache

import cn2an

from controller.dialogue.languages.zh.words import clean

_DIGITS = {c: str(i) for i, c in enumerate("零一二三四五六七八九")} | {
    "〇": "0",
    "幺": "1",
    "两": "2",
    "○": "0",
}
_NAMES = "零一二三四五六七八九"
_RUN = re.compile(r"[零〇○一二两三四五六七八九十百千幺]+")
_NOT_A_NUMBER = re.compile(
    r"十分(?=满意|好|不|感谢|抱歉)|(?<=[早晚有快慢大小高多])一点|一下(?!午)|一遍|一会|一定|一起|一般|一直|一些|一样|万一|第一次"
)
_MASK = "\ue000"
_ORDINAL = re.compile(r"第(\d{1,2})|(?:选项|选|号码|数字|按)(\d{1,2})|(?<!\d)(\d{1,2})号|^(\d{1,2})个?$")
_FRACTION = re.compile(r"(?<!\d)0\.\d")
_LAST = re.compile(r"最后(?:一个|那个|1个)?")


@lru_cache(maxsize=256)
def numeric(raw: str) -> str:
    """Clean text with numbers in digits: "下周二上午十点半" → "下周2上午10点半"."""
    text = clean(raw)
    kept: list[str] = []

    def hide(match: re.Match[str]) -> str:
        kept.append(match[0])
        return _MASK

    text = _RUN.sub(lambda match: _value(match[0]), _NOT_A_NUMBER.sub(hide, text))
    return re.sub(_MASK, lambda _: kept.pop(0), text)


def _value(run: str) -> str:
    if not re.search("[十百千]", run):
        return "".join(_DIGITS[c] for c in run)
    try:
        return str(cn2an.cn2an(run.replace("○", "零").replace("幺", "一"), "smart"))
    except ValueError:
        return run


def ordinal(text: str) -> int | None:
    """Which one of a list numeric text names: "第2个", "3号", "最后一个" (-1)."""
    if match := _ORDINAL.search(text):
        return int(next(group for group in match.groups() if group))
    return -1 if _LAST.search(text) else None


def digits(raw: str) -> str:
    """The digits of a dictated number: "四二七九", "一三八零零一三八零零零", "138-0013-8000".

    None in "0.315": nobody dictates a fraction, so the point stands for a digit that was misheard.
    """
    text = numeric(raw)
    return "" if _FRACTION.search(text) else re.sub(r"\D", "", text)


def say_digits(number: str) -> str:
    """Digit by digit; mobile numbers 3-4-4, others in groups of three or four."""
    names = "".join(_NAMES[int(d)] for d in number if d.isdigit())
    if len(names) == 11:
        return f"{names[:3]}，{names[3:7]}，{names[7:]}"
    size = 4 if len(names) % 4 == 0 else 3
    groups = [names[i : i + size] for i in range(0, len(names), size)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = [groups[-2] + groups[-1]]
    return "，".join(groups)


def say_number(number: int) -> str:
    """0 to 99 in characters: "二十四", "十五"."""
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else f"{_NAMES[tens]}十")
    return head + (_NAMES[ones] if ones or not tens else "")
