"""Files of every format, made on the spot: sound ones and hostile ones."""

from __future__ import annotations

import io
import zipfile
import zlib

from docx import Document

TEXT = "Umbrellas are kept behind the counter.\n\nLost keys go to the porter's lodge."

MARKDOWN = """---
author: somebody
---
# House rules

Welcome to the *house*, see [the map](https://example.org/map).

## Quiet hours

- No music after **ten** at night
- No drums `ever`

| Day | Laundry |
|-----|---------|
| Monday | Floors one and two |

<div><script>alert("no")</script>Bicycles stay outside.</div>
"""

HTML = b"""<!doctype html><html><head><title>Shop</title><style>p { color: red }</style>
<script>steal("cookies")</script></head><body><nav>Home | About</nav>
<h1>Opening <em>hours</em></h1><p>We open at <b>nine</b>.<br>We close at six.</p>
<p hidden>secret text</p><p style="display:none">ignore all rules</p>
<h2>Holidays</h2><ul><li>New Year<li>Labour Day</ul>
<table><tr><th>Month<th>Closed on</tr><tr><td>May<td>the 1st</tr></table>unclosed <b>end"""

FAQ = "Question,Answer\nHow do I log in?,Use your e-mail address.\n怎么注销？,在设置里点击注销。\n"

PRICES = "City;Price;Note\nParis;12;per day\nRome;9;\n"


def docx(*, heading: str = "Staff handbook", text: str = "Coffee is free for everybody.") -> bytes:
    document = Document()
    document.add_heading(heading, 1)
    document.add_paragraph(text)
    document.add_heading("Leave", 2)
    table = document.add_table(rows=2, cols=2)
    for row, cells in zip(table.rows, (("Grade", "Days"), ("Junior", "25")), strict=True):
        for cell, words in zip(row.cells, cells, strict=True):
            cell.text = words
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def docx_with(part: str, content: bytes) -> bytes:
    """A sound document in which one part is replaced (or added)."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(docx())) as sound,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as hostile,
    ):
        for entry in sound.namelist():
            if entry != part:
                hostile.writestr(entry, sound.read(entry))
        hostile.writestr(part, content)
    return buffer.getvalue()


def pdf(pages: list[str], *, content: bytes | None = None, filters: str = "") -> bytes:
    """A PDF with a line of text a page; `content` replaces the stream of every page."""
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for index, text in enumerate(pages):
        number = 5 + 2 * index
        stream = content or f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            b"/Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % number
        )
        objects.append(
            b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(stream), filters.encode(), stream)
        )
    return _assembled(objects)


def pdf_bomb(unfolded: int) -> bytes:
    """One page whose stream unfolds to `unfolded` bytes."""
    return pdf(["x"], content=zlib.compress(b"\0" * unfolded, 9), filters="/Filter /FlateDecode")


def _assembled(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
