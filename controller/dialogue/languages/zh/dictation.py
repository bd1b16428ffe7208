"""Chinese numbers dictated digit by digit: codes, order numbers, telephone numbers.

Gives every reading that makes sense, the most likely first; which one has the right length is the slot's
business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from controller.dialogue.languages import amended
from controller.dialogue.languages.base import Dictation
from controller.dialogue.languages.zh.numbers import AMENDED, numeric
from controller.dialogue.languages.zh.words import clean
from controller.dialogue.normalise import plain

_NAMES = "零一二三四五六七八九"
_FRACTION = re.compile(r"(?<!\d)0\.\d")
_RADIO = str.maketrans({"洞": "零", "拐": "七", "勾": "九", "幺": "一"})
"""Digits as soldiers, drivers and operators say them."""
_BREAK = re.compile(r"[,，、。；;]+")
_TIMES = {"两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6}
_REPEATED = re.compile(rf"([{''.join(_TIMES)}])个([零〇○一二三四五六七八九\d])(?![十百千])")
""" "三个八" is 888."""
_FIGURE = "0-9零〇○一二两三四五六七八九"
_SOUNDS = {
    "0": "玲领林灵令凌", "1": "要妖腰药以衣医依", "2": "而儿耳尔", "3": "散伞", "4": "是似死寺",
    "5": "舞午无吴吾屋", "6": "溜留刘流", "7": "期起气齐骑", "8": "吧巴把爸", "9": "就久酒旧",
}  # fmt: skip
_SOUND = {sound: digit for digit, sounds in _SOUNDS.items() for sound in sounds}
_ALIKE = "".join(_SOUND)
_SOUND_BY_DIGIT = re.compile(rf"(?<=[{_FIGURE}])[{_ALIKE}]+|[{_ALIKE}]+(?=[{_FIGURE}])")
_PLUS = re.compile(r"\+\s*\d|加(?=[\d一二三四五六七八九])")
_PLAIN = re.compile(
    r"(?:我的?|这个|号码|电话|手机|手机号|订单|编号|单号|卡号|账号|身份证|证件|尾号|后四位|会员|验证码|数字|号"
    r"|是|就是|为|嗯+|呃+|额|啊|哦|好的?|那个|然后|接着|再|后面|前面|最后|加|杠|横杠|减|空格|点|区号|分机|请记"
    r"|一下|的|呢|吧|了|谢谢|您|你|对|不对|不是|错了|重新来|重来|再来|从头来|应该|记|没错|您好|你好|喂|,|\.|-|:)*"
)


def digits(raw: str) -> str:
    """The digits of a dictated number: "四二七九", "一三八零零一三八零零零", "138-0013-8000".

    None in "0.315": nobody dictates a fraction, so the point stands for a digit that was misheard.
    """
    text = _figures(raw)
    return "" if _FRACTION.search(text) else re.sub(r"\D", "", text)


def dictation(raw: str) -> tuple[Dictation, ...]:
    """All readings: as said, with sound-alikes, the longest stretch only, corrected in part or whole."""
    return amended.readings(plain(raw), AMENDED, digits, _readings, _sounds)


def _readings(text: str, anew: bool) -> Iterator[Dictation]:
    figures = _figures(text)
    plus = _PLUS.search(text) is not None
    rest = re.sub(r"\d+", "", figures)
    yield Dictation(digits(text), plus, _PLAIN.fullmatch(rest) is not None, anew=anew)
    yield from _sounds(text, anew)
    runs = sorted(re.findall(r"\d+", re.sub(r"(?<=\d)[-.](?=\d)", "", figures)), key=len)
    if len(runs) > 1:
        yield Dictation(runs[-1], plus, plain=False, unsure=True, anew=anew)


def _sounds(text: str, anew: bool) -> Iterator[Dictation]:
    """The reading with characters next to a digit as the digits they sound like."""
    said = clean(text).translate(_RADIO)
    meant = _SOUND_BY_DIGIT.sub(lambda m: "".join(_SOUND[c] for c in m[0]), said)
    found = digits(meant)
    if found and found != digits(text):
        yield Dictation(found, _PLUS.search(text) is not None, unsure=True, anew=anew)


def _ascii(text: str) -> str:
    """Digits of any script as ours."""
    return re.sub(r"\d", lambda m: str(int(m[0])), text)


def _figures(raw: str) -> str:
    said = (clean(part).translate(_RADIO) for part in _BREAK.split(_ascii(raw)))
    return "".join(numeric(_REPEATED.sub(lambda m: m[2] * _TIMES[m[1]], part)) for part in said)


def say_digits(number: str) -> str:
    """Digit by digit; mobile numbers 3-4-4, others in groups of three or four."""
    figures = "".join(d for d in number if d.isdecimal())
    if len(figures) == 11:
        return say_groups((figures[:3], figures[3:7], figures[7:]))
    return say_groups(amended.groups(figures, 4 if len(figures) % 4 == 0 else 3))


def say_groups(groups: Sequence[str]) -> str:
    """ "+86", "138" → "加八六，一三八"."""
    return "，".join("".join(_name(c) for c in group if c == "+" or c.isdecimal()) for group in groups)


def _name(figure: str) -> str:
    return "加" if figure == "+" else _NAMES[int(figure)]
