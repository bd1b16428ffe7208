"""English: dictating sign by sign – letters, figures and marks in what was said, and saying them."""

from __future__ import annotations

import re
from functools import lru_cache

from text_to_num import alpha2digit  # type: ignore[import-untyped]

from controller.dialogue.languages.dictated import KNOWN_WORDS, MARKS, SPELLING_ALPHABET
from controller.dialogue.normalise import plain

LETTER_NAMES = SPELLING_ALPHABET | {"zed": "z", "zee": "z", "oh": "o"}
_MARK_WORDS = {
    "at": "@", "dot": ".", "point": ".", "period": ".", "underscore": "_", "dash": "-", "hyphen": "-",
    "minus": "-", "plus": "+", "apostrophe": "'",
}  # fmt: skip
_NAMES_OF_MARKS = {"@": "at", ".": "dot", "_": "underscore", "-": "dash", "+": "plus", "'": "apostrophe"}
_OTHER = frozenset(
    """
    is it's its my the email e-mail mail's address to on me use um uh er yes yeah yep sure okay ok so
    that's that thats well send and please thanks thank you code number booking reference it was all
    lowercase one-word lower case capital capitals upper uppercase name spelled spelt letter letters then
    of course reach under no sorry
    """.split()
)
_CODE_WORDS = frozenset(("to", "you", "on"))
_REPLACED = (
    (re.compile(r"\b(?:all )?(?:in )?(?:one word|lower ?case|small letters|together)\b"), " "),
    (re.compile(r"\bdouble[ -]?(?:u|you)\b(?!\w)"), "w"),
    (re.compile(r"\bunder score\b"), "underscore"),
    (re.compile(r"\bat sign\b"), "at"),
    (re.compile(r"\b(?:capital|big|small) (?=[a-z]\b)"), ""),
    (re.compile(r"\b([a-z]),? (?:as in|like in|like|for|is for) (?!(?:a|b|c|d|e|f)\b)(\1\w+)"), r"\1"),
    (re.compile(r"\b([a-z])\.(?=\s|[a-z]\b|$)"), r"\1 "),
)
_REPEATED = re.compile(r"\b(double|triple) (\w)\b", re.IGNORECASE)


@lru_cache(maxsize=64)
def symbols(raw: str) -> tuple[str, ...]:
    """See `Language.symbols`. Capitals stay where several stand together ("AB 12")."""
    text = plain(raw)
    capitals = {word.lower() for word in re.findall(r"\b[A-Z]{2,8}\b", text) if not text.isupper()}
    said = text.lower()
    for pattern, meant in _REPLACED:
        said = pattern.sub(meant, said)
    said = re.sub(r"(?<![\w.])[.,;:!?]+|[,;:!?]+|\.+(?=\s|$)", " , ", said)
    said = str(alpha2digit(said, "en", threshold=0))
    said = _REPEATED.sub(lambda m: " ".join(m[2] * (2 if m[1] == "double" else 3)), said)
    found: list[str] = []
    for word in re.findall(r"[\w@.+'\-]+|,", said):
        if word == ",":
            continue
        symbol = _MARK_WORDS.get(word, word)
        if symbol in _OTHER and found[-1:] not in (["@"], ["."]):
            found += ["", word] if word in _CODE_WORDS else [""]
        else:
            found.append(word.upper() if word in capitals else symbol)
    return tuple(found)


def letters(raw: str) -> str:
    """The words with what names a letter replaced by it: "double u e i" → "w e i"."""
    text = raw
    for pattern, meant in _REPLACED[1:]:
        text = re.sub(pattern.pattern, meant, text, flags=re.IGNORECASE)
    text = _REPEATED.sub(lambda m: " ".join(m[2] * (2 if m[1].lower() == "double" else 3)), text)
    text = re.sub(r"\s*\bapostrophe\b\s*", "’", text, flags=re.IGNORECASE)
    words = text.split(" ")
    named = [LETTER_NAMES.get(word.lower().strip(",."), word) for word in words]
    return " ".join(named) if sum(a != b for a, b in zip(words, named, strict=True)) > 2 else text


def say_spelled(text: str) -> str:
    """ "J O H N, at, gmail, dot, com": what people spell is spelled, what they say is said."""
    pieces = (p for p in re.split(r"([@._+'\-])", text) if p)
    return ", ".join(_NAMES_OF_MARKS[p] if p in MARKS else _said(p) for p in pieces)


def _said(piece: str) -> str:
    return piece if piece in KNOWN_WORDS else " ".join(piece.upper())
