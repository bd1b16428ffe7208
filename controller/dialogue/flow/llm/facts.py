"""Whether a friendlier sentence still says the same: no fact lost, changed or added. Pure.

Responsible for the judgement only; it never knows where a sentence comes from. In doubt it says no: the
price of that is a sentence that is less friendly, the price of the opposite is a wrong amount.

Both sentences are brought into one canonical form (lower case, numbers in digits, currency as words) and
have to hold the same facts of each kind in the same order. What a fact is, the lexicon says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

import rjieba

from controller.dialogue.flow.llm.lexicon import lexicon_of
from controller.dialogue.languages.base import Language
from controller.dialogue.normalise import MAX_CHARS, plain

GROWTH, EXTRA = 1.6, 20
"""The longest friendlier sentence: 1.6 times the plain one and 20 characters; a caller's patience."""
LEAST_KEPT = 0.5
"""At least this part of the words stays: beyond it, it is another sentence."""

MOST_NEW, NEW_SHARE = {"en": 4, "zh": 8}, 0.4
"""New words (characters): this many, or this part of the old ones."""

_CURRENCY = {"$": " dollars ", "€": " euros ", "£": " pounds ", "¥": " yuan ", "%": " percent "}
_CURRENCY_ZH = {"$": " 美元 ", "€": " 欧元 ", "£": " 英镑 ", "¥": " 元 ", "%": " 百分之 "}
_SIGN_FIRST = re.compile(r"([$€£¥])\s*(\d+(?:\.\d+)?)")
_COURTESY = re.compile("谢谢您?|您好|好的|感谢您?|麻烦您?|不好意思")
"""Taggers take some of these for names."""
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_PAUSE = re.compile(r"[，。！？、；,;!?…—“”\"()（）]|(?<!\d)[.:：]|[.:：](?!\d)")
_ALLOWED = re.compile(r"[\w\s.,;:!?'\"%$€£¥，。！？、；：…“”‘’（）()\-—–]*")
_SENTENCE = re.compile(r"[^.!?。！？]+[.!?。！？]*|[.!?。！？]+")
_COLON = re.compile(r"[:：](?!\d)")
_CAPITAL = re.compile(r"\b[A-Z][\w']*")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_CJK = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]+")
_NAMES = frozenset({"nr", "nrt", "nrfg", "ns", "nt", "nz"})
"""Tags of people, places, organisations and other proper names."""
_CHINESE_SMALL = frozenset("的了是在您你我们请好呢吧啊哦和与就都也还这那一下会为给把被对")


class Refusal(StrEnum):
    """Why a sentence was not taken."""

    EMPTY = "empty"
    LENGTH = "length"
    CHARACTERS = "characters"
    LANGUAGE = "language"
    FACT = "fact"
    KIND = "kind"
    NAME = "name"
    QUESTION = "question"
    MEANING = "meaning"


def refusal(text: str, other: str, facts: Sequence[str], language: Language) -> Refusal | None:
    """Why `other` can't be said instead of `text`; None when it can.

    `facts`: words of which each has to be in `other` exactly as often as in `text`, in any written form.
    """
    if not other.strip():
        return Refusal.EMPTY
    if len(text) > MAX_CHARS or len(other) > min(MAX_CHARS, GROWTH * len(text) + EXTRA):
        return Refusal.LENGTH
    if not _ALLOWED.fullmatch(other) or "\n" in other.strip():
        return Refusal.CHARACTERS
    if not _speaks(text, other, language):
        return Refusal.LANGUAGE
    before, after = canonical(text, language), canonical(other, language)
    if any(_times(fact, before, language) != _times(fact, after, language) for fact in facts):
        return Refusal.FACT
    kinds = lexicon_of(language.code).kinds.values()
    if any(_found(pattern, before) != _found(pattern, after) for pattern in kinds):
        return Refusal.KIND
    if _names(other, language) - _names(text, language) - _known_words(text):
        return Refusal.NAME
    if _asked(text, language) != _asked(other, language):
        return Refusal.QUESTION
    announced = len(_COLON.findall(other)) > len(_COLON.findall(text))  # "Here is a nicer one: …"
    return Refusal.MEANING if announced or not _close(before, after, language) else None


def canonical(text: str, language: Language) -> str:
    """Lower case, numbers in digits, currency as words, a bar at each pause."""
    signs = _CURRENCY_ZH if language.code == "zh" else _CURRENCY
    text = _THOUSANDS.sub("", plain(text))
    text = _SIGN_FIRST.sub(r"\2\1", text)
    for sign, word in signs.items():
        text = text.replace(sign, word)
    return " | ".join(filter(None, (language.numeric(piece).strip() for piece in _PAUSE.split(text))))


def _times(fact: str, text: str, language: Language) -> int:
    """How often a fact is in a canonical text."""
    wanted = canonical(fact, language).replace(" | ", " ")
    if not wanted:
        return 0
    bare = text.replace(" | ", " ")
    if language.joiner:
        return len(re.findall(rf"(?<![\w]){re.escape(wanted)}(?![\w])", bare))
    return bare.replace(" ", "").count(wanted.replace(" ", ""))


def _found(pattern: re.Pattern[str], text: str) -> list[str]:
    """The facts of one kind, in order, each by what it stands for."""
    found = []
    for match in pattern.finditer(text):
        if match.lastgroup == "as_number":
            found.append(match["as_number"])
        else:
            found.append(match.lastgroup or match[0])
    return found


def _speaks(text: str, other: str, language: Language) -> bool:
    """Whether `other` is in the language of `text`, letter for letter."""
    if language.code == "zh":
        return bool(_CJK.search(other)) and set(_LATIN.findall(other)) <= set(_LATIN.findall(text))
    letters = [char for char in other if char.isalpha() and not char.isascii()]
    return bool(_LATIN.search(other)) and set(letters) <= set(text)


def _names(text: str, language: Language) -> set[str]:
    """What looks like a proper name."""
    if language.code == "zh":
        return {word for word, tag in rjieba.tag(_COURTESY.sub("，", text)) if tag in _NAMES}
    openers = lexicon_of(language.code).openers
    words = (match[0].casefold().removesuffix("'s") for match in _CAPITAL.finditer(text))
    return {word for word in words if word not in openers}


def _known_words(text: str) -> set[str]:
    return {word.casefold().removesuffix("'s") for word in _WORD.findall(text)}


def _asked(text: str, language: Language) -> int:
    """How many of the sentences ask something of the caller."""
    asks = lexicon_of(language.code).asks
    asking = 0
    for sentence in _SENTENCE.findall(plain(text)):
        clean = language.clean(sentence)
        marked = "?" in sentence or "？" in sentence
        asking += marked or language.question.match(clean) is not None or asks.search(clean) is not None
    return asking


def _close(before: str, after: str, language: Language) -> bool:
    """Whether enough of the words are still there, and not too many others."""
    if language.code == "zh":
        old, new = ({c for c in text if _CJK.match(c)} - _CHINESE_SMALL for text in (before, after))
    else:
        old, new = ({w for w in _WORD.findall(text) if len(w) > 3} for text in (before, after))
    most_new = max(MOST_NEW[language.code], NEW_SHARE * len(old))
    return len(old & new) >= LEAST_KEPT * len(old) and len(new - old) <= most_new
