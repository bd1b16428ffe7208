"""What a page is to its telephone: a socket, and calls.

Responsible for these shapes only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class PageGone(Exception):
    """The page's socket is lost."""


class Page(Protocol):
    """A page's socket."""

    def send(self, text: str) -> None:
        """One frame; may block a while. Raises PageGone."""
        ...

    def replaced(self) -> None:
        """Another socket speaks for this page now."""
        ...


class Way(StrEnum):
    """Who called."""

    OUT = "out"  # the page
    IN = "in"  # somebody called it


@dataclass(slots=True)
class PageCall:
    """A call of this page. `offered`: mod_verto's invite, until it is answered. `leave`: give the
    destination's place back. `ending`: the page hung up while mod_verto was away."""

    call_id: str
    way: Way
    offered: Mapping[str, Any] | None
    leave: Callable[[], None]
    ending: Mapping[str, Any] | None = None
