"""How FreeSWITCH takes a command line apart, as a model to test our quoting against.

Responsible for the rules of its splitter as they were observed on a running FreeSWITCH 1.11. It must
never know how we quote.
"""

from __future__ import annotations

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "s": " "}


def split(text: str, delimiter: str, limit: int) -> list[str]:
    """At most `limit` fields; the last one keeps the rest."""
    fields: list[str] = []
    field, quoted, at = "", False, 0
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            field += text[at : at + 2]
            at += 2
            continue
        if char == "'" and (delimiter == " " or quoted or "'" in text[at + 1 :]):
            quoted = not quoted
        if char == delimiter and not quoted and len(fields) < limit - 1:
            fields.append(field)
            field = ""
            while delimiter == " " and text[at + 1 : at + 2] == " ":
                at += 1
        else:
            field += char
        at += 1
    if field:
        fields.append(field)
    return [_clean(raw, "" if delimiter == " " else delimiter) for raw in fields]


def originate(words: str) -> tuple[dict[str, str], list[str]]:
    """The variables and the other words of what follows ``originate``."""
    call, *rest = split(words, " ", 10)
    if ":_:" in call:
        raise AssertionError("FreeSWITCH would dial several strings")
    depth, end = 1, 0
    while depth:
        end += 1
        depth += {"{": 1, "}": -1}.get(call[end], 0)
    inside, endpoint = call[1:end], call[end + 1 :]
    delimiter = ","
    if inside.startswith("^^"):
        delimiter, inside = inside[2], inside[3:]
    pairs = (split(field, "=", 2) for field in split(inside, delimiter, 1024))
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}, [endpoint, *rest]


def _clean(raw: str, delimiter: str) -> str:
    """Unescape, drop quotes that group, and blanks at the ends that nothing protects."""
    raw = raw.lstrip(" ")
    out, kept, quoted, at = "", 0, False, 0
    while at < len(raw):
        char, follower = raw[at], raw[at + 1 : at + 2]
        if (
            char == "\\"
            and follower
            and (follower in "'\"\\" or follower == delimiter or follower in _ESCAPES)
        ):
            known = follower in "'\"\\" or follower == delimiter
            out += follower if known else _ESCAPES[follower]
            kept = len(out)
            at += 2
            continue
        if char == "'" and (quoted or "'" in raw[at + 1 :]):
            quoted = not quoted
            if quoted:
                kept = len(out)
        else:
            out += char
            if char != " " or quoted:
                kept = len(out)
        at += 1
    return out[:kept]
