"""People of a list, and what will become of calling each of them: by what their telephones do.

Responsible for numbers and expectations alone. It must never know how anybody is called. What a number's
last three digits do is in `sipp/gateway.xml`; all numbers are those that Ofcom keeps for fiction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_AREAS = (
    *("2079460", "1134960", "1144960", "1164960", "1174960", "1184960", "1214960"),
    *("1314960", "1414960", "1514960", "1614960", "1914980", "2920180", "2896490"),
)


@dataclass(frozen=True, slots=True)
class Fate:
    """So many telephones of one kind. `last`: the last three digits of the first of them; `several`: the
    kind has a hundred such endings. `cause`: FreeSWITCH's."""

    what: str
    last: int
    disposition: str
    cause: str
    several: bool = False
    talks: bool = False


RINGS = Fate("rings out", 0, "no_answer", "NO_ANSWER", several=True)
ANSWERS = Fate("answers a question", 100, "completed", "NORMAL_CLEARING", several=True, talks=True)
LEAVES = Fate("says hello, leaves", 700, "completed", "NORMAL_CLEARING", several=True, talks=True)
ANNOYED = Fate("wants no calls", 300, "do_not_call", "NORMAL_CLEARING", several=True, talks=True)
MACHINE = Fate("machine", 200, "machine", "NORMAL_CLEARING", several=True, talks=True)
RECORDER = Fate("machine, message", 250, "machine_message", "NORMAL_CLEARING", several=True, talks=True)
FORBIDS = Fate("403", 403, "rejected", "CALL_REJECTED")
UNKNOWN = Fate("404", 404, "invalid", "UNALLOCATED_NUMBER")
GONE = Fate("410", 410, "invalid", "NUMBER_CHANGED")
AWAY = Fate("480", 480, "no_answer", "NO_USER_RESPONSE")
INCOMPLETE = Fate("484", 484, "invalid", "INVALID_NUMBER_FORMAT")
BUSY = Fate("486", 486, "busy", "USER_BUSY")
BROKEN = Fate("503", 503, "failed", "NORMAL_TEMPORARY_FAILURE")
BUSY_EVERYWHERE = Fate("600", 600, "busy", "USER_BUSY")
DECLINES = Fate("603", 603, "rejected", "CALL_REJECTED")

People = dict[str, Fate]
"""By number, in the order of the list."""


def arrange(counts: Iterable[tuple[Fate, int]]) -> People:
    """So many of each, mixed evenly: no stretch of the list has only one kind."""
    placed = [
        ((index + 0.5) / count, number, fate)
        for fate, count in counts
        for index, number in enumerate(_numbers(fate, count))
    ]
    return {number: fate for _, number, fate in sorted(placed, key=lambda each: each[:2])}


def write_list(people: People, path: Path) -> None:
    """As a file for a payment reminder's campaign."""
    rows = (f"{number},John Smith,8315,80,EUR,2026-03-01\n" for number in people)
    path.write_text("number,name,account_tail,amount,currency,due_date\n" + "".join(rows))


def _numbers(fate: Fate, count: int) -> list[str]:
    assert fate.several or count <= len(_AREAS), "there are no more numbers that end so"
    rounds = [divmod(index, len(_AREAS)) for index in range(count)]
    return [f"+44{_AREAS[area]}{fate.last + ending:03}" for ending, area in rounds]
