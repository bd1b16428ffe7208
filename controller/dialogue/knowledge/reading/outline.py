"""Headings and paragraphs, in reading order, to sections titled by the way to them."""

from __future__ import annotations

from controller.dialogue.knowledge.model import Section

ARROW = " › "


class Outline:
    """Fed by a reader of some format; `sections()` ends it."""

    def __init__(self) -> None:
        self._sections: list[Section] = []
        self._path: list[tuple[int, str]] = []
        self._paragraphs: list[str] = []

    def heading(self, level: int, text: str) -> None:
        """A heading; level 1 is the top. One without text parts nothing."""
        text = " ".join(text.split())
        if not text:
            return
        self._close()
        self._path = [(depth, title) for depth, title in self._path if depth < level]
        self._path.append((level, text))

    def paragraph(self, text: str) -> None:
        """A paragraph, a list item, a row of a table."""
        if text.strip():
            self._paragraphs.append(text.strip())

    def sections(self) -> list[Section]:
        """All sections that hold text."""
        self._close()
        return self._sections

    def _close(self) -> None:
        if self._paragraphs:
            title = ARROW.join(title for _, title in self._path)
            self._sections.append(Section(title, "\n\n".join(self._paragraphs)))
            self._paragraphs = []
