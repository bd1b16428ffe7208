"""How a complaint says what was expected: the nearest known name first, then the others.

Knows words only; never a flow.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

MAX_LISTED = 20
"""More names than this help nobody."""


def expected(name: str, known: Collection[str]) -> str:
    """ "; did you mean 'prompt'? expected one of: …"."""
    if not known:
        return "; there are none"
    close = nearest(name, known)
    meant = f"did you mean '{close}'? " if close else ""
    names = sorted(known)
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    return f"; {meant}expected one of: {', '.join(names[:MAX_LISTED])}{more}"


def nearest(name: str, known: Collection[str]) -> str | None:
    """The name that was probably meant."""
    return next(iter(get_close_matches(name, sorted(known), n=1)), None)
