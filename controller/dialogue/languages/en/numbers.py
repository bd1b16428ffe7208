"""English numbers that count, measure or order: in words, in figures, corrected while speaking.

`figures` leaves a text with every amount as one number in digits; money is read from the same text.
Numbers dictated digit by digit are in `dictation`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache, partial

from num2words import num2words
from text_to_num import alpha2digit  # type: ignore[import-untyped]

from controller.dialogue.languages.base import Amount, Amounts
from controller.dialogue.languages.en.words import clean
from controller.dialogue.normalise import plain

_ORDINAL = re.compile(
    r"\b(?:the )?(\d{1,2})(?:st|nd|rd|th)\b"
    r"|\b(?:option|fortune|auction|number|answer|choice|no) (\d{1,2})\b"  # two sound like "option"
)
_LAST = re.compile(r"\bthe last(?: one)?\b|\blast one\b")
_SOUND_ALIKES = {
    "to": "2", "too": "2", "for": "4", "fore": "4", "won": "1", "ate": "8", "tree": "3", "free": "3",
    "fife": "5",
}  # fmt: skip


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


# --- amounts ---------------------------------------------------------------------------------------

_SCALES = {"k": 1000, "grand": 1000, "dozen": 12, "mil": 10**6, "hundred": 100, "thousand": 1000,
           "million": 10**6, "billion": 10**9}  # fmt: skip
AMENDED = re.compile(
    r"\b(?:no(?! (?:more|less|fewer|problem|idea|one|later|\d))|sorry|i mean[t]?(?: to say)?|wait"
    r"|make (?:it|that)|actually|or rather|rather|scratch that|strike that|correction|hang on"
    r"|let me start (?:again|over)|start (?:again|over))\b"
)
"""What a speaker says between a number and the one that takes its place."""
_CHUNK = re.compile(r"(?<!\d),|,(?!\d)|[;?!…]|\.(?!\d)|\bbut\b|(?=\bnot\b)")
_SCALE_COMMA = re.compile(r"(?<=hundred|housand|million|billion)[,.] ")
_NEGATED = re.compile(r"^(?:(?:it's|its|that's|that is|it is) )?(?:not|isn't) (?!more|less|over|under)")
_VAGUE = re.compile(
    r"\b(?:(?:more|less|fewer|greater|higher) than|at (?:least|most)|over|under|above|below|up to)"
    r" (?:a )?-?\d"
    r"|\d (?:something|odd|plus|or (?:more|less|fewer))\b|\b(?:a few|several|few|some) 1(?:0{2,3}|2)\b"
)
_VAGUE_WORDS = re.compile(
    r"\b(?:a few|a handful|several|some|many|lots?|plenty|dozens|hundreds|thousands|millions|loads)\b"
)
_ABOUT = re.compile(
    r"\b(?:about|around|roughly|approximately|approx|nearly|almost"
    r"|or so|thereabouts|ish|give or take|a? ?couple)\b"
)
_NO_COUNT = re.compile(
    r"\b(?:that|this|the|no|any|some|every|last|other|which|another|good|first|second"
    r"|third|fourth|fifth) one\b"
    r"|\bone (?:moment|second|sec|minute|more time)\b|\bjust a (?:second|minute)\b"
    r"|\b(?:half|quarter|twenty|ten|five) (?:past|after|before)\b.*"
)
_SPOKEN = (
    (
        re.compile(
            r"(?<!and a )(?<!and )\bhalf (?:a |an |of a )?"
            r"(?=hundred|thousand|million|billion|dozen|grand)"
        ),
        "0.5 ",
    ),
    (re.compile(r"\band (?=(?:a|one) (?:hundred|thousand|million)\b)"), "; "),  # not "fifty-one hundred"
    (re.compile(r"^too? (?=point )"), "about two "),
    (re.compile(r"^fore? (?=point )"), "about four "),
    (re.compile(r"\ba (?=hundred|thousand|million|billion|dozen|grand)"), "one "),
    (re.compile(r"\ba couple(?: of)?\b|\ba pair(?: of)?\b|\bboth\b"), "two"),
    (re.compile(r"(?<=point )(?:oh|o)\b"), "zero"),
    (re.compile(r"\bnought\b|\bnaught\b|\bnil\b|(?<=^)none(?=$)"), "zero"),
    (re.compile(r"\b(?:oh|o) (?=(?:one|two|three|four|five|six|seven|eight|nine|\d)\b)"), "zero "),
    (re.compile(r"\bfor (?:tea|tee)\b"), "forty"),
    (re.compile(r"(?<=\d)(?=(?:k|grand|mil|million|thousand|hundred|dozen)\b)"), " "),
    (re.compile(r"(?<=\d)%|\bper ?cent\b"), ""),
)
_NUMBER = r"\d+(?:\.\d+)?"
_SIGNED = re.compile(r"\b(?:minus|negative) (?=\d)")
_POINT = re.compile(r"(?:\b(\d+) )?\bpoint (\d+(?: \d(?!\d))*)\b")
_HALVES = (
    (re.compile(rf"\b({_NUMBER}) and (?:a |1 )?half\b"), Decimal("0.5")),
    (re.compile(rf"\b({_NUMBER}) and (?:a |1 )?quarter\b"), Decimal("0.25")),
    (re.compile(rf"\b({_NUMBER}) and 3 quarters\b"), Decimal("0.75")),
    (re.compile(r"\b()(?:3|three) quarters\b"), Decimal("0.75")),
    (re.compile(r"\b()(?:1 |a )quarter\b"), Decimal("0.25")),
    (re.compile(r"\b()(?:1 |a )?half\b(?: an?\b)?"), Decimal("0.5")),
)
_THIRDS = re.compile(r"\b(\d{1,3}) (3|5|6|8|10)(?:rd|th)s\b")
_SCALED = re.compile(rf"\b({_NUMBER}) (?:of )?({'|'.join(_SCALES)}|100|1000|1000000|1000000000)\b")
_THOUSANDS_AND = re.compile(r"\b([1-9]\d*000) (?:and )?([1-9]\d{0,2})\b(?! 0)")
_TENS_AND_SOUND = re.compile(r"\b([2-9])0 (to|too|for|fore|won|ate|tree|sex)$")
_CLOCK = re.compile(r"\b\d{1,2}:\d\d\b(?: ?[ap]m)?|\b\d{1,2} ?(?:[ap]m|oclock)\b")
_FIGURE = re.compile(rf"(?<![\w.:])-?{_NUMBER}(?![\w:]|\.\d)")
_AROUND = re.compile(
    r"^(?:(?:it|its|it's|is|just|only|um|uh|well|yes|yeah|oh|okay|ok|so|i|said|think|we|are|we're|there"
    r"|there's|will|be|make|that|would|like|please|the|answer|number)\b ?)+"
    r"|(?: (?:please|people|persons|guests|of (?:us|them)|nights?|days?|weeks?|thanks|thank you|pieces"
    r"|items))+$"
)
_MORE_SOUND_ALIKES = {"sex": "6", "sicks": "6", "tan": "10", "tin": "10", "nein": "9", "fort": "40",
                      "aid": "8", "hate": "8", "wan": "1", "tu": "2", "sics": "6"}  # fmt: skip

HINTS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
         "twenty", "fifty", "hundred", "thousand", "half", "point")  # fmt: skip


def amounts(raw: str) -> Amounts:
    """The numbers said: "fifty, no, sixty" → 60; "five or six" → both; "to" alone → 2, unsure."""
    return read_amounts(raw, lambda text: bare_numbers(figures(text)))


def read_amounts(raw: str, read: Callable[[str], list[Amount]]) -> Amounts:
    """Apply corrections, then `read` each stretch of speech between two breaks; sound-alikes last."""
    text = _SCALE_COMMA.sub(" ", re.sub(r"(?<=\d),(?=\d{3}\b)", "", plain(raw).lower()))
    text = re.sub(r"(?<![\w.]) ?-(?=\d)", " minus ", re.sub(r"\bno\. ?(?=\d)", "", text))
    for piece in reversed(AMENDED.split(text)):
        found = _stretch(piece, read)
        if found.found or found.vague:
            return found
    meant = _misheard(text)
    found = _stretch(meant, read) if meant else Amounts()
    return Amounts(tuple(replace(a, unsure=True) for a in found.found))


def _stretch(piece: str, read: Callable[[str], list[Amount]]) -> Amounts:
    chunks = [chunk.strip() for chunk in _CHUNK.split(piece)]
    found: list[Amount] = []
    for chunk in chunks:
        negated = _NEGATED.match(chunk)
        got = read(chunk)
        found += got[1:] if negated else got
    said = " ".join(figures(chunk) for chunk in chunks)
    if _VAGUE.search(said) or (not found and _VAGUE_WORDS.search(said)):
        return Amounts(vague=True)
    about = _ABOUT.search(clean(piece)) is not None
    distinct = {a.value: replace(a, unsure=a.unsure or about) for a in reversed(found)}
    return Amounts(tuple(reversed(distinct.values())))


@lru_cache(maxsize=256)
def figures(chunk: str) -> str:
    """Clean text with every amount as one decimal number: "two and a half thousand" → "2500"."""
    text = _NO_COUNT.sub(" ", clean(chunk))
    for pattern, meant in _SPOKEN:
        text = pattern.sub(meant, text)
    text = str(alpha2digit(text, "en", threshold=0))
    text = _POINT.sub(lambda m: f"{m[1] or 0}.{m[2].replace(' ', '')}", text)
    for fraction, part in _HALVES:
        text = fraction.sub(partial(_with_part, part), text)
    text = _THIRDS.sub(lambda m: str((Decimal(m[1]) / int(m[2])).quantize(Decimal("0.0001"))), text)
    text = _SCALED.sub(_scaled, text)
    text = _THOUSANDS_AND.sub(lambda m: str(int(m[1]) + int(m[2])), text)
    text = _TENS_AND_SOUND.sub(lambda m: f"{m[1]}{_sound(m[2])} about", text)
    return _SIGNED.sub("-", text)


def _with_part(part: Decimal, match: re.Match[str]) -> str:
    return _plain_number(Decimal(match[1] or 0) + part)


def _scaled(match: re.Match[str]) -> str:
    factor = _SCALES.get(match[2]) or int(match[2])
    return _plain_number(Decimal(match[1]) * factor)


def _plain_number(number: Decimal) -> str:
    return f"{number.normalize():f}"


def bare_numbers(text: str) -> list[Amount]:
    """The numbers in a text of `figures`; numbers with nothing between them are read as one: "2 50"."""
    text = _CLOCK.sub(" ; ", text)
    found: list[Amount] = []
    run: list[str] = []
    end = -1
    for match in _FIGURE.finditer(text):
        if run and text[end : match.start()] != " ":
            found += _joined(run)
            run = []
        run.append(match[0])
        end = match.end()
    sure = "about" not in text
    return [a if sure else replace(a, unsure=True) for a in found + _joined(run)]


def _joined(run: Sequence[str]) -> list[Amount]:
    """ "1 2 3" → 123, "12 50" and "2 50" → 1250 and 250: likely, not certain; else each by itself."""
    digit_by_digit = len(run) > 1 and all(len(part) == 1 or part.startswith("0") for part in run)
    in_pairs = len(run) == 2 and len(run[0]) <= 2 and re.fullmatch(r"[1-9]\d|0[1-9]", run[1])
    if digit_by_digit or in_pairs:
        return [Amount(Decimal("".join(run)), unsure=True)] if run[0].isdecimal() else []
    return [Amount(Decimal(part)) for part in run]


def _sound(word: str) -> str:
    return _SOUND_ALIKES.get(word) or _MORE_SOUND_ALIKES.get(word, word)


def _misheard(text: str) -> str | None:
    """A short answer that holds nothing but words that sound like numbers, with them in digits."""
    said = _AROUND.sub("", _AROUND.sub("", clean(text)))
    words = said.split()
    meant = [_sound(word) for word in words]
    if not 1 <= len(words) <= 3 or not all(word.isdecimal() for word in meant):
        return None
    return " ".join(meant)


def say_amount(number: Decimal) -> str:
    """ "twelve point five", "one thousand two hundred"; digits beyond a billion billion."""
    exact = number.normalize()
    if not exact.is_finite() or exact.adjusted() > 17:
        return f"{number:f}"
    whole = exact if exact != exact.to_integral_value() else int(exact)
    return str(num2words(whole, lang="en")).replace(",", "")
