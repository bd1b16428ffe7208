"""Answers fs_cli's tab key.

Responsible for the form of `console_complete` only: the choices, then, when there is something to
write, an empty line and `write=<characters to delete>:<characters to insert>`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import takewhile

MAX_SHOWN = 40
_CURSOR = re.compile(r"\Ac=[0-9]{1,5};")
"""Comes first when there are characters behind the cursor; what follows is the text before it."""


def complete(typed: str, candidates: Callable[[str], Sequence[str]]) -> str:
    """What to answer when the tab key is pressed after `typed`; empty when there is nothing to offer.

    `candidates(before)` gives the words that may follow the words typed so far.
    """
    before, _, word = _CURSOR.sub("", typed).rpartition(" ")
    found = [name for name in candidates(before.strip()) if name.startswith(word)]
    if not found:
        return ""
    if len(found) == 1:
        return f"\n\nwrite={len(word)}:{found[0]} "
    choices = "  ".join(found[:MAX_SHOWN])
    common = _common(min(found), max(found))
    return f"{choices}\n\nwrite={len(word)}:{common}" if len(common) > len(word) else choices


def _common(first: str, last: str) -> str:
    """How all words between these two, in the order of the alphabet, begin."""
    pairs = zip(first, last, strict=False)
    return "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
