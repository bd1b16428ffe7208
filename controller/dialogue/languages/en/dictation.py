"""English numbers dictated digit by digit: codes, order numbers, telephone numbers.

Gives every reading that makes sense, the most likely first; which one has the right length is the slot's
business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from text_to_num import alpha2digit  # type: ignore[import-untyped]

from controller.dialogue.languages import amended
from controller.dialogue.languages.base import Dictation
from controller.dialogue.languages.en.numbers import AMENDED, mistaken_number
from controller.dialogue.languages.en.words import clean
from controller.dialogue.normalise import plain

_DIGIT_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_DIGIT = rf"(?:{'|'.join(_DIGIT_NAMES)}|oh|o|\d)"
_SPELLED = (
    (re.compile(r"\b(?:oh|o|owe|nought|naught|nil)\b"), "zero"),
    (re.compile(rf"\b({_DIGIT}) hundred (?={_DIGIT} {_DIGIT}\b)"), r"\1 0 0 "),
    (re.compile(r"\bhash|pound sign\b"), " "),
)
_REPEATED = re.compile(r"\b(double|triple|treble|quadruple) (\d)")
_TIMES = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
_DIGIT_RUN = re.compile(r"\d(?:[\d\s\-.()/]*\d)?")
_PLUS = re.compile(r"\+\s*\(?\d|\bplus\s+(?=\w)")
_SOUND = r"(?:to|too|for|fore|won|ate|tree|free|fife)"
_SOUND_BY_DIGIT = re.compile(
    rf"(?<=\d )(?:{_SOUND}\b ?)+|\b(?:{_SOUND} )+(?=\d)|\b(?:{_SOUND} )+{_SOUND}\b"
)
_INTRODUCING = frozenset(
    """
    my the a number is it it's its that's that code order id card phone account reference please
    yes okay ok so and then dash hyphen space dot slash area plus thanks thank you booking
    customer telephone mobile cell invoice double triple well um uh oh sure here of for i am i'm
    got have zip postcode case ticket last four digits digit are was said no sorry wait mean
    start again over let me hash minus right now to
    """.split()
)


def digits(raw: str) -> str:
    """The digits of a dictated number: "four two seven nine", "double five", "oh eight", "555-0199"."""
    return _read(plain(raw).lower())


def dictation(raw: str) -> tuple[Dictation, ...]:
    """All readings: as said, with sound-alikes, the longest stretch only, corrected in part or whole."""
    return amended.readings(plain(raw).lower(), AMENDED, _read, _readings, _sounds)


def _readings(text: str, anew: bool) -> Iterator[Dictation]:
    figures = _figures(text)
    plus = _PLUS.search(text) is not None
    rest = set(_DIGIT_RUN.sub(" ", figures).replace("+", " ").split())
    yield Dictation(_read(text), plus, rest <= _INTRODUCING, anew=anew)
    yield from _sounds(text, anew)
    runs = sorted((re.sub(r"\D", "", run) for run in _DIGIT_RUN.findall(figures)), key=len)
    if len(runs) > 1:
        yield Dictation(runs[-1], plus, plain=False, unsure=True, anew=anew)


def _sounds(text: str, anew: bool) -> Iterator[Dictation]:
    """The reading with "to", "for"… beside a digit, or one another, as the digits they sound like."""
    meant = _SOUND_BY_DIGIT.sub(lambda m: mistaken_number(m[0]) + " ", _figures(text))
    found = re.sub(r"\D", "", meant)
    if found and found != _read(text):
        yield Dictation(found, _PLUS.search(text) is not None, unsure=True, anew=anew)


def _read(text: str) -> str:
    return re.sub(r"\D", "", "".join(_DIGIT_RUN.findall(_figures(text))))


def _figures(text: str) -> str:
    said = re.sub(r"\d", lambda m: str(int(m[0])), clean(text))  # digits of any script
    for pattern, meant in _SPELLED:
        said = pattern.sub(meant, said)
    said = str(alpha2digit(said, "en", threshold=0))
    return _REPEATED.sub(lambda m: m[2] * _TIMES[m[1]], said)


def say_digits(number: str) -> str:
    """Digit by digit, in groups of three or four with a pause between them."""
    figures = "".join(d for d in number if d.isdecimal())
    return say_groups(amended.groups(figures, 4 if len(figures) % 3 == 1 and len(figures) < 7 else 3))


def say_groups(groups: Sequence[str]) -> str:
    """ "+44", "20" → "plus four four, two zero"."""
    return ", ".join(" ".join(_name(c) for c in group if c == "+" or c.isdecimal()) for group in groups)


def _name(figure: str) -> str:
    return "plus" if figure == "+" else _DIGIT_NAMES[int(figure)]
