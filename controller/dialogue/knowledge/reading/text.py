"""Plain text and Markdown. `decode` is shared with the other formats that are text."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from controller.dialogue.knowledge.errors import Unreadable
from controller.dialogue.knowledge.model import Section
from controller.dialogue.knowledge.reading.html import read_html
from controller.dialogue.knowledge.reading.limits import Limits
from controller.dialogue.knowledge.reading.outline import Outline

_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def decode(data: bytes) -> str:
    """Text of UTF-8, of UTF-16 with a mark, or of GB 18030, with plain line ends.

    Raises Unreadable for anything else.
    """
    encodings = [encoding for mark, encoding in _BOMS.items() if data.startswith(mark)]
    for encoding in encodings or ("utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _CONTROLS.search(text):
            return text.replace("\r\n", "\n").replace("\r", "\n")
        break
    raise Unreadable("this is not text in UTF-8, UTF-16 or GB 18030; save it as UTF-8")


def read_text(data: bytes, _limits: Limits) -> list[Section]:
    """One section; paragraphs are parted by blank lines."""
    return [Section("", decode(data))]


def read_markdown(data: bytes, limits: Limits) -> list[Section]:
    """Sections by headings; a row of a table is a paragraph; markup is dropped."""
    text = _FRONT_MATTER.sub("", decode(data))
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    outline = Outline()
    level = 0
    row: list[str] | None = None
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1:])
        elif token.type == "heading_close":
            level = 0
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close":
            outline.paragraph(" | ".join(cell for cell in row or () if cell))
            row = None
        elif token.type in ("fence", "code_block"):
            outline.paragraph(token.content)
        elif token.type == "html_block":
            for section in read_html(token.content.encode(), limits):
                outline.paragraph(section.text)
        elif token.type == "inline" and row is not None:
            row.append(_plain(token))
        elif token.type == "inline" and level:
            outline.heading(level, _plain(token))
        elif token.type == "inline":
            outline.paragraph(_plain(token))
    return outline.sections()


def _plain(inline: Token) -> str:
    """The words of a line: no emphasis, no addresses of links, no tags."""
    words = []
    for child in inline.children or ():
        if child.type in ("text", "code_inline"):
            words.append(child.content)
        elif child.type == "image":
            words.append(_plain(child))
        elif child.type in ("softbreak", "hardbreak"):
            words.append("\n" if child.type == "hardbreak" else " ")
    return "".join(words)
