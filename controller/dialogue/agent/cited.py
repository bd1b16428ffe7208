"""Which passages an answer used: marks such as [2] that the model wrote, taken out of what is spoken.

A model is asked to put the mark before a sentence; many put it behind, which is as good: it may come
until the sentence is over. Where a model gives no marks at all, a passage counts as used that holds
most of a sentence's words. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from controller.dialogue.agent.memory import Passage

Terms = Callable[[str], Sequence[str]]
"""A text's words as a search compares them."""

SHARE = 0.6
"""Of a sentence's words that a passage must hold. In the tests, sentences that were made from a passage
hold 0.8 and more, remarks beside the matter 0.25 and less."""
MIN_TERMS = 3
"""A sentence of fewer words ("Yes, on Monday.") says nothing about where it is from."""

_NUMBERS = r"\d{1,2}(?:\s*[,，、]\s*\d{1,2})*"
_MARK = re.compile(rf"[\[【［]\s*({_NUMBERS})\s*[\]】］]")
_GAP = re.compile(r"\s+(?=[\s,.;:!?，。；：！？])")
_BEGUN = re.compile(r"\s*[\[【［][\d\s,，、]{0,20}$|[。！？…]+$")
"""What may become a mark, or be followed by one. (A full stop is waited behind anyway.)"""
_SENTENCE = re.compile(r"[^.!?。！？…\n]+(?:[.!?](?=\s)|[。！？…\n])")


class Cited:
    """One answer. `where` of the passages used so far is in `citations`, in the order of use."""

    def __init__(self, passages: Sequence[Passage], terms: Terms) -> None:
        self._passages = passages
        self._terms = terms
        self._held = ""
        self._unjudged = ""
        self._marked = False
        self._known: list[frozenset[str]] = []
        self._used: dict[str, None] = {}

    @property
    def citations(self) -> tuple[str, ...]:
        """Passages used so far. Belongs to the words that are given next, and before them."""
        return tuple(self._used)

    def feed(self, text: str) -> str:
        """What of it may be spoken now; holds back what may be a mark, or come before one."""
        if not self._passages:
            return text
        plain = self._without_marks(self._held + text)
        begun = _BEGUN.search(plain)
        keep = begun.start() if begun else len(plain)
        ready, self._held = plain[:keep], plain[keep:]
        self._judge(ready)
        return ready

    def flush(self) -> str:
        """The rest, at the end; `citations` are complete now."""
        rest, self._held = self._held, ""
        if self._passages:
            self._judge(f"{rest}\n")
        return rest

    def _without_marks(self, text: str) -> str:
        def cite(mark: re.Match[str]) -> str:
            self._marked = True
            for number in re.findall(r"\d+", mark[1]):
                if 1 <= int(number) <= len(self._passages):
                    self._used[self._passages[int(number) - 1].where] = None
            return ""

        plain = _MARK.sub(cite, text)
        if plain == text:
            return text
        plain = _GAP.sub("", plain)
        return plain if self._unjudged.strip() else plain.lstrip()

    def _judge(self, text: str) -> None:
        """Compare each sentence that is over with the passages, unless there are marks."""
        self._unjudged += text
        end = 0
        for sentence in _SENTENCE.finditer(self._unjudged):
            end = sentence.end()
            if not self._marked:
                self._compare(frozenset(self._terms(sentence[0])))
        self._unjudged = self._unjudged[end:]

    def _compare(self, said: frozenset[str]) -> None:
        if len(said) < MIN_TERMS:
            return
        if not self._known:
            self._known = [frozenset(self._terms(f"{p.where} {p.text}")) for p in self._passages]
        shares = [len(said & known) / len(said) for known in self._known]
        best = max(shares)
        for passage, share in zip(self._passages, shares, strict=True):
            if share == best >= SHARE:
                self._used[passage.where] = None
