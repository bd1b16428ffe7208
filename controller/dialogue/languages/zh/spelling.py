"""Chinese: dictating sign by sign – letters, figures and marks in what was said, and saying them."""

from __future__ import annotations

import re
from functools import lru_cache

from controller.dialogue.languages.dictated import KNOWN_WORDS, MARKS, SPELLING_ALPHABET
from controller.dialogue.languages.zh.words import simplified
from controller.dialogue.normalise import plain

LETTER_NAMES = SPELLING_ALPHABET | {"诶": "a", "毕": "b", "西": "c", "艾克斯": "x"}
_MARK_WORDS = {
    "小老鼠": "@", "艾特": "@", "爱特": "@", "埃特": "@", "艾特儿": "@", "圈a": "@", "花a": "@",
    "at": "@",
    "下划线": "_", "下滑线": "_", "中划线": "-", "横杠": "-", "横线": "-", "减号": "-", "短横": "-",
    "杠": "-",
    "加号": "+", "点儿": ".", "点": ".", "dot": ".", "康姆": "com", "扣姆": "com", "抠姆": "com",
}  # fmt: skip
_NAMES_OF_MARKS = {"@": "艾特", ".": "点", "_": "下划线", "-": "横杠", "+": "加号", "'": "撇"}
_DIGITS = {c: str(i) for i, c in enumerate("零一二三四五六七八九")} | {
    "〇": "0",
    "幺": "1",
    "两": "2",
    "洞": "0",
}
_NAMES = "零一二三四五六七八九"
_PIECE = re.compile(
    "|".join(
        sorted(
            (re.escape(w) + (r"(?![a-z])" if w.isascii() else "") for w in _MARK_WORDS),
            key=len,
            reverse=True,
        )
    )
    + r"|[a-z0-9][a-z0-9._+@\-]*|[@._+\-]|[零一二三四五六七八九〇幺两洞]|[\u4e00-\u9fff]+?"
)
_EXPLAINED = re.compile(r"([a-z])(?:是)?[a-z\u4e00-\u9fff]{2,8}(?:的那个|的)\1")
_CAPITALS = re.compile(r"[A-Z]{2,8}|(?<![A-Za-z])[a-z]{2,3}(?=\s?[零一二三四五六七八九幺两])")
"""Recognisers print letters before figures in either case."""
_REPEATED = re.compile(r"(?:两|2|二)个([a-z0-9零一二三四五六七八九])")


@lru_cache(maxsize=64)
def symbols(raw: str) -> tuple[str, ...]:
    """See `Language.symbols`. Several capitals that stand together stay ("AB 12")."""
    text = simplified(plain(raw))
    capitals = {word.lower() for word in _CAPITALS.findall(text)}
    said = re.sub(r"圈\s+a\b", "圈a", text.lower())
    said = _REPEATED.sub(r"\1\1", _EXPLAINED.sub(r"\1", said))
    found: list[str] = []
    for piece in _PIECE.findall(said):
        symbol = _MARK_WORDS.get(piece, _DIGITS.get(piece, piece))
        if "\u4e00" <= symbol[0] <= "\u9fff" and symbol not in LETTER_NAMES:
            if found[-1:] != [""]:
                found.append("")
        else:
            found.append(
                piece.upper() if piece in capitals and symbol == piece else symbol.rstrip(".") or symbol
            )
    return tuple(found)


def say_spelled(text: str) -> str:
    """ "J O H N，艾特，gmail，点，com": what people spell is spelled, what they say is said."""
    pieces = (p for p in re.split(r"([@._+'\-])", text) if p)
    return "，".join(_NAMES_OF_MARKS[p] if p in MARKS else _said(p) for p in pieces)


def _said(piece: str) -> str:
    if piece in KNOWN_WORDS:
        return piece
    named = (_NAMES[int(c)] if c in "0123456789" else c for c in piece.upper())
    return re.sub(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", " ".join(named))
