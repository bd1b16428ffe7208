"""Mandarin as it is read aloud. Words for numbers come from cn2an.

Which numbers are read digit by digit (一 said 幺, as on the telephone):
  - mobile and telephone numbers, group by group (13812345678: 3-4-4);
  - after a word like 验证码, 尾号, 订单号, 工号, 房间 ("尾号4279");
  - with a leading zero, or more than eight digits in a row.
Four digits before 年 are a year (二零二六年). Everything else is a quantity: 4279 is 四千二百七十九;
2 before a measure word is 两.
"""

from __future__ import annotations

import re

import cn2an

from media.speakable import chinese_words as words
from media.speakable.chinese_rules import GRAMMAR_SOURCE
from media.speakable.rules import Grammar, Reader, Rule, address_parts, always

Match = re.Match[str]

_FULL_WIDTH = str.maketrans("％．－＋／～＄", "%.-+/~$")
_COLON = re.compile(r"(?<=\d)：(?=\d)")
_CJK = "\u2e80-\u9fff\uff00-\uffef\u3000-\u303f"
_SPACE_BY_CJK = re.compile(rf"(?<=[{_CJK}])[ \t]+|[ \t]+(?=[{_CJK}])")


def chinese(text: str) -> str:
    """`text`, already without markup, as words to be spoken; Latin words stay as they are."""
    said = _GRAMMAR.apply(_COLON.sub(":", text.translate(_FULL_WIDTH)))
    return _SPACE_BY_CJK.sub("", " ".join(said.split()))


def cardinal(number: str) -> str:
    """Words for the quantity `1,234.50`; 两千 and 两万, not 二千 and 二万."""
    whole, _, decimals = number.replace(",", "").partition(".")
    said: str = cn2an.an2cn(str(int(whole or "0")), "low")
    if said[:2] in ("二千", "二万", "二亿"):
        said = "两" + said[1:]
    return f"{said}点{_plain_digits(decimals)}" if decimals else said


def digits(text: str) -> str:
    """ASCII digits one by one as in telephone numbers: 1 is 幺."""
    return "".join(words.PHONE_DIGITS[ord(char) - 48] for char in text if char in "0123456789")


def _plain_digits(text: str) -> str:
    return "".join(words.DIGITS[ord(char) - 48] for char in text if char in "0123456789")


def _counted(number: str) -> str:
    """A quantity before a measure word."""
    return "两" if number == "2" else cardinal(number)


def _grouped(number: str) -> str:
    """A mobile number 3-4-4, others in fours from the end."""
    if len(number) <= 4:
        return digits(number)
    first = len(number) % 4
    groups = [number[:first], *(number[i : i + 4] for i in range(first, len(number), 4))]
    return "，".join(digits(group) for group in groups if group)


def _number(match: Match) -> str:
    number = match["n"]
    if len(number) > 1 and number[0] == "0" and number.isdigit():
        return digits(number)
    return cardinal(number)


def _spelled(address: str) -> str:
    names = {".": "点", "/": "斜杠", "-": "横杠", "_": "下划线", "+": "加"}
    parts = re.findall(r"[A-Za-z]+|\d+|.", address)
    return " ".join(names.get(p) or (digits(p) if p.isdigit() else p) for p in parts)


def _date(match: Match) -> str:
    month, day = int(match["month"]), int(match["day"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return "，".join(digits(group) for group in re.findall(r"\d+", match.group()))
    year = f"{_plain_digits(match['year'])}年" if match["year"] else ""
    return f"{year}{cardinal(match['month'])}月{cardinal(match['day'])}日"


def _time(match: Match) -> str:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    half = words.HALVES[match["half"].lower()] if match["half"] else ""
    said = f"{half}{_counted(str(hour))}点"
    if minute == 30:
        return said + "半"
    if not minute:
        return said
    return f"{said}{'零' if minute < 10 else ''}{cardinal(str(minute))}分"


def _money(match: Match) -> str:
    name = words.CURRENCIES[match["mark"].upper()]
    amount = match["amount"]
    if "." in amount:
        amount = amount.rstrip("0").rstrip(".")
    said = _counted(amount) if not match["scale"] else cardinal(amount) + match["scale"]
    return ("负" if match["minus"] else "") + said + name


def _measure(match: Match) -> str:
    name, minus = words.UNITS[match["unit"]], "负" if match["minus"] else ""
    if name.endswith("之"):
        return minus + name + cardinal(match["n"])
    if minus and name.endswith("氏度"):
        minus = "零下"
    return minus + _counted(match["n"]) + name


def _fraction(match: Match) -> str:
    return f"{cardinal(match['bottom'])}分之{cardinal(match['top'])}"


def _coded(match: Match) -> str:
    spaced = re.sub(r"(?<=[A-Za-z])(?=[A-Za-z])", " ", match["code"])
    said = re.sub(r"\d+", lambda number: digits(number.group()), spaced)
    return match["word"] + match["link"] + said


_READERS: dict[str, Reader] = {
    "email": lambda m: f"{_spelled(m['box'])} 艾特 {_spelled(m['host'])}",
    "url": lambda m: _spelled(address_parts(m["url"])),
    "domain": lambda m: _spelled(address_parts(m["domain"])),
    "date": _date,
    "year": lambda m: _plain_digits(m["y"]),
    "dotted": lambda m: "点".join(digits(part) for part in m["dotted"].split(".")),
    "time": _time,
    "money": _money,
    "measure": _measure,
    "phone": lambda m: (
        ("加" if m.group()[0] == "+" else "")
        + "，".join(_grouped(group) for group in re.findall(r"\d+", m.group()))
    ),
    "mobile": lambda m: "，".join(map(digits, (m.group()[:3], m.group()[3:7], m.group()[7:]))),
    "code": _coded,
    "ordinal": lambda m: "第" + cardinal(m["n"]),
    "counted": lambda m: _counted(m["n"]),
    "fraction": _fraction,
    "after letter": lambda m: digits(m.group()) if len(m.group()) > 2 else cardinal(m.group()),
    "range": always("到"),
    "minus": always("负"),
    "gap": always("，"),
    "about": always("约"),
    "long": lambda m: _grouped(m.group()),
    "number": _number,
    "symbol": lambda m: words.SYMBOLS[m.group()],
}

_GRAMMAR = Grammar([Rule(name, pattern, _READERS[name]) for name, pattern in GRAMMAR_SOURCE])
