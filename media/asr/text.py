"""Text of consecutive audio put together. Knows nothing of engines."""

from __future__ import annotations

from collections.abc import Iterable


def join_texts(texts: Iterable[str], language: str) -> str:
    """Non-empty texts as one; Chinese has no spaces between them."""
    return ("" if language == "zh" else " ").join(text for text in texts if text)
