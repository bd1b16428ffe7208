"""Chinese numbers that count, measure or order: in characters, in figures, corrected while speaking.

Numbers dictated digit by digit are in `dictation`, sums of money in `money`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

import cn2an

from controller.dialogue.languages.base import Amount, Amounts
from controller.dialogue.languages.zh.words import clean
from controller.dialogue.normalise import plain

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
    except (ValueError, KeyError):
        return run


def ordinal(text: str) -> int | None:
    """Which one of a list numeric text names: "第2个", "3号", "最后一个" (-1)."""
    if match := _ORDINAL.search(text):
        return int(next(group for group in match.groups() if group))
    return -1 if _LAST.search(text) else None


def say_number(number: int) -> str:
    """0 to 99 in characters: "二十四", "十五"."""
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else f"{_NAMES[tens]}十")
    return head + (_NAMES[ones] if ones or not tens else "")


# --- amounts ---------------------------------------------------------------------------------------

AMENDED = re.compile(
    r"不对|算了|说错了|错了|弄错了|搞错了|哦不|噢不|应该是|应该|改成|改为|换成|我是说|我的意思是|(?<![吗要个])还是(?=\W*[\d一二三四五六七八九十两])"
    r"|重新来|重来|从头来|再来一遍|等等|等一下|(?:^|[，,。.\s])(?:不+|不是)(?:[，,。.\s]+|$)|不好意思|抱歉"
)
"""What a speaker says between a number and the one that takes its place."""
_CHUNK = re.compile(
    r"(?<!\d)[,，]|[,，](?!\d)|[;；?？!！。、…]|而是|(?=不是)|(?<=[\d一二三四五六七八九十百千万块元个])(?:或者?是?|还是)"
)
_FIGURES = "零〇○一二两三四五六七八九十百千万亿幺廿俩仨"
_NUMBER = re.compile(rf"负?[{_FIGURES}\d][{_FIGURES}\d]*(?:[点.][{_FIGURES}\d]+)?")
_SAME = str.maketrans({"〇": "零", "○": "零", "幺": "一", "俩": "两", "仨": "三"})
_PAIR_CHARS = "一二三四五六七八九"
RANGE = re.compile(
    rf"(?<![{_FIGURES}\d])((?:[{_PAIR_CHARS}]?十|[{_PAIR_CHARS}两][百千万])?)"
    r"(一[二两]|[二两]三|三[四五]|四五|五六|六七|七八|八九)([十百千万亿]*)(?=$|[^零〇一二三四五六七八九十百千万亿两\d点.])"
)
_NOT_COUNTED = re.compile(
    r"第[一二三四五六七八九十\d]+[个次位]?|(?:星期|礼拜|周)[一二三四五六日天\d]|一下|一会儿?|一起|一共|一般|一定|一直"
    r"|一样|一点儿?(?![一二三四五六七八九零\d])|一些|十分(?!之)|万一|千万(?=别|不要|要)|统一|唯一|一切|一遍|一旦|一边"
    r"|[一二两三四五六七八九十\d]+(?:点钟|点半|点整|月份?|号|:\d\d)|\d{1,2}:\d\d|同一|另一|一家|[一1]个[都也]没有?|[一二两三四五六七八九\d]成"
)
_HALF = re.compile(rf"(?<=[{_FIGURES}\d])[个年斤米块里吨天公月]?[小时里斤]*半(?![天个月年])")
_HALF_ALONE = re.compile(
    r"(?<![两\d一二三四五六七八九十百千万点个年斤米块里吨天公月时])(?:一半|半[个年天斤块米打小]?|1半)"
)
_UNIT_AS_POINT = re.compile(
    rf"(?<=[{_FIGURES}\d])(?:度|米|公?斤)(?=[一二三四五六七八九\d]{{1,2}}(?:$|[^{_FIGURES}\d个]))"
)
""" "三十八度二", "一米七五"."""
_DOZEN = re.compile(rf"([{_FIGURES}\d]+)打(?![开折算电车给扰])")
_PARTS = re.compile(
    rf"(?:([{_FIGURES}\d]+)又)?([{_FIGURES}\d]+)分之([{_FIGURES}\d]+(?:[点.][{_FIGURES}\d]+)?)"
)
_VAGUE = re.compile(
    r"(?<![0-9一二三四五六七八九十])几[十百千万]|[十百千万0]几|[十百千万亿\d][多来余](?![\d一二三四五六七八九十])|好几|不止|出头|百十|(?<![一二三四五六七八九\d])百八十|千儿八百|千把|百把|上[百千万](?=[^\d])"
    r"|(?:至少|最少|最多|不到|不超过|超过|多于|少于|大于|小于|以上|以下|以内)"
)
_VAGUE_WORDS = re.compile(r"几|一些|很多|许多|若干|不少|没多少|不多|好多|随便|越多")
_ABOUT = re.compile(r"大概|大约|差不多|左右|约|上下|可能|估计|来着")
_SOUNDS = {
    "零": "玲灵", "一": "以医衣依易", "二": "而儿耳饿", "两": "亮量辆凉", "三": "散伞山",
    "四": "是事似死寺", "五": "舞无午屋吴", "六": "溜流留刘", "七": "期气起齐", "八": "吧巴爸把",
    "九": "就久酒旧", "十": "时石实识拾",
}  # fmt: skip
_SOUND = {sound: meant for meant, sounds in _SOUNDS.items() for sound in sounds}
_ALIKE_ONLY = re.compile(rf"([{''.join(_SOUND)}])([个位人份件天]{{0,2}})[的吧啊呢了]?")
_AMONG = {**_SOUND, "是": "十", "白": "百", "摆": "百"}
_INNER = "是时石实识拾白摆伞散舞屋"
_ALIKE_AMONG = re.compile(
    rf"((?=.*[{_INNER}])(?:[{_FIGURES}]|(?!是)[{_INNER}])[{_FIGURES}{_INNER}]{{1,5}})([个位人份块]?)[的吧啊呢了]?"
)
"""A number some of whose characters are others of the same sound: "三是五", "两白"."""

HINTS = (
    "零",
    "一",
    "二",
    "两",
    "三",
    "四",
    "五",
    "六",
    "七",
    "八",
    "九",
    "十",
    "百",
    "千",
    "万",
    "点",
    "半",
)


def amounts(raw: str) -> Amounts:
    """The numbers said: "五十，不对，六十" → 60; "五六个" → both; "是个" for "四个" → 4, unsure."""
    return read_amounts(raw, bare_numbers)


def read_amounts(raw: str, read: Callable[[str], list[Amount]]) -> Amounts:
    """Apply corrections, then `read` each stretch of speech between two breaks; sound-alikes last."""
    text = re.sub(r"(?<=\d)[,，](?=\d{3}(?!\d))", "", plain(raw))
    text = re.sub(r"(?<![\w.])-(?=\d)", "负", text)
    if mixed := _ALIKE_AMONG.fullmatch(_bare(text)):
        return _misheard(mixed, read, among=_AMONG)
    for piece in reversed(AMENDED.split(text)):
        found = _stretch(piece, read)
        if found.found or found.vague:
            return found
    return _misheard(_ALIKE_ONLY.fullmatch(_bare(text)) or _ALIKE_ONLY.fullmatch(clean(text)), read)


def _misheard(
    match: re.Match[str] | None,
    read: Callable[[str], list[Amount]],
    among: Mapping[str, str] = _SOUND,
) -> Amounts:
    if match is None:
        return Amounts()
    found = _stretch("".join(among.get(c, c) for c in match[1]) + match[2], read)
    return Amounts(tuple(replace(a, unsure=True) for a in found.found))


def _stretch(piece: str, read: Callable[[str], list[Amount]]) -> Amounts:
    found: list[Amount] = []
    chunks = [spoken(chunk) for chunk in _CHUNK.split(piece) if chunk]
    for chunk in chunks:
        got = read(chunk)
        found += got[1:] if chunk.startswith("不是") else got
    said = "".join(chunks)
    if _VAGUE.search(said) or (not found and _VAGUE_WORDS.search(said)):
        return Amounts(vague=True)
    about = _ABOUT.search(said) is not None
    distinct = {a.value: replace(a, unsure=a.unsure or about) for a in reversed(found)}
    return Amounts(tuple(reversed(distinct.values())))


@lru_cache(maxsize=256)
def spoken(chunk: str) -> str:
    """Clean text without hesitation and without words that only look like numbers."""
    return _NOT_COUNTED.sub(";", _bare(chunk))


def _bare(chunk: str) -> str:
    text = re.sub(r"(?<=[\d一二两三四五六七八九十百千])个(?=[万亿])", "", clean(chunk).replace("%", ""))
    return re.sub(
        r"[嗯呃唔]|(?<![余金总数差])额(?!度)|那个|就是|大家|^(?:啊|哦|是|要|我要|我们|有|我)(?=.)",
        "",
        text,
    )


def bare_numbers(text: str) -> list[Amount]:
    """The numbers in clean text; "五六" is two, "两个半" is 2.5, "三分之一" is a fraction."""
    found: list[Amount] = []

    def take(*values: Decimal | None) -> str:
        found.extend(Amount(value) for value in values if value is not None)
        return ";"

    text = _PARTS.sub(lambda m: take(_parts(*m.groups())), text)
    text = RANGE.sub(lambda m: take(*range_of(m)), text)
    text = _HALF_ALONE.sub(lambda m: take(Decimal(6 if "打" in m[0] else "0.5")), text)
    text = _UNIT_AS_POINT.sub("点", _HALF.sub("点五", text.replace("个半", "半")))
    text = _DOZEN.sub(lambda m: take(_times(m[1], 12)), text)
    for match in _NUMBER.finditer(text):
        take(value_of(match[0]))
    return found


def _parts(units: str | None, whole: str, part: str) -> Decimal | None:
    """ "百分之二十" is 20 as people answer it; "四分之三" is 0.75."""
    above, below = value_of(part), value_of("一百" if whole == "百" else whole)
    more = value_of(units) if units else Decimal(0)
    if above is None or more is None or not below:
        return None
    return above if below == 100 else (more + above / below).quantize(Decimal("0.0001")).normalize()


def range_of(match: re.Match[str]) -> list[Decimal | None]:
    head, pair, tail = match.groups()
    return [value_of(head + digit + tail) for digit in pair]


def _times(number: str, factor: int) -> Decimal | None:
    value = value_of(number)
    return None if value is None else value * factor


def value_of(run: str) -> Decimal | None:
    """A row of numerals, Chinese or not: "一千二", "3.5万", "一二三", "负三点五"; None if it is none."""
    text = run.translate(_SAME)
    sign, text = (-1, text[1:]) if text.startswith("负") else (1, text)
    whole, point, rest = text.replace(".", "点").partition("点")
    fraction = re.match(r"[零一二两三四五六七八九\d]+", rest)
    scale = rest[fraction.end() :] if fraction else ""
    if (point and fraction is None) or "点" in rest:
        return None
    value, factor = _whole(whole or "零"), _whole(scale) if scale else Decimal(1)
    if value is None or factor is None:
        return None
    if fraction:
        value += Decimal("0." + "".join(_DIGITS.get(c, c) for c in fraction[0]))
    return sign * value * factor


def _whole(text: str) -> Decimal | None:
    if not re.search("[十百千万亿]", text):
        return Decimal("".join(_DIGITS.get(c, c) for c in text)) if len(text) <= 18 else None
    if len(text) > 24:
        return None
    try:
        return Decimal(str(cn2an.cn2an(text if text[0] not in "百千万亿" else "一" + text, "smart")))
    except (ValueError, KeyError):  # "十百", "一万12": no number
        return None


def say_amount(number: Decimal) -> str:
    """ "十二点五", "一千二百", "两万"; 2 is 两, as before a measure word."""
    exact = number.normalize()
    if not exact.is_finite() or exact.adjusted() > 15 or exact.as_tuple().exponent < -6:  # type: ignore[operator]
        return f"{number:f}"
    words = str(cn2an.an2cn(f"{exact:f}", "low"))
    if words == "二":
        return "两"
    return re.sub(r"(?<![十百千万亿点])二(?=[百千万亿])|(?<=[万亿])二(?=[百千])", "两", words)
