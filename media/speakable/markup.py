"""What is on the screen but not in speech: Markdown, HTML, emoji, citation marks, control characters.

Knows no language; numbers and addresses are left for the language's own rules.
"""

from __future__ import annotations

import html
import re
import unicodedata

_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\U000e0020-\U000e007f\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff"
    "\ufe0f\u200d\u20e3]"
)
_CITATION = re.compile(r"【[^【】\n]{0,80}】|\[\^?\d{1,3}(?:\s?[,，、–-]\s?\d{1,3}){0,9}\](?!\()")
_QUOTED_TITLE = re.compile(r"【(?P<title>[^【】\d†:\n]{1,80})】")
_LINK = re.compile(r"!?\[(?P<text>[^\[\]\n]{0,200})\]\([^()\s]{0,500}(?:\s[^()\n]{0,100})?\)")
_AUTOLINK = re.compile(r"<(?P<url>(?:https?://|mailto:)[^<>\s]{1,500})>")
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,200}>|<!--[^<>\n]{0,200}-->")
_RULE_LINE = re.compile(r"\s*(?:[-*_=]\s{0,3}){3,}+|[|:\-\s]{3,}+|\s*(?:```|~~~).{0,40}")
_LINE_START = re.compile(r"\s{0,20}(?:>\s{0,3}){0,5}(?:#{1,6}\s++|[-*+•·▪◦]\s++(?:\[[ xX]\]\s)?)?")
_NUMBERED = re.compile(r"\s{0,20}(?P<number>\d{1,2})[.)、]\s++")
_MARKS = re.compile(
    r"[*`]++"
    r"|~~"
    r"|(?<![^\W_])_++(?=[^\W_])|(?<=[^\W_])_++(?![^\W_])"
)
_MULTIPLIED = re.compile(r"(?<=\d)\s?\*\s?(?=\d)")
_INVISIBLE = {"Cf", "Cs", "Co", "Cn"}
_ENDS_A_LINE = ".!?。！？…,;:，；：、"
_SPACES = re.compile(r"[^\S\n]+")


def plain(text: str, sentence_end: str) -> str:
    """`text` without markup, on one line; `sentence_end` closes lines that had no punctuation."""
    text = _EMOJI.sub("", html.unescape(_without_invisible(text)))
    # A title in 【】 is said, a source mark is not.
    text = _CITATION.sub("", _QUOTED_TITLE.sub(r" \g<title> ", text))
    text = _AUTOLINK.sub(r"\g<url>", _LINK.sub(r"\g<text>", text))
    text = _TAG.sub(" ", text)
    lines = [_line(line) for line in text.split("\n")]
    return _joined([line for line in lines if line], sentence_end)


def _without_invisible(text: str) -> str:
    """Plain spaces, line feeds and ASCII digits for their many relatives; no control characters."""
    return "".join(map(_simple, text.replace("\r\n", "\n")))


def _simple(char: str) -> str:
    if char < "\x7f" and char >= " ":
        return char
    if char in "\n\r\u2028\u2029":
        return "\n"
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category in ("Zs", "Cc"):
        return " "
    return "" if category in _INVISIBLE else char


def _line(line: str) -> str:
    if _RULE_LINE.fullmatch(line):
        return ""
    start = _LINE_START.match(line)
    line = line[start.end() :] if start else line
    line = _NUMBERED.sub(r"\g<number>, ", line, count=1) if _NUMBERED.match(line) else line
    line = _MARKS.sub("", _MULTIPLIED.sub("×", line))
    if line.count("|") >= 2:
        line = ", ".join(cell.strip() for cell in line.split("|") if cell.strip())
    return _SPACES.sub(" ", line).strip()


def _joined(lines: list[str], sentence_end: str) -> str:
    ended = [
        line if line[-1] in _ENDS_A_LINE or index == len(lines) - 1 else line + sentence_end.strip()
        for index, line in enumerate(lines)
    ]
    return (" " if sentence_end.endswith(" ") else "").join(ended)
