"""Lets a strategy hear what the caller is saying before they are done.

One session's watcher; made only for a strategy that is a `ports.HearsAhead`: others cost nothing.
"""

from __future__ import annotations

from controller.dialogue.agent.ports import HearsAhead
from controller.session.happenings import FinalHeard, Happening, PartialHeard


class Hearing:
    """A `controller.session.happenings.Watcher`."""

    def __init__(self, strategy: HearsAhead) -> None:
        self._strategy = strategy
        self._before = ""

    def __call__(self, _session_id: str, happening: Happening) -> None:
        """Pass partial transcripts on, with the caller's turn before."""
        match happening:
            case PartialHeard(text):
                self._strategy.heard(text, self._before)
            case FinalHeard(_, text, "speech" | "text"):
                self._before = text
