"""Who is at a page, and what they may do with the telephone.

Responsible for these two words only; how somebody is recognised is the login's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class Right(StrEnum):
    """What a page may be used for."""

    BOTS = "bots"  # call a bot
    CALLS = "calls"  # call people: whomever the guard of outbound calls lets be called
    RECEIVE = "receive"  # take calls to the own extension
    STAND_BY = "stand_by"  # take callers over from bots


@dataclass(frozen=True, slots=True)
class Caller:
    """`name` is the login's, and shown to who is called; `extension` is theirs in FreeSWITCH: what their
    calls come from, and where they are called."""

    name: str
    extension: str
    rights: frozenset[Right]


class WhoIs(Protocol):
    """Recognises who opens a page's socket."""

    def __call__(self, environ: Mapping[str, Any]) -> Caller | None:
        """Who sends this request (its WSGI environment); None for nobody who may use the telephone."""
        ...
