"""How FreeSWITCH takes a command line apart: quotes, backslashes, braces, at each level once.

Responsible for: splitting text and reading {variables}. Written after observing that every level of
splitting removes quotes and escapes again, so that what protected a comma at one level is gone at the
next. It must never know what the parts mean.
"""

from __future__ import annotations

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "s": " "}


def split_blank(text: str, limit: int = 1024) -> list[str]:
    """Words; blanks inside single quotes don't split. The last of `limit` holds all the rest."""
    words: list[str] = []
    word, inside, at = "", False, 0
    while at < len(text):
        char = text[at]
        if len(words) == limit - 1 and not word and char != " ":
            word = text[at:]
            break
        if char == "\\":
            word += text[at : at + 2]
            at += 1
        elif char == " " and not inside:
            if word:
                words.append(word)
            word = ""
        else:
            inside ^= char == "'"
            word += char
        at += 1
    return [clean(each, "") for each in [*words, *([word] if word else [])]]


def split_char(text: str, delimiter: str, limit: int = 1024) -> list[str]:
    """Parts between a delimiter that isn't quoted or escaped; at most `limit`."""
    parts: list[str] = []
    part, inside, at = "", False, 0
    while at < len(text):
        char = text[at]
        if char == delimiter and not inside and len(parts) < limit - 1:
            parts.append(part)
            part = ""
        elif char == "\\":
            part += text[at : at + 2]
            at += 1
        else:
            if char == "'" and (inside or "'" in text[at + 1 :]):
                inside = not inside
            part += char
        at += 1
    if part:
        parts.append(part)
    return [clean(each, delimiter) for each in parts]


def clean(part: str, delimiter: str) -> str:
    """Remove one level of quotes and escapes, and blanks around."""
    made: list[str] = []
    keep = at = 0
    inside = False
    part = part.lstrip(" ")
    while at < len(part):
        char, following = part[at], part[at + 1 : at + 2]
        if (
            char == "\\"
            and following
            and (following in ("'", '"', "\\", delimiter) or following in ESCAPES)
        ):
            made.append(ESCAPES.get(following, following))
            at += 1
            keep = len(made)
        elif char == "'" and (inside or "'" in part[at + 1 :]):
            inside = not inside
            keep = len(made) if inside else keep
        else:
            made.append(char)
            if char != " " or inside:
                keep = len(made)
        at += 1
    return "".join(made[:keep])


def brackets(text: str) -> tuple[dict[str, str], str]:
    """`{a=b,c=d}rest` → variables and rest. Only nesting of braces is counted, quotes don't matter."""
    if not text.startswith("{"):
        return {}, text
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "{") - (char == "}")
        if depth == 0:
            return _variables(text[1:at]), text[at + 1 :]
    return {}, text


def _variables(text: str) -> dict[str, str]:
    delimiter = ","
    if text.startswith("^^"):
        delimiter, text = text[2], text[3:]
    pairs = [split_char(each, "=", 2) for each in split_char(text, delimiter)]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
