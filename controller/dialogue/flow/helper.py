"""What a language model may do for a flow, and what is believed of it.

The flow asks only where nothing else helps, never lets the helper choose the way, and looks at every
answer again: words go through the slot's own parse, a polished sentence must keep every fact. A helper
limits its own time; one that raises is as one that has nothing to say.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import structlog

from controller.dialogue.flow.plain import MAX_VALUE_CHARS, plain_text

_log = structlog.get_logger(__name__)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_MARKUP = re.compile(r"[{}<>*_#`\[\]|\\]|https?:")
MAX_GROWTH = 2.0
"""A polished text may be this many times as long as the flow's own."""
Found = TypeVar("Found")


class FlowHelper(Protocol):
    """See the module."""

    def polish(self, text: str, facts: Sequence[str], language: str) -> str:
        """The text in warmer words, each of the facts unchanged; the text itself when that fails."""
        ...

    def understand(self, question: str, heard: str, slots: Mapping[str, str]) -> Mapping[str, str]:
        """`slots`: name → what is wanted. Name → plain words for the slot's parse; {} for nothing."""
        ...

    def explain(self, question: str, heard: str, topics: Mapping[str, str]) -> str | None:
        """`topics`: what callers ask → the flow's own answer. Words to say, or None."""
        ...


class NoHelper:
    """Helps with nothing: the flow alone."""

    def polish(self, text: str, facts: Sequence[str], language: str) -> str:  # noqa: ARG002
        """The text."""
        return text

    def understand(self, question: str, heard: str, slots: Mapping[str, str]) -> Mapping[str, str]:  # noqa: ARG002
        """Nothing."""
        return {}

    def explain(self, question: str, heard: str, topics: Mapping[str, str]) -> str | None:  # noqa: ARG002
        """Nothing."""
        return None


def polished(helper: FlowHelper, text: str, facts: Sequence[str], language: str) -> str:
    """What to say for a text: the helper's words if they keep all facts and numbers, or the text."""
    words = _asked(lambda: helper.polish(text, facts, language), text)
    if not isinstance(words, str):
        return text
    said = " ".join(words.split())
    kept = all(fact.casefold() in said.casefold() for fact in facts)
    numbers = Counter(_NUMBER.findall(said)) == Counter(_NUMBER.findall(text))
    fits = 0 < len(said) <= MAX_GROWTH * len(text) + 20 and not _MARKUP.search(said)
    return said if kept and numbers and fits else text


def understood(
    helper: FlowHelper, question: str, heard: str, slots: Mapping[str, str]
) -> dict[str, str]:
    """By slot, among those asked for: words to be parsed."""
    nothing: Mapping[str, str] = {}
    found = _asked(lambda: helper.understand(question, heard, slots), nothing)
    if not isinstance(found, Mapping):
        return {}
    words = {name: found.get(name) for name in slots}
    return {name: plain_text(text) for name, text in words.items() if isinstance(text, str) and text}


def explained(helper: FlowHelper, question: str, heard: str, topics: Mapping[str, str]) -> str | None:
    """Words to say in answer to a question that the flow has none for."""
    words = _asked(lambda: helper.explain(question, heard, topics), None)
    if not isinstance(words, str) or len(words) > 2 * MAX_VALUE_CHARS or _MARKUP.search(words):
        return None
    return " ".join(words.split()) or None


def _asked(ask: Callable[[], Found], otherwise: Found) -> Found:
    try:
        return ask()
    except Exception as error:  # noqa: BLE001 - the flow goes on without help; it is logged
        _log.warning("flow_helper_failed", detail=f"{type(error).__name__}: {error}")
        return otherwise
