"""Word documents (DOCX): sections by heading styles, tables by rows."""

from __future__ import annotations

import io
import re
import zipfile

from docx import Document
from docx.opc.exceptions import OpcError
from docx.table import Table

from controller.dialogue.knowledge.errors import TooBig, Unreadable
from controller.dialogue.knowledge.model import Section
from controller.dialogue.knowledge.reading.limits import Limits
from controller.dialogue.knowledge.reading.outline import Outline

MAX_ENTRIES = 10_000

_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)


def read_docx(data: bytes, limits: Limits) -> list[Section]:
    """Raises TooBig for a zip bomb (nothing is unpacked before the sizes are known; the zip reader never
    gives more than an entry declares), Unreadable for a broken or locked file."""
    outline = Outline()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
        unpacked = sum(entry.file_size for entry in entries)
        if unpacked > limits.unpacked_bytes or len(entries) > MAX_ENTRIES:
            raise TooBig(
                f"the document unpacks to {unpacked:,} bytes in {len(entries):,} parts; at most "
                f"{limits.unpacked_bytes:,} in {MAX_ENTRIES:,} are read"
            )
        for block in Document(io.BytesIO(data)).iter_inner_content():
            if isinstance(block, Table):
                _table(block, outline)
            elif level := _level(block.style.name if block.style else None):
                outline.heading(level, block.text)
            else:
                outline.paragraph(block.text)
    except (zipfile.BadZipFile, OpcError) as error:
        raise Unreadable(f"the document is damaged, locked or no DOCX: {error}") from error
    return outline.sections()


def _level(style: str | None) -> int:
    """1-9 for a heading, 0 for text."""
    if style == "Title":
        return 1
    found = _HEADING.fullmatch(style or "")
    return int(found[1]) + 1 if found else 0


def _table(table: Table, outline: Outline) -> None:
    for row in table.rows:
        cells = dict.fromkeys(cell.text.strip() for cell in row.cells)  # merged cells come repeatedly
        outline.paragraph(" | ".join(text for text in cells if text))
