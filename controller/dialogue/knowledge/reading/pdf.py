"""PDF: a section a page."""

from __future__ import annotations

import io
import re

from pypdf import PdfReader
from pypdf.errors import LimitReachedError, PyPdfError

from controller.dialogue.knowledge.errors import TooBig, Unreadable
from controller.dialogue.knowledge.model import Section
from controller.dialogue.knowledge.reading.limits import Limits

_HYPHEN = re.compile(r"(?<=[a-z])-\n(?=[a-z])")
_WRAP = re.compile(r"(?<![\n.!?。！？:：])\n(?!\n)")
_CJK_GAP = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])")


def read_pdf(data: bytes, limits: Limits) -> list[Section]:
    """Raises Unreadable for a broken or locked file, TooBig for too many pages or too much text."""
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("the PDF is locked by a password; save it without one")
        if len(reader.pages) > limits.pages:
            raise TooBig(f"the PDF has {len(reader.pages)} pages; at most {limits.pages} are read")
        sections = []
        chars = 0
        for number, page in enumerate(reader.pages, 1):
            text = _flowing(page.extract_text())
            chars += len(text)
            if chars > limits.text_chars:
                raise TooBig(f"the PDF holds more than {limits.text_chars:,} characters; split it")
            if text.strip():
                sections.append(Section(f"Page {number}", text))
    except LimitReachedError as error:
        raise TooBig(f"the PDF unfolds to more than is read: {error}") from error
    except PyPdfError as error:
        raise Unreadable(f"the PDF is damaged: {error}") from error
    if not sections:
        raise Unreadable("the PDF holds no text (is it a scan?); run it through text recognition first")
    return sections


def _flowing(text: str) -> str:
    """Lines of a page to paragraphs: a line that ends no sentence goes on in the next."""
    return _CJK_GAP.sub("", _WRAP.sub(" ", _HYPHEN.sub("", text)))
