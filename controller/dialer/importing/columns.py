"""Which column is what, and the names of the others as the flow sees them.

Responsible for a header as a whole: one number column, no name twice. Must never read a row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from controller.dialer.importing.source import FileRefused

NUMBER, NAME, ZONE, LANGUAGE, IGNORED = "number", "name", "time_zone", "language", ""
_KNOWN = {
    NUMBER: "number phone phone_number telephone tel mobile cell msisdn "
    "号码 电话 电话号码 手机 手机号 手机号码",
    NAME: "name full_name contact customer 姓名 名字 客户 客户姓名 联系人",
    ZONE: "time_zone timezone zone tz 时区",
    LANGUAGE: "language lang locale 语言 语种",
}
_MEANING = {alias: field for field, aliases in _KNOWN.items() for alias in aliases.split()}
_VARIABLE = re.compile(r"[a-z_][a-z0-9_]{0,63}")
_TAKEN = frozenset({"called_number", "caller_number", "session_id", "entry", "bot"})
"""Variables that every call has already."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The place of each known column (None: there is none), and of each variable."""

    width: int
    number: int
    name: int | None
    zone: int | None
    language: int | None
    variables: Mapping[str, int]


def find_columns(header: tuple[str, ...], named: Mapping[str, str]) -> Columns:
    """The columns of a header; () for a file without one: then its first column is the number.

    `named`: own names for columns, by the file's: `{"订单号": "order", "Notes": ""}`; "" leaves a
    column out. Raises FileRefused with all that is wrong.
    """
    if not header:
        return Columns(1, 0, None, None, None, {})
    if unknown := sorted(set(named) - set(header)):
        raise FileRefused(f"the file has no column {', '.join(unknown)}; it has {', '.join(header)}")
    places: dict[str, int] = {}
    wrong: list[str] = []
    for place, title in enumerate(header):
        field = named[title] if title in named else _meaning(title)
        if field == IGNORED:
            continue
        if field in places:
            wrong.append(f"column {place + 1} ({title!r}) is a second {field}")
        elif field not in _KNOWN and (field in _TAKEN or not _VARIABLE.fullmatch(field)):
            wrong.append(f"column {place + 1} ({title[:40]!r}) needs another name, or to be left out")
        places.setdefault(field, place)
    if NUMBER not in places:
        wrong.append(f"there is no column for the number among {', '.join(header)[:200]}")
    if wrong:
        raise FileRefused("; ".join(wrong))
    variables = {field: place for field, place in places.items() if field not in _KNOWN}
    name, zone, language = places.get(NAME), places.get(ZONE), places.get(LANGUAGE)
    return Columns(len(header), places[NUMBER], name, zone, language, variables)


def _meaning(title: str) -> str:
    """A column's field by its title: known, or the title as a variable's name."""
    plain = re.sub(r"[\s\-]+", "_", title.strip().lower())
    return _MEANING.get(plain, plain)
