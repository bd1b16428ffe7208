"""What of a model's text is spoken: not its thinking aloud, and not without end. Pure.

Local models that reason write `<think>…</think>` into their text; nothing of it is for the caller.
"""

from __future__ import annotations

import re

_OPEN, _CLOSE = "<think>", "</think>"
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[。！？…\n]")


class SpokenFilter:
    """One answer's filter. `max_chars` of spoken text; then it ends with the sentence, or soon."""

    def __init__(self, max_chars: int) -> None:
        self._left = max_chars
        self._grace = max_chars // 4
        self._held = ""
        self._thinking = False
        self.full = False

    def feed(self, piece: str) -> str:
        """What may be spoken now; may hold back a few characters that could begin a mark."""
        if self.full:
            return ""
        self._held += piece
        spoken = ""
        while True:
            mark = _CLOSE if self._thinking else _OPEN
            before, found, after = self._held.partition(mark)
            if not found:
                break
            spoken += "" if self._thinking else before
            self._held, self._thinking = after, not self._thinking
        keep = _possible_mark(self._held, mark)
        ready, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return self._bounded(spoken + ("" if self._thinking else ready))

    def flush(self) -> str:
        """The rest, at the end."""
        rest, self._held = self._held, ""
        return "" if self._thinking or self.full else self._bounded(rest)

    def _bounded(self, text: str) -> str:
        if len(text) <= self._left:
            self._left -= len(text)
            return text
        end = _SENTENCE_END.search(text, max(0, self._left))
        if end is not None and end.end() <= self._left + self._grace:
            self.full = True
            return text[: end.end()]
        if len(text) > self._left + self._grace:
            self.full = True
            return text[: self._left + self._grace]
        self._grace -= len(text) - max(0, self._left)
        self._left = 0
        return text


def _possible_mark(text: str, mark: str) -> int:
    """How many characters at the end may be the beginning of `mark`."""
    return next((n for n in range(len(mark) - 1, 0, -1) if text.endswith(mark[:n])), 0)
