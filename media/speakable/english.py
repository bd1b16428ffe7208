"""English as it is read aloud. Words for numbers come from num2words; the lists stand beside this.

Which numbers are read digit by digit:
  - after a word like "code", "PIN", "room", "order", "extension", "account" ("code 4279");
  - with a leading zero, or more than six digits in a row without separators;
  - written like a telephone number (555-0199), group by group.
A number from 1100 to 2099 is a year after "in", "since", "by"… and in a date. Everything else is a
quantity: "4279 people" is four thousand two hundred and seventy-nine.
"""

from __future__ import annotations

import re

from num2words import num2words

from media.speakable import english_words as words
from media.speakable.english_rules import GRAMMAR_SOURCE
from media.speakable.rules import Grammar, Reader, Rule, address_parts, always

Match = re.Match[str]


def english(text: str) -> str:
    """`text`, already without markup, as words to be spoken."""
    said = " ".join(_GRAMMAR.apply(text).split())
    return re.sub(r" ([.,;:!?])", r"\1", said)


def cardinal(number: str) -> str:
    """Words for the quantity `1,234.50`."""
    whole, _, decimals = number.replace(",", "").partition(".")
    said = str(num2words(int(whole or "0"))).replace(",", "")
    return f"{said} point {digits(decimals)}" if decimals else said


def digits(text: str) -> str:
    """Each ASCII digit as a word: `01` → `zero one`."""
    return " ".join(words.DIGITS[ord(char) - 48] for char in text if char in "0123456789")


def _ordinal(number: str) -> str:
    return str(num2words(int(number), to="ordinal")).replace(",", "")


def _year(number: str) -> str:
    return str(num2words(int(number), to="year"))


def _grouped(number: str) -> str:
    """Digits as people give telephone numbers: four last, threes before them."""
    if len(number) <= 4:
        return digits(number)
    head, tail = number[:-4], number[-4:]
    size = 4 if len(head) == 4 else 3
    first = len(head) % size
    groups = [head[:first], *(head[i : i + size] for i in range(first, len(head), size)), tail]
    return ", ".join(digits(group) for group in groups if group)


def _number(match: Match) -> str:
    number = match["n"]
    if len(number) > 1 and number[0] == "0" and number.isdigit():
        return digits(number)
    return cardinal(number)


def _spelled(address: str) -> str:
    names = {".": "dot", "/": "slash", "-": "dash", "_": "underscore", "+": "plus"}
    parts = re.findall(r"[A-Za-z]+|\d+|.", address)
    return " ".join(names.get(p) or (_code(p) if p.isdigit() else p) for p in parts)


def _code(number: str) -> str:
    return cardinal(number) if len(number) <= 2 and number[0] != "0" else digits(number)


def _letters_and_digits(code: str) -> str:
    """One by one: `BA117` → `B.A. one one seven`, `A1` → `A-one`."""
    parts = re.findall(r"[A-Za-z]+|\d+", code.upper())
    return _with_letters([digits(p) if p.isdigit() else p for p in parts])


def _with_letters(parts: list[str]) -> str:
    """Engines read "A one" as an article and CAT as a word; `A-one` and `C.A.T.` they spell."""
    said = ""
    for before, part in zip(["", *parts], parts, strict=False):
        joined = "-" if 1 in (len(before), len(part)) else " "
        letters = ".".join(part) + "." if part.isupper() and len(part) > 1 else part
        said += (joined if before else "") + letters
    return said


def _date(match: Match) -> str:
    year, day = match["year"], int(re.sub(r"\D", "", match["day"]))
    name = match["month"].rstrip(".").lower()
    month = int(name) if name.isdigit() else words.MONTHS[name]
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return ", ".join(digits(group) for group in re.findall(r"\d+", match.group()))
    said = f"{words.MONTH_NAMES[month - 1]} {_ordinal(str(day))}"
    return f"{said}, {_year(year)}" if year else said


def _time(match: Match) -> str:
    hour, minute, half = cardinal(match["hour"]), int(match["minute"] or 0), match["half"]
    if minute:
        said = f"{hour} {'oh ' if minute < 10 else ''}{cardinal(str(minute))}"
    elif half:
        said = hour
    else:
        said = f"{hour} o'clock" if 1 <= int(match["hour"]) <= 12 else f"{hour} hundred hours"
    if half:
        said += f" {half.upper()}M"
    return said + (_sentence_stop(match) if match["stop"] else "")


