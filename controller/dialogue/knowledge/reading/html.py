"""HTML: what a visitor reads, never what is hidden, run or styled."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser, LexborNode

from controller.dialogue.knowledge.errors import Unreadable
from controller.dialogue.knowledge.model import Section
from controller.dialogue.knowledge.reading.limits import Limits
from controller.dialogue.knowledge.reading.outline import Outline

_UNREAD = (
    "script, style, noscript, template, iframe, object, embed, svg, canvas, nav, button, select, "
    "textarea, [hidden], [aria-hidden=true], [style*='display:none'], [style*='display: none']"
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    "p div section article main header footer aside ul ol li dl dt dd table tr blockquote pre figure "
    "figcaption address details summary form body".split()
)


def read_html(data: bytes, _limits: Limits) -> list[Section]:
    """Sections by headings; a block is a paragraph, and so is a row of a table. UTF-8, or what the page
    says it is. Broken markup is read as a browser would."""
    page = LexborHTMLParser(data)
    for unread in page.css(_UNREAD):
        unread.decompose()
    if page.body is None:
        raise Unreadable("the page has no body")
    outline = Outline()
    title = page.css_first("head > title")
    if title is not None and page.css_first("h1") is None:
        outline.heading(1, title.text())
    walk = _Walk(outline)
    for node in page.body.traverse(include_text=True):
        walk.visit(node)
    walk.flush()
    return outline.sections()


class _Walk:
    """Text nodes of one block become one paragraph or one heading."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._block: LexborNode | None = None
        self._words: list[str] = []

    def visit(self, node: LexborNode) -> None:
        if node.tag == "br":
            self._words.append("\n")
        elif node.tag in ("td", "th") and self._words:
            self._words.append(" | ")
        elif node.tag == "-text":
            block = _block_of(node)
            if self._block is None or block.mem_id != self._block.mem_id:
                self.flush()
                self._block = block
            preformatted = block.tag == "pre"
            text = node.text_content or ""
            self._words.append(text if preformatted else _squeezed(text))

    def flush(self) -> None:
        text = "".join(self._words).strip(" |\n")
        self._words = []
        if self._block is not None and self._block.tag in _HEADINGS:
            self._outline.heading(_HEADINGS[self._block.tag], text)
        else:
            self._outline.paragraph(text)


def _block_of(node: LexborNode) -> LexborNode:
    while node.parent is not None and node.tag not in _BLOCKS and node.tag not in _HEADINGS:
        node = node.parent
    return node


def _squeezed(text: str) -> str:
    """Blanks as one space, as a browser shows them; those at the ends part words of neighbours."""
    inner = " ".join(text.split())
    if not inner:
        return " " if text else ""
    return f"{' ' if text[0].isspace() else ''}{inner}{' ' if text[-1].isspace() else ''}"
