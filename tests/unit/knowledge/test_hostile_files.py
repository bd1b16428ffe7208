"""Files that were made to do harm, or are just broken: a clear error, and nothing has changed."""

import io
import zipfile

import pytest

from controller.dialogue.knowledge.base import KnowledgeBase
from controller.dialogue.knowledge.errors import (
    BadName,
    Empty,
    KnowledgeError,
    StoreBroken,
    TooBig,
    UnknownFormat,
    Unreadable,
)
from controller.dialogue.knowledge.reading.limits import Limits
from tests.unit.knowledge import files

LIMITS = Limits(
    file_bytes=1_000_000,
    unpacked_bytes=5_000_000,
    text_chars=100_000,
    cell_chars=5_000,
    pages=20,
    cpu_s=2,
    memory_bytes=500_000_000,
)

ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:body><w:p><w:r><w:t>&c;</w:t></w:r></w:p></w:body></w:document>"""


def locked_pdf() -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(files.pdf(["Secret"]))))
    writer.encrypt("sesame", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def many_parts() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(10_001):
            archive.writestr(f"{number}", b"")
    return buffer.getvalue()


HOSTILE = {
    "no such format": ("tool.exe", b"MZ", UnknownFormat, ".exe"),
    "no ending": ("README", b"text", UnknownFormat, "nothing"),
    "path as a name": ("../up.md", b"text", BadName, "file's name"),
    "line break in a name": ("a\nb.md", b"text", BadName, "file's name"),
    "no name": ("", b"text", BadName, "file's name"),
    "big file": ("big.txt", b"x" * 1_000_001, TooBig, "1,000,000"),
    "too much text": ("long.txt", b"word " * 30_000, TooBig, "100,000"),
    "empty file": ("empty.txt", b"", Empty, "no text"),
    "blank page": ("blank.html", b"<p> </p><script>x()</script>", Empty, "no text"),
    "binary as text": ("photo.txt", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", Unreadable, "UTF-8"),
    "no encoding": ("odd.md", b"caf\xff\xfe\xff", Unreadable, "UTF-8"),
    "text as pdf": ("fake.pdf", b"hello", Unreadable, "damaged"),
    "half a pdf": ("half.pdf", files.pdf(["One"] * 3)[:150], Unreadable, "PDF"),
    "scan": ("scan.pdf", files.pdf([""]), Unreadable, "no text"),
    "locked pdf": ("locked.pdf", locked_pdf(), Unreadable, "password"),
    "pdf bomb": ("bomb.pdf", files.pdf_bomb(300_000_000), KnowledgeError, "bomb.pdf"),
    "many pages": ("pages.pdf", files.pdf(["x"] * 21), TooBig, "21 pages"),
    "text as docx": ("fake.docx", b"hello", Unreadable, "DOCX"),
    "zip bomb": ("bomb.docx", files.docx_with("word/media/a.bin", bytes(6_000_000)), TooBig, "unpacks"),
    "zip of many parts": ("parts.docx", many_parts(), TooBig, "parts"),
    "no document in it": (
        "none.docx",
        files.docx_with("word/document.xml", b"<x/>"),
        Unreadable,
        "damaged",
    ),
    "broken xml": ("xml.docx", files.docx_with("word/document.xml", b"<w:body"), Unreadable, "damaged"),
    "entities": (
        "billion.docx",
        files.docx_with("word/document.xml", ENTITIES),
        KnowledgeError,
        "billion",
    ),
    "deep quotes": ("deep.md", b"> " * 20_000 + b"bottom", Empty, "no text"),
    "wide table": ("wide.csv", b"a," * 50_000 + b"\n" + b"1," * 50_000, TooBig, "100,000"),
    "huge cell": ("cell.csv", b"q,a\n1," + b"x" * 5_001, TooBig, "5,000"),
    "endless quote": ("quote.csv", b'q,a\n1,"never ends\n', Unreadable, "damaged"),
    "one row": ("row.csv", b"q,a\n", Unreadable, "row"),
}


@pytest.mark.parametrize(("name", "data", "error", "says"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_and_changes_nothing(tmp_path, name, data, error, says):
    base = KnowledgeBase(tmp_path, limits=LIMITS)
    base.add(b"Umbrellas are behind the counter.", "kept.md")
    before = base.list()
    with pytest.raises(error, match=says):
        base.add(data, name)
    assert base.list() == before
    assert [hit.source for hit in base.search("umbrellas")] == ["kept.md"]


def test_a_failed_replacement_keeps_what_was_there(tmp_path):
    base = KnowledgeBase(tmp_path, limits=LIMITS)
    base.add(files.pdf(["Trams run all night."]), "trams.pdf")
    with pytest.raises(Unreadable):
        base.add(b"broken", "trams.pdf")
    assert [hit.text for hit in base.search("trams at night")] == ["Trams run all night."]


def test_an_embedder_that_fails_changes_nothing(tmp_path):
    class Failing:
        name, dimensions = "failing", 2

        def embed(self, texts):
            raise OSError("the service is down")

    with pytest.raises(OSError, match="down"):
        KnowledgeBase(tmp_path, Failing()).add(b"Some text.", "a.txt")
    assert KnowledgeBase(tmp_path).list() == []


def test_a_reader_that_takes_too_long_is_ended(tmp_path):
    base = KnowledgeBase(tmp_path, limits=LIMITS)
    with pytest.raises(TooBig, match="2 s"):
        base.add(b"<div><b>" * 50_000 + b"bottom", "deep.html")
    assert base.list() == []


def test_a_missing_file_and_a_directory(tmp_path):
    base = KnowledgeBase(tmp_path / "kb")
    (tmp_path / "folder.md").mkdir()
    for path in (tmp_path / "none.md", tmp_path / "folder.md"):
        with pytest.raises(Unreadable, match=path.name):
            base.add(path)


def test_a_damaged_store_is_told(tmp_path):
    (tmp_path / "knowledge.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreBroken, match="add the files again"):
        KnowledgeBase(tmp_path)


@pytest.mark.parametrize(
    "query", ["", "   ", '" OR "', "NEAR(a b)", "'; DROP TABLE source;--", "的", "\x00", "?" * 5000]
)
def test_hostile_questions_find_nothing(tmp_path, query):
    base = KnowledgeBase(tmp_path)
    base.add(b"Umbrellas are behind the counter.", "a.md")
    assert base.search(query) == []
    assert len(base.list()) == 1
