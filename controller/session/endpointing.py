"""When is the caller's turn over? A policy: told what was heard, asked how long to wait.

    voice ████████████▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
                      │    │      │        │
        acoustic end ─┘    │      │        └ incomplete_ms: the words ask for more
          hypothesis_ms ───┘      └ stop_ms: the default
                        complete_ms lies before it: the words answer the question

The silence is counted from the acoustic end, so the detector's own delay is already inside it.
"""

from __future__ import annotations

from collections.abc import Callable

from controller.session.profile import EndpointSettings
from controller.session.words import goes_on, words


class Endpointing:
    """One caller turn. Times are ms of audio."""

    def __init__(
        self, settings: EndpointSettings, language: str, completes: Callable[[str], bool] | None = None
    ) -> None:
        self._settings = settings
        self._language = language
        self._completes = completes
        self._text: str | None = None
        self._asked = False

    def heard(self, text: str) -> None:
        """The newest transcript of the turn so far."""
        self._text = text

    def wants_hypothesis(self, silence_ms: int) -> bool:
        """True once in each pause that lasts long enough to be worth a speculative decode."""
        if silence_ms < self._settings.hypothesis_ms:
            self._asked = False
            return False
        if self._asked:
            return False
        self._asked = True
        return True

    def is_over(self, silence_ms: int, hypothesis: str | None) -> bool:
        """Whether the turn is over after this much silence.

        `hypothesis` is the transcript decoded in *this* pause, None while it is not known.
        """
        return silence_ms >= self._stop_ms(hypothesis)

    def _stop_ms(self, hypothesis: str | None) -> int:
        settings = self._settings
        text = hypothesis if hypothesis is not None else self._text
        if not text or not words(text):
            return settings.stop_ms
        if goes_on(text, self._language):
            return settings.incomplete_ms
        if hypothesis is not None and self._completes is not None and self._completes(hypothesis):
            return settings.complete_ms
        return settings.stop_ms