def _sentence_stop(match: Match) -> str:
    """The full stop of "p.m." and "etc." ends the sentence too, when it stands at its end."""
    after = match.string[match.end() : match.end() + 2]
    return "." if not after.strip() or (after[0] == " " and after[1:].isupper()) else ""


def _phone(match: Match) -> str:
    groups = re.findall(r"\d+", match["phone"])
    said = ", ".join(_grouped(group) for group in groups)
    return f"plus {said}" if match["phone"].startswith("+") else said


def _money(match: Match) -> str:
    one, many, cent, cents = words.CURRENCIES[match["mark"].upper()]
    amount, sign = match["amount"], "minus " if match["minus"] else ""
    if match["scale"]:
        return f"{sign}{cardinal(amount)} {words.SCALES[match['scale'].lower()]} {many}"
    whole, _, part = amount.replace(",", "").partition(".")
    if len(part) > 2:
        return f"{sign}{cardinal(amount)} {many}"
    small = int(part.ljust(2, "0")) if part else 0
    said = []
    if int(whole) or not small:
        said.append(f"{cardinal(whole)} {one if int(whole) == 1 else many}")
    if small:
        said.append(f"{cardinal(str(small))} {cent if small == 1 else cents}")
    return sign + " and ".join(said)


def _measure(match: Match) -> str:
    one, many = words.UNITS[match["unit"]]
    sign = "minus " if match["minus"] else ""
    return f"{sign}{cardinal(match['n'])} {one if match['n'] == '1' else many}"


def _fraction(match: Match) -> str:
    top, bottom = match["top"], match["bottom"]
    known = words.FRACTIONS.get((int(top), int(bottom)))
    return known or f"{cardinal(top)} over {cardinal(bottom)}"


def _coded(match: Match) -> str:
    code = match["code"]
    said = _code(code) if code.isdigit() else _letters_and_digits(code)
    return f"{match['word']}{match['link'].replace('#', ' ')}{said}"


def _mixed(match: Match) -> str:
    """`BA117`: letters and digits one by one; `MP3`, `covid-19`: as usual."""
    parts = re.findall(r"[A-Za-z]+|\d+", match.group())
    if len(parts) == 2 and min(len(part) for part in parts if part.isdigit()) <= 2:
        joined = "-" if min(map(len, (p for p in parts if p.isalpha()))) == 1 else " "
        return joined.join(_code(part) if part.isdigit() else part for part in parts)
    return _letters_and_digits(match.group())


def _decade(match: Match) -> str:
    said = _year(match["decade"])
    return said.removesuffix("y") + ("ies" if said.endswith("y") else "s")


def _short(match: Match) -> str:
    key = match["short"].lower()
    if key in words.TITLES:
        return words.TITLES[key]
    return words.ABBREVIATIONS[key] + (_sentence_stop(match) if match["stop"] else "")


def _saint_or_street(match: Match) -> str:
    """ "12 Main St." but "to St. John": a street's name comes before it."""
    before = match.string[max(0, match.start() - 40) : match.start()].split()
    if before and (before[-1][0].isupper() or before[-1][0].isdigit()):
        return "Street" + _sentence_stop(match)
    return "Saint"


_READERS: dict[str, Reader] = {
    "email": lambda m: f"{_spelled(m['box'])} at {_spelled(m['host'])}",
    "url": lambda m: _spelled(address_parts(m["url"])),
    "domain": lambda m: _spelled(address_parts(m["domain"])),
    "date": _date,
    "dotted": lambda m: " dot ".join(_code(part) for part in m["dotted"].split(".")),
    "time": _time,
    "money": _money,
    "measure": _measure,
    "phone": _phone,
    "code": _coded,
    "ordinal": lambda m: _ordinal(m["n"]),
    "scaled": lambda m: f"{cardinal(m['n'])} {words.SCALES[m['suffix'].lower()]}",
    "fraction": _fraction,
    "vulgar": lambda m: words.VULGAR[m.group()],
    "decade": _decade,
    "mixed": _mixed,
    "range": always(" to "),
    "minus": always("minus "),
    "plus": always(" plus "),
    "number sign": always("number "),
    "about": always("about "),
    "year": lambda m: m["before"] + _year(m["y"]),
    "long": lambda m: _grouped(m.group()),
    "number": _number,
    "saint or street": _saint_or_street,
    "short": _short,
    "between words": always(" "),
    "symbol": lambda m: words.SYMBOLS[m.group()],
}

_GRAMMAR = Grammar([Rule(name, pattern, _READERS[name]) for name, pattern in GRAMMAR_SOURCE])
