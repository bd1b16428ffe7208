"""Work that would hold the process up: who runs it decides where.

Responsible for the word alone. Must never know a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Aside(Protocol):
    """Does a piece of work elsewhere, while others go on here, and gives or raises what it does. Pieces
    are done one after the other."""

    def __call__(self, work: Callable[[], T], /) -> T: ...


def here(work: Callable[[], T]) -> T:
    """Done at once, where nobody waits."""
    return work()
